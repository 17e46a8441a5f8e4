"""A page of long texts is shorter than was asked for, never longer than a bound, and paging on misses nothing."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from chinwag.adapters.embedded import Embedded, open_embedded
from chinwag.domain.conversation import Conversation, Member, Position, Role, Span
from chinwag.domain.ids import AccountId, direct_id
from chinwag.domain.views import EventPage
from chinwag.flow.history import PAGE_BYTES, History
from chinwag.flow.states import States
from chinwag.ports.message_store import Commit

ANN, BEN = AccountId("1"), AccountId("2")
PAIR = direct_id(ANN, BEN)
EVENTS, LONG = 60, 300_000


@pytest.fixture
async def history(tmp_path: Path) -> AsyncIterator[History]:
    embedded: Embedded = await open_embedded(tmp_path)
    state = Conversation(
        PAIR, True, {one: Member(Role.MEMBER) for one in (ANN, BEN)}, EVENTS, EVENTS, applied=Position(1, 1, 0)
    )
    events = [(number, msgspec.json.encode({"number": number, "text": "x" * LONG})) for number in range(1, EVENTS + 1)]
    await embedded.message_store.commit([Commit(state, events, [], [], [Span(ANN, PAIR, 1)])])
    yield History(embedded.message_store, embedded.mark_store, States(embedded.message_store))
    await embedded.close()


def numbers(page: EventPage) -> list[int]:
    assert sum(len(bytes(event)) for event in page.events) < PAGE_BYTES + 2 * LONG
    return [msgspec.json.decode(event)["number"] for event in page.events]


async def test_paging_back_sees_each_event_once(history: History) -> None:
    seen: list[int] = []
    top: int | None = None
    while page := numbers(await history.page_before(ANN, PAIR, top, 200)):
        assert page == sorted(page)
        seen = page + seen
        top = page[0]
    assert seen == list(range(1, EVENTS + 1))


async def test_paging_on_sees_each_event_once(history: History) -> None:
    seen: list[int] = []
    while page := numbers(await history.page_after(ANN, PAIR, seen[-1] if seen else 0, 200)):
        seen += page
    assert seen == list(range(1, EVENTS + 1))


async def test_a_page_around_holds_its_number(history: History) -> None:
    found = numbers(await history.page_around(ANN, PAIR, 30, 200))
    assert found == list(range(found[0], found[-1] + 1))
    assert min(30 - found[0], found[-1] - 30) >= PAGE_BYTES // LONG // 2 - 1, "as many before it as after it"


@pytest.mark.parametrize("number", [1, 2, EVENTS - 1, EVENTS])
async def test_around_the_end_the_other_side_gets_no_more_than_a_page(history: History, number: int) -> None:
    found = numbers(await history.page_around(ANN, PAIR, number, 200))
    assert number in found
    assert found == list(range(found[0], found[-1] + 1))
