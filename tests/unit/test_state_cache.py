"""The cache of states is bounded by members, and drops what was put longest ago, only when told."""

from hypothesis import given
from hypothesis import strategies as st

from chinwag.domain.conversation import Conversation, Member, Role
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.flow.state_cache import OVERHEAD, StateCache


def state(name: str, members: int) -> Conversation:
    return Conversation(
        ConversationId(name), False, {AccountId(str(one)): Member(Role.MEMBER) for one in range(members)}
    )


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 30)), max_size=60), st.integers(0, 80))
def test_holds_the_last_ones_within_its_bound(puts: list[tuple[str, int]], most: int) -> None:
    cache = StateCache(most)
    order: list[str] = []
    sizes: dict[str, int] = {}
    for at, (name, members) in enumerate(puts):
        cache.put(state(name, members), at)
        order = [one for one in order if one != name] + [name]
        sizes[name] = members
        held = cache.held(ConversationId(name))
        assert held is not None
        assert held[0] == at
        cache.trim()
        while sum(sizes[one] + OVERHEAD for one in order) > most:
            order.pop(0)
        assert [one for one in "abcdef" if ConversationId(one) in cache] == sorted(order)
        assert len(cache) == len(order)


def test_nothing_goes_before_it_is_told_to() -> None:
    cache = StateCache(1)
    cache.put(state("a", 10))
    cache.put(state("b", 10))
    assert len(cache) == 2
    cache.trim()
    assert len(cache) == 0
