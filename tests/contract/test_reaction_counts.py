"""The contract of the `MessageStore` port: how many have put what on messages of wide groups, over every adapter."""

import msgspec
import pytest
from tests.contract.harness import ANN, BEN, CYD, Stores, commit

from chinwag.domain.conversation import Position
from chinwag.domain.ids import AccountId, group_id
from chinwag.domain.reaction_counts import ReactionCounts
from chinwag.domain.reactions import Reacted, Step
from chinwag.domain.refusal import Refused
from chinwag.ports.message_store import Commit

GROUP, OTHER = group_id("9"), group_id("91")
LIKED = Reacted((Step(2, "👍", True, 1),))


def counts(sequence: int, *given: tuple[str, int]) -> ReactionCounts:
    return ReactionCounts(Position(1, sequence, 0), given)


def reacted(number: int, conversation: str = GROUP, **fields: object) -> Commit:
    plain = commit(number, number, group_id("9") if conversation == GROUP else OTHER, (ANN, BEN))
    state = msgspec.structs.replace(plain.state, wide=True, count=2, large=True, reacted=number)
    return msgspec.structs.replace(plain, state=state, **fields)


async def test_counts_are_read_as_they_were_written_last(stores: Stores) -> None:
    first, then = counts(3, ("👍", 1)), counts(7, ("👍", 100_000), ("❤", 1))
    store = stores.store
    await store.commit([reacted(3, counts=[(2, first), (255, first), (500, first), (70_000, first)])])
    await store.commit([reacted(1, OTHER, counts=[(2, counts(1))])])
    await store.commit([reacted(4, counts=[(2, then)])])
    names = [(GROUP, 2), (GROUP, 3), (OTHER, 2), (GROUP, 70_000), (GROUP, 255), (group_id("9~"), 2), (GROUP, 2)]
    assert await store.reaction_counts(names) == [then, None, counts(1), first, first, None, then]
    assert await store.reaction_counts([]) == []
    await stores.stop()
    await stores.start()
    assert await stores.store.reaction_counts([(GROUP, 2), (GROUP, 500)]) == [then, first]
    (state,) = await stores.store.states([GROUP])
    assert state is not None
    assert state.reacted == 4
    assert await stores.store.reacted([(GROUP, 2, ANN)]) == [None]


async def test_counts_go_with_their_message(stores: Stores) -> None:
    one = counts(3, ("👍", 1))
    many = [(number, account, LIKED) for number in (1, 2) for account in (ANN, BEN, CYD)]
    await stores.store.commit([reacted(3, counts=[(1, one), (2, one)], reactions=many)])
    # What is written in the very commit that clears its message goes as well.
    await stores.store.commit([reacted(4, counts=[(2, counts(4, ("👍", 2))), (3, one)], cleared=[2, 3])])
    names = [(GROUP, number) for number in (1, 2, 3)]
    assert await stores.store.reaction_counts(names) == [one, None, None]
    assert [number for number, _, _ in await stores.store.reactions(GROUP, 1, 3, 99)] == [1, 1, 1]


async def test_all_that_is_on_one_message_is_read_in_pieces(stores: Stores) -> None:
    accounts = [AccountId(str(one)) for one in (7, 8, 9, 10, 11, 99, 100, 1_000_000)]
    others = [(number, ANN, LIKED) for number in (1, 3, 256, 257)]
    rows = [(2, account, Reacted((Step(3, "👍", True, turn),))) for turn, account in enumerate(accounts, 1)]
    await stores.store.commit([reacted(300, reactions=[*others, *rows])])
    await stores.store.commit([reacted(1, OTHER, reactions=[(2, BEN, LIKED)])])
    for limit in (1, 3, 8, 100):
        found: list[tuple[AccountId, Reacted]] = []
        while page := await stores.store.reactors(GROUP, 2, found[-1][0] if found else None, limit):
            assert len(page) <= limit
            found += page
        assert sorted(found) == sorted((account, row) for _, account, row in rows)
        assert len(found) == len(rows)
    assert await stores.store.reactors(GROUP, 4, None, 9) == []
    assert await stores.store.reactors(group_id("unheard"), 2, None, 9) == []


async def test_a_step_without_a_number_comes_back_as_it_was(stores: Stores) -> None:
    row = Reacted((Step(2, "👍", True), Step(5, "👍", False, 1), Step(5, "👍", True, 9)))
    await stores.store.commit([reacted(5, reactions=[(2, ANN, row)])])
    assert await stores.store.reacted([(GROUP, 2, ANN)]) == [row]
    assert await stores.store.reactions(GROUP, 2, 2, 9) == [(2, ANN, row)]


async def test_a_failed_commit_leaves_counts_that_can_be_counted_again(stores: Stores) -> None:
    name, before, after = (GROUP, 2), counts(3, ("👍", 1)), counts(4, ("👍", 2))
    await stores.store.commit([reacted(3, counts=[(2, before)])])
    batch = reacted(4, counts=[(2, after)], reactions=[(2, AccountId("a"), LIKED)])
    stores.fault.fail = "before"
    with pytest.raises(Refused):
        await stores.store.commit([batch])
    stores.fault.fail = ""
    await stores.store.reopen()
    (state,) = await stores.store.states([GROUP])
    assert state is not None
    assert state.reacted == 3, "and what is counted of more covers more of the log"
    (found,) = await stores.store.reaction_counts([name])
    assert found in (before, after)
    await stores.store.commit([batch])
    assert await stores.store.reaction_counts([name]) == [after]
