"""Each part has one owner, everybody finds the same one, and few parts move when nodes come and go."""

from hypothesis import given
from hypothesis import strategies as st

from chinwag.domain.ownership import owned, owner

NODES = st.sets(st.text("abcdef0123456789-", min_size=1, max_size=8), min_size=1, max_size=8)
PARTS = 64


@given(NODES, st.randoms())
def test_every_part_has_one_owner_whoever_asks(nodes: set[str], random: object) -> None:
    shuffled = sorted(nodes, key=lambda _: random.random())  # type: ignore[attr-defined]  # hypothesis's own
    shares = [owned("partition", PARTS, node, shuffled) for node in nodes]
    assert sorted(part for share in shares for part in share) == list(range(PARTS))
    assert all(owner("partition", part, nodes) == owner("partition", part, shuffled) for part in range(PARTS))


@given(NODES)
def test_when_a_node_goes_its_parts_alone_move(nodes: set[str]) -> None:
    gone = min(nodes)
    left = nodes - {gone}
    for part in range(PARTS):
        before = owner("partition", part, nodes)
        assert owner("partition", part, left) == (before if before != gone else owner("partition", part, left))
        if before == gone:
            assert owner("partition", part, left) in left or not left


def test_the_shares_are_alike_and_kinds_do_not_follow_one_another() -> None:
    nodes = [f"delivery-{number}" for number in range(4)]
    shares = [len(owned("partition", 1024, node, nodes)) for node in nodes]
    assert all(200 < share < 312 for share in shares)
    assert owned("partition", 64, nodes[0], nodes) != owned("inbox", 64, nodes[0], nodes)


def test_without_nodes_nobody_owns_anything() -> None:
    assert owner("partition", 0, []) is None
    assert owned("partition", 4, "n", []) == frozenset()
