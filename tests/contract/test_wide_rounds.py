"""What goes on besides in wide groups, over every adapter: who is there is counted, heirs are found, joinings go."""

from typing import Any, Final, cast
from zlib import crc32

import msgspec
from tests.contract.harness import ANN, BEN, CYD, Stores, commit

from chinwag.domain.command import Command, Heir, Rules
from chinwag.domain.conversation import Conversation, Member, Position, Role
from chinwag.domain.ids import AccountId, ClientId, ConversationId, group_id
from chinwag.domain.member_row import MemberRow, Stay
from chinwag.domain.refusal import Code
from chinwag.flow.clock import DAY_MS
from chinwag.flow.large.activity import Activity, Sizes
from chinwag.flow.large.census import census
from chinwag.flow.large.forget_left import ROUND_MINUTES, ForgetLeft
from chinwag.flow.large.heirs import Heirs
from chinwag.flow.own_commands import OwnCommands
from chinwag.ports.mark_store import Seen
from chinwag.ports.message_store import Commit

GROUP: Final = group_id("77")
DAN: Final = AccountId("4")
NOW: Final = 100 * DAY_MS
MINUTE_MS: Final = 60_000


class Told:
    """Takes the commands that a job gives, in place of the log. It has no opinion of them."""

    def __init__(self) -> None:
        self.commands: list[Command] = []

    def new_id(self, what: str) -> ClientId:
        return ClientId(f"{what}-{len(self.commands)}")

    async def ask(self, commands: list[Command]) -> list[Code | None]:
        self.commands += commands
        return [None] * len(commands)


def grown(**state: Any) -> Commit:
    """Ann, Ben, Cyd and Dan joined with 1 to 4, Ann left with 5 two days ago, and Ben with 6 just now."""
    base = commit(1, 6, GROUP, (ANN,))
    times = [NOW - 3 * DAY_MS] * 4 + [NOW - 2 * DAY_MS, NOW]
    stays = {ANN: Stay(1, 0, 1, 5), BEN: Stay(2, 0, 1, 6), CYD: Stay(3, 0, 1), DAN: Stay(4, 0, 1)}
    return msgspec.structs.replace(
        base,
        state=msgspec.structs.replace(base.state, members={}, wide=True, count=2, large=True, reads_most=1, **state),
        events=[(number, msgspec.json.encode({"number": number, "sent_at": at})) for number, at in enumerate(times, 1)],
        people=[(one, MemberRow((stay,))) for one, stay in stays.items()],
        joinings=[(stay.joined, one, stay.left) for one, stay in stays.items()],
        widens=True,
    )


async def state_of(stores: Stores, group: ConversationId = GROUP) -> Conversation:
    (state,) = await stores.store.states([group])
    assert state is not None
    return state


async def test_who_was_there_within_a_day_is_counted_of_those_who_are_members(stores: Stores) -> None:
    await stores.store.commit([grown()])
    counting = Activity(stores.store, stores.marks, cast("OwnCommands", Told()), lambda: NOW, Sizes(Rules()))
    state = await state_of(stores)
    assert await counting.active(state, 10) == 0
    await stores.marks.save_seen(
        [
            Seen(ANN, True, NOW),
            Seen(BEN, False, NOW),
            Seen(CYD, False, NOW - DAY_MS),
            Seen(DAN, False, NOW - DAY_MS - 1),
        ]
    )
    assert await counting.active(state, 10) == 1
    await stores.marks.save_seen([Seen(DAN, True, NOW - DAY_MS)])
    assert await counting.active(state, 10) == 2
    before = msgspec.structs.replace(state, head=5)
    assert await counting.active(before, 10) == 3, "Ben had not left by then"


async def test_the_heir_is_the_first_of_those_who_are_there(stores: Stores) -> None:
    told = Told()
    await stores.store.commit([grown()])
    heirs = Heirs(stores.store, cast("OwnCommands", told), lambda: NOW)
    await heirs.step()
    assert [(one.conversation, one.account, one.action) for one in told.commands] == [(GROUP, CYD, Heir(CYD))]
    assert (heirs.wide, heirs.large) == (1, 1)
    counted = await census(stores.store)
    assert (counted.wide, counted.large) == (1, 1)
    owned = msgspec.structs.replace(
        await state_of(stores), members={DAN: Member(Role.OWNER, 4)}, applied=Position(1, 7, 0), head=7
    )
    await stores.store.commit([Commit(owned, [], [], [], [])])
    await heirs.step()
    assert len(told.commands) == 1


async def test_joinings_of_who_left_a_day_ago_go_and_no_others(stores: Stores) -> None:
    await stores.store.commit([grown()])
    minute = crc32(GROUP.encode()) % ROUND_MINUTES
    for days, kept in ((0, [BEN, CYD, DAN]), (2, [CYD, DAN])):
        now = NOW + days * DAY_MS + minute * MINUTE_MS  # in this one of the day it is gone through
        forgetting = ForgetLeft(stores.store, lambda now=now: now)  # type: ignore[misc]
        while await forgetting.step():
            pass
        assert [account for _, account, _ in await stores.store.joinings(GROUP, None, 10)] == kept
        assert forgetting.forgotten == 1
        early = ForgetLeft(stores.store, lambda now=now: now + MINUTE_MS)  # type: ignore[misc]
        assert not await early.step()
