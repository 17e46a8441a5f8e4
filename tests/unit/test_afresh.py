"""From where whoever loads all afresh reads on, while what is posted is readable before its state."""

from collections.abc import Mapping, Sequence
from typing import cast

import pytest
from tests.contract.harness import ANN, PAIR, commit

from chinwag.domain.conversation import Conversation
from chinwag.domain.ids import ConversationId
from chinwag.flow import catch_up
from chinwag.flow.afresh import FIRST, FURTHER, MOST, SETTLED_MS, afresh, again
from chinwag.ports.inbox import Bounds, Inbox, Inline, Run, Slice
from chinwag.ports.message_store import EventName, MessageStore, Row

TEA = ConversationId("g~tea")
ENTRIES: list[Run | Inline] = [
    Inline(1, b"{}"),
    Run(2, PAIR, 1, 3),  # at 2, 3, 4
    Run(5, TEA, 1, 2),  # at 5, 6
    Run(7, PAIR, 4, 2),  # at 7, 8
    Inline(9, b"{}"),
    Run(10, TEA, 3, 1),  # at 10
]


class Stored:
    """An inbox that holds `ENTRIES`, and a store that is at these heads. lost: of which no state comes any more."""

    def __init__(self, pair: int, tea: int, lost: Sequence[ConversationId] = (), *, posts_first: bool = True) -> None:
        self.posts_first = posts_first
        self._heads = {PAIR: pair, TEA: tea}
        self._lost = lost

    async def bounds(self, _account: object) -> Bounds:
        return Bounds(1, 0, 10)

    async def read(self, account: object, after: int, limit: int) -> Slice:
        assert (after, limit) == (0, 10)
        return Slice(ENTRIES, await self.bounds(account))

    async def states(self, wanted: Sequence[ConversationId]) -> list[Conversation | None]:
        return [commit(1, self._heads[one], one).state if self._heads[one] else None for one in wanted]

    async def under_way(self, events: Sequence[EventName]) -> list[bool]:
        return [name not in self._lost for name, _ in events]

    async def position(self) -> int:
        start = await catch_up.start(cast("Inbox", self), cast("MessageStore", self), ANN, None, 0)
        assert (start.epoch, start.head, start.reset) == (1, 10, None)
        return start.position


@pytest.mark.parametrize(
    ("stored", "position"),
    [
        (Stored(5, 3), 10),  # all is in the states
        (Stored(6, 4), 10),  # and more
        (Stored(5, 2), 9),
        (Stored(4, 3), 7),  # in the midst of a run
        (Stored(4, 2), 7),
        (Stored(2, 3), 3),  # of two runs
        (Stored(5, 0), 4),  # it has only begun
        (Stored(2, 0, [PAIR]), 4),
        (Stored(2, 0, [PAIR, TEA]), 10),
        (Stored(0, 0, posts_first=False), 10),
    ],
)
async def test_nothing_is_passed_over_that_no_state_holds_yet(stored: Stored, position: int) -> None:
    assert await stored.position() == position


async def test_who_comes_with_a_cursor_that_holds_goes_on_there() -> None:
    stored = Stored(0, 0)
    start = await catch_up.start(cast("Inbox", stored), cast("MessageStore", stored), ANN, 1, 8)
    assert start == catch_up.Start(1, 8, 10)


@pytest.mark.parametrize(("epoch", "position"), [(2, 3), (1, 11)])
async def test_who_is_told_to_load_afresh_begins_likewise(epoch: int, position: int) -> None:
    stored = Stored(4, 3)
    start = await catch_up.start(cast("Inbox", stored), cast("MessageStore", stored), ANN, epoch, position)
    assert start == catch_up.Start(1, 7, 10, "epoch")


NOW = 1_800_000_000_000


class Long:
    """An inbox of a run for each event, all of one conversation but those at some places. `rate` were
    sent in each second; the states are at `heads`, else at all of it."""

    posts_first = True

    def __init__(self, head: int, rate: int, others: Mapping[int, ConversationId], heads: Mapping[str, int]) -> None:
        self.head, self.rate, self.others, self.heads = head, rate, others, heads
        self.looked = 0

    async def bounds(self, _account: object) -> Bounds:
        return Bounds(1, 0, self.head)

    async def read(self, account: object, after: int, limit: int) -> Slice:
        self.looked += limit
        places = range(after + 1, after + limit + 1)
        runs: list[Run | Inline] = [Run(one, self.others.get(one, PAIR), one, 1) for one in places]
        return Slice(runs, await self.bounds(account))

    async def states(self, wanted: Sequence[ConversationId]) -> list[Conversation | None]:
        return [commit(1, self.heads.get(one, self.head), one).state for one in wanted]

    async def under_way(self, events: Sequence[EventName]) -> list[bool]:
        return [True for _ in events]

    async def rows(self, wanted: Sequence[EventName]) -> list[Row | None]:
        return [b'{"sent_at":%d}' % (NOW - (self.head - number) * 1000 // self.rate) for _, number in wanted]

    async def position(self) -> int:
        bounds = await self.bounds(ANN)
        return await afresh(cast("Inbox", self), cast("MessageStore", self), ANN, bounds, lambda: NOW)


async def test_a_batch_of_which_all_is_ahead_is_read_through() -> None:
    assert await Long(5_000, 5_000, {}, {PAIR: 3_400}).position() == 3_400


async def test_what_a_worker_left_is_found_behind_what_others_have_stored_since() -> None:
    left = {3_100: TEA, 3_101: TEA}
    assert await Long(5_000, 100, left, {TEA: 3_000}).position() == 3_099


async def test_of_what_is_long_past_no_more_is_read() -> None:
    inbox = Long(50_000, 1, {}, {})
    assert await inbox.position() == 50_000
    assert FIRST * 1_000 // inbox.rate > SETTLED_MS
    assert inbox.looked == FIRST


async def test_there_is_an_end_to_how_far_is_looked() -> None:
    inbox = Long(50_000, 1_000_000, {}, {})
    assert await inbox.position() == 50_000
    assert MOST <= inbox.looked < MOST + FURTHER


@pytest.mark.parametrize(("position", "reads_on"), [(10, 7), (8, 7), (7, 7), (5, 5)])
async def test_who_has_missed_nothing_but_is_to_load_afresh_goes_back_to_what_no_state_holds(
    position: int, reads_on: int
) -> None:
    stored = Stored(4, 3)
    assert await again(cast("Inbox", stored), cast("MessageStore", stored), ANN, 1, position) == reads_on
    assert await again(cast("Inbox", stored), cast("MessageStore", stored), ANN, 2, position) == position
