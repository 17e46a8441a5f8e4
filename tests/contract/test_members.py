"""The contract of the `MessageStore` port: what it keeps of the members of wide groups, over every adapter."""

import msgspec
import pytest
from tests.contract.harness import ANN, BEN, CYD, Stores, commit, entries, event

from chinwag.domain.conversation import Conversation
from chinwag.domain.ids import AccountId, ConversationId, DeviceId, group_id
from chinwag.domain.member_row import MemberRow, Stay, Wrote
from chinwag.domain.refusal import Refused
from chinwag.ports.message_store import Commit, Joining

GROUP, OTHER = group_id("9"), group_id("91")
NOWHERE = ConversationId("")


def wide(
    number: int,
    conversation: ConversationId = GROUP,
    *,
    people: list[tuple[AccountId, MemberRow]] | None = None,
    wrote: list[tuple[AccountId, Wrote]] | None = None,
    joinings: list[Joining] | None = None,
    widens: bool = False,
) -> Commit:
    plain = commit(number, number, conversation, (ANN, BEN))
    state = msgspec.structs.replace(plain.state, wide=True, count=2, large=True, reads_most=number)
    return msgspec.structs.replace(
        plain, state=state, people=people or [], wrote=wrote or [], joinings=joinings or [], widens=widens
    )


async def test_what_a_state_says_of_a_wide_group_comes_back(stores: Stores) -> None:
    batch = wide(7, people=[(ANN, MemberRow((Stay(1, 0, 1),)))])
    await stores.store.commit([batch])
    (state,) = await stores.store.states([GROUP])
    assert state == batch.state
    assert isinstance(state, Conversation)
    assert (state.wide, state.count, state.large, state.reads_most) == (True, 2, True, 7)


async def test_rows_of_members_are_read_as_they_were_written_last(stores: Stores) -> None:
    first = MemberRow((Stay(3, 2, 1),))
    await stores.store.commit([wide(3, people=[(ANN, first), (CYD, first)], wrote=[(ANN, Wrote(3, 3, 1000))])])
    gone = MemberRow((Stay(3, 2, 1, 9), Stay(12, 7, 4)))
    await stores.store.commit([wide(12, people=[(ANN, gone)], wrote=[(BEN, Wrote(4, 4, 0))])])
    await stores.store.commit([wide(1, OTHER, people=[(ANN, MemberRow((Stay(1, 0, 1),)))])])
    found = await stores.store.people([(GROUP, ANN), (GROUP, BEN), (OTHER, ANN), (GROUP, CYD), (GROUP, ANN)])
    assert found == [gone, None, MemberRow((Stay(1, 0, 1),)), first, gone]
    assert await stores.store.wrote([(GROUP, BEN), (GROUP, ANN), (OTHER, ANN)]) == [
        Wrote(4, 4, 0),
        Wrote(3, 3, 1000),
        None,
    ]
    assert await stores.store.people([]) == []
    assert await stores.store.wrote([]) == []
    await stores.stop()
    await stores.start()
    assert await stores.store.people([(GROUP, ANN)]) == [gone]


async def test_joinings_rise_by_number_and_name_and_are_read_by_pages(stores: Stores) -> None:
    names = [AccountId(one) for one in ("9", "10", "é", "100")]
    made = [(1, one, 0) for one in names] + [(255, ANN, 0), (256, BEN, 300), (70_000, CYD, 0)]
    await stores.store.commit([wide(1, joinings=list(reversed(made))), wide(1, OTHER, joinings=[(2, ANN, 0)])])
    everything: list[Joining] = [(1, AccountId(one), 0) for one in ("9", "10", "é", "100")]
    everything += [(255, ANN, 0), (256, BEN, 300), (70_000, CYD, 0)]
    assert await stores.store.joinings(GROUP, None, 100) == everything
    for limit in (1, 2, 3, 7):
        found: list[Joining] = []
        while some := await stores.store.joinings(GROUP, found[-1][:2] if found else None, limit):
            assert len(some) <= limit
            found += some
        assert found == everything
    assert await stores.store.joinings(GROUP, (255, AccountId("")), 2) == everything[4:6], "it need not be one"
    assert await stores.store.joinings(OTHER, None, 9) == [(2, ANN, 0)]
    assert await stores.store.joinings(group_id("9~"), None, 9) == []
    await stores.store.commit([wide(2, joinings=[(255, ANN, 400), (1, names[0], 401)])])
    assert (await stores.store.joinings(GROUP, None, 1), await stores.store.joinings(GROUP, (1, names[3]), 1)) == (
        [(1, names[0], 401)],
        [(255, ANN, 400)],
    )


async def test_joinings_that_are_over_are_removed_and_no_others(stores: Stores) -> None:
    made: list[Joining] = [(1, ANN, 9), (1, BEN, 0), (2, ANN, 0), (3, CYD, 8)]
    await stores.store.commit([wide(9, joinings=made), wide(9, OTHER, joinings=made)])
    await stores.store.forget_joinings(GROUP, [(1, ANN), (3, CYD), (77, CYD)])
    await stores.store.forget_joinings(GROUP, [])
    assert await stores.store.joinings(GROUP, None, 9) == [(1, BEN, 0), (2, ANN, 0)]
    assert await stores.store.joinings(OTHER, None, 9) == made
    await stores.store.forget_joinings(GROUP, [(1, ANN)])
    assert await stores.store.joinings(GROUP, None, 9) == [(1, BEN, 0), (2, ANN, 0)]


async def test_wide_groups_are_listed_and_no_others(stores: Stores) -> None:
    groups = [group_id(name) for name in ("1", "2", "10", "é", "100")]
    row = [(ANN, MemberRow((Stay(1, 0, 1),)))]
    await stores.store.commit([wide(5, one, people=row, widens=True) for one in groups] + [wide(5, people=row)])
    await stores.store.commit([commit(1, 1), wide(6, groups[0], wrote=[(ANN, Wrote(6, 6, 1))])])
    assert sorted(await stores.store.wide_groups(NOWHERE, 99)) == sorted(groups)
    for limit in (1, 2, 5):
        found: list[ConversationId] = []
        while some := await stores.store.wide_groups(found[-1] if found else NOWHERE, limit):
            assert len(some) <= limit
            found += some
        assert sorted(found) == sorted(groups)


async def test_a_commit_of_members_written_again_changes_nothing(stores: Stores) -> None:
    batch = wide(
        3,
        people=[(ANN, MemberRow((Stay(3, 2, 1),)))],
        wrote=[(ANN, Wrote(3, 3, 9))],
        joinings=[(3, ANN, 0)],
        widens=True,
    )
    for _ in range(2):
        await stores.store.commit([batch])
        assert await stores.store.people([(GROUP, ANN)]) == [MemberRow((Stay(3, 2, 1),))]
        assert await stores.store.wrote([(GROUP, ANN)]) == [Wrote(3, 3, 9)]
        assert await stores.store.joinings(GROUP, None, 9) == [(3, ANN, 0)]
        assert await stores.store.wide_groups(NOWHERE, 9) == [GROUP]


async def test_a_group_that_becomes_wide_writes_all_its_members_at_once(stores: Stores) -> None:
    accounts = [AccountId(f"m{number}") for number in range(501)]
    stay = MemberRow((Stay(1, 0, 1),))
    batch = wide(
        2,
        people=[(one, stay) for one in accounts],
        wrote=[(one, Wrote(1, 1, 0)) for one in accounts[:400]],
        joinings=[(1, one, 0) for one in accounts],
        widens=True,
    )
    await stores.store.commit([batch])
    assert await stores.store.people([(GROUP, one) for one in accounts]) == [stay] * 501
    assert [one is not None for one in await stores.store.wrote([(GROUP, one) for one in accounts])].count(True) == 400
    assert {account for _, account, _ in await stores.store.joinings(GROUP, None, 1000)} == set(accounts)
    assert await entries(stores, ANN) == [f"{GROUP}#2"]
    assert await stores.store.events(GROUP, 2, 2) == [event(2)]


async def test_a_failed_commit_leaves_a_group_as_it_can_be_decided_again(stores: Stores) -> None:
    batch = wide(3, people=[(ANN, MemberRow((Stay(3, 2, 1),)))], joinings=[(3, ANN, 0)], widens=True)
    stores.fault.fail = "before"
    with pytest.raises(Refused):
        await stores.store.commit([batch])
    stores.fault.fail = ""
    await stores.store.reopen()
    assert await stores.store.states([GROUP]) == [None]
    await stores.store.commit([batch])
    assert await stores.store.people([(GROUP, ANN)]) == [MemberRow((Stay(3, 2, 1),))]
    assert await stores.store.joinings(GROUP, None, 9) == [(3, ANN, 0)]


async def test_what_is_kept_of_a_closed_account_goes_but_for_its_joinings(stores: Stores) -> None:
    row = MemberRow((Stay(1, 0, 1, 5),))
    batch = wide(1, people=[(ANN, row), (BEN, row)], wrote=[(ANN, Wrote(1, 1, 1)), (BEN, Wrote(1, 1, 1))])
    await stores.store.commit([msgspec.structs.replace(batch, joinings=[(1, ANN, 5), (1, BEN, 5)])])
    await stores.store.forget(ANN, [DeviceId("phone")])
    assert await stores.store.people([(GROUP, ANN), (GROUP, BEN)]) == [None, row]
    assert await stores.store.wrote([(GROUP, ANN), (GROUP, BEN)]) == [None, Wrote(1, 1, 1)]
    assert await stores.store.spans(ANN, GROUP) == []
    assert await stores.store.joinings(GROUP, None, 9) == [(1, ANN, 5), (1, BEN, 5)]
