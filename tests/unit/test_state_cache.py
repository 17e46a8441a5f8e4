"""The cache of states is bounded by bytes, and drops what was put longest ago, only when told."""

import sys

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chinwag.domain.conversation import BARRED_MAX, Conversation, GroupSettings, Member, Role
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.flow.state_cache import MEMBER_BYTES, STATE_BYTES, Room, StateCache, weight


def state(name: str, members: int) -> Conversation:
    return Conversation(
        ConversationId(name), False, {AccountId(str(one)): Member(Role.MEMBER) for one in range(members)}
    )


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 30)), max_size=60), st.integers(0, 16_000))
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
        while sum(MEMBER_BYTES * sizes[one] + STATE_BYTES for one in order) > most:
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


def test_caches_of_one_room_share_its_bound_and_the_heaviest_gives_way() -> None:
    each = STATE_BYTES + MEMBER_BYTES
    room = Room(4 * each)
    one, other, relied_upon = (StateCache(room) for _ in range(3))
    for name in "abcd":
        one.put(state(name, 1))
    relied_upon.working = True
    relied_upon.put(state("e", 1))
    other.put(state("f", 1))
    other.trim()
    assert (len(one), len(other), len(relied_upon)) == (2, 1, 1)
    assert [name for name in "abcd" if ConversationId(name) in one] == ["c", "d"], "what was put longest ago goes"
    for name in "ghijk":
        relied_upon.put(state(name, 1))
    other.trim()
    assert (len(one), len(other), len(relied_upon)) == (0, 0, 6), "nothing is taken from under a worker's hands"
    relied_upon.trim()
    assert (len(relied_upon), room.weight) == (4, 4 * each)
    relied_upon.clear()
    assert room.weight == 0
    other.put(state("l", 1))
    other.put(state("l", 2))
    assert room.weight == STATE_BYTES + 2 * MEMBER_BYTES


def measured(value: object) -> int:
    """Bytes of a value and of all that only it holds, as the interpreter says."""
    if isinstance(value, Role) or value in (0, 1):
        return 0  # there is one of each
    size = sys.getsizeof(value)
    if isinstance(value, msgspec.Struct):
        return size + sum(measured(getattr(value, name)) for name in value.__struct_fields__)
    if isinstance(value, dict):
        return size + sum(measured(key) + measured(one) for key, one in value.items())
    if isinstance(value, tuple):
        return size + sum(map(measured, value))
    return size


@pytest.mark.parametrize(
    "state",
    [
        state("a", 0),
        state("a", 500),
        Conversation(ConversationId("g~1"), False, {}, title="\U0001f600" * 200),
        Conversation(ConversationId("g~1"), False, {}, settings=GroupSettings(description="\U0001f600" * 1_000)),
        Conversation(ConversationId("g~1"), False, {}, barred=tuple(AccountId(f"{n:020}") for n in range(BARRED_MAX))),
        Conversation(ConversationId("d~1~2"), True, {}, declining=(AccountId("1"), AccountId("2"))),
    ],
    ids=["empty", "members", "title", "description", "barred", "declining"],
)
def test_whatever_makes_a_state_large_counts(state: Conversation) -> None:
    assert weight(state) >= 0.7 * measured(state)
