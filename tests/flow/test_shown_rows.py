"""Pages, views and marks go by messages and notices, whatever lies between them, and cost as much as they find."""

import random
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from chinwag.adapters.embedded import Embedded, open_embedded
from chinwag.domain.body import Text
from chinwag.domain.conversation import Closing, Conversation, Member, Position, Role, Span
from chinwag.domain.events import Deleted, Message, NumberedEvent, Reaction
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId, direct_id
from chinwag.domain.refusal import Code, Refused
from chinwag.domain.views import EventPage
from chinwag.flow.conversations import Conversations
from chinwag.flow.history import History
from chinwag.flow.marks import MarkFlow
from chinwag.flow.shown import READS, ShownRows
from chinwag.flow.states import States
from chinwag.ports.inbox import Inline, Run
from chinwag.ports.message_store import Commit, Fanout, MessageStore

ANN, BEN, CYD = AccountId("1"), AccountId("2"), AccountId("3")
PAIR = direct_id(ANN, BEN)
ROOM = 1 << 30


class Counting:
    """A message store that counts how often and how much is read."""

    def __init__(self, store: MessageStore) -> None:
        self._store = store
        self.reads = self.rows = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def events(self, conversation: ConversationId, first: int, last: int) -> list[Any]:
        found = await self._store.events(conversation, first, last)
        self.reads += 1
        self.rows += len(found)
        return list(found)


@pytest.fixture
async def embedded(tmp_path: Path) -> AsyncIterator[Embedded]:
    opened = await open_embedded(tmp_path / "data")
    yield opened
    await opened.close()


def made(
    pattern: Sequence[str], conversation: ConversationId = PAIR, spans: Sequence[Span] | None = None
) -> tuple[Commit, list[int]]:
    """A conversation whose events are a message of Ann's ("a") or Ben's ("b"), or a reaction or deletion (".") each, an
    hour apart; and the numbers of its messages."""
    events: list[tuple[int, bytes]] = []
    shown = ordinal = 0
    numbers: list[int] = []
    for number, letter in enumerate(pattern, 1):
        event: NumberedEvent
        common: dict[str, Any] = {
            "conversation": conversation,
            "number": number,
            "sender": BEN if letter == "b" else ANN,
            "device": DeviceId("phone"),
            "id": ClientId(f"c{number}"),
            "sent_at": 3_600_000 * number,
        }
        if letter == ".":
            kind: Any = Reaction if number % 2 else Deleted
            more = {"reaction": "+"} if number % 2 else {}
            event = kind(**common, ordinal=ordinal, shown=shown, target=shown, **more)
        else:
            shown, ordinal = number, ordinal + 1
            numbers.append(number)
            event = Message(**common, ordinal=ordinal, body=Text(f"message {ordinal}"))
        events.append((number, msgspec.json.encode(event)))
    members = {one: Member(Role.MEMBER) for one in (ANN, BEN)}
    state = Conversation(
        conversation,
        True,
        members,
        head=len(events),
        ordinal=ordinal,
        at=3_600_000 * shown,
        applied=Position(1, len(events), 0),
        shown=shown,
    )
    if spans is None:
        spans = [Span(one, conversation, 1) for one in members]
    return Commit(state, events, [Fanout(1, len(events), tuple(members))], [], list(spans)), numbers


def history_of(embedded: Embedded, store: Any = None) -> History:
    kept = store or embedded.message_store
    return History(kept, embedded.mark_store, States(kept))


def numbers_of(page: EventPage) -> list[int]:
    return [msgspec.json.decode(event)["number"] for event in page.events]


PATTERNS = {
    "none between": "abababab" * 20,
    "one in two": "a." * 150,
    "runs": "ab" + "." * 300 + "b" + "." * 7 + "aaaa" + "." * 1_000 + "ab",
    "none at the end": "a" + "." * 500,
    "seldom": ("b" + "." * 120) * 20,
    "by chance": "".join(random.Random(4).choices("ab.", [1, 1, 6], k=2_000)).replace(".", "a", 1),
}


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS)
@pytest.mark.parametrize("limit", [1, 7, 50, 200])
async def test_paging_in_either_direction_gives_each_message_once(embedded: Embedded, pattern: str, limit: int) -> None:
    commit, expected = made(pattern)
    await embedded.message_store.commit([commit])
    history = history_of(embedded)
    back: list[int] = []
    top: int | None = None
    while page := numbers_of(await history.page_before(ANN, PAIR, top, limit)):
        assert len(page) == min(limit, len(expected) - len(back))
        back, top = page + back, page[0]
    assert back == expected
    on: list[int] = []
    while page := numbers_of(await history.page_after(ANN, PAIR, on[-1] if on else 0, limit)):
        assert len(page) <= limit
        on += page
    assert on == expected
    dense: list[int] = []
    while page := numbers_of(await history.changes(ANN, PAIR, dense[-1] if dense else 0, limit)):
        dense += page
    assert dense == list(range(1, len(pattern) + 1))


@pytest.mark.parametrize("seed", range(6))
async def test_any_stretch_holds_what_a_look_at_every_row_finds(embedded: Embedded, seed: int) -> None:
    chance = random.Random(seed)
    pattern = "a" + "".join(
        chance.choice("ab") * chance.randint(0, 4) + "." * chance.choice((0, 1, 60, 300)) for _ in range(30)
    )
    commit, expected = made(pattern)
    await embedded.message_store.commit([commit])
    rows = ShownRows(embedded.message_store)
    for _ in range(150):
        first = chance.randint(1, len(pattern))
        last = chance.randint(first, len(pattern))
        limit = chance.choice((1, 2, 20, 1_000))
        within = [number for number in expected if first <= number <= last]
        down = await rows.backward(PAIR, first, last, limit, ROOM, step=chance.choice((2, 50, 1_000)))
        assert down.numbers == within[-limit:]
        assert down.first == (down.numbers[0] if len(down.numbers) == limit else first)
        up = await rows.forward(PAIR, first, last, limit, ROOM)
        assert up.numbers == within[:limit]
        assert up.last == (up.numbers[-1] if len(up.numbers) == limit else last)
        assert await rows.last(PAIR, first, last) == (within or [0])[-1]


async def test_a_page_behind_very_many_reactions_costs_what_any_page_costs(embedded: Embedded) -> None:
    commit, expected = made("ab" * 100 + "." * 20_000 + "ab" * 100)
    await embedded.message_store.commit([commit])
    store = Counting(embedded.message_store)
    history = history_of(embedded, store)
    plain = numbers_of(await history.page_before(ANN, PAIR, 200, 50))
    assert plain == expected[149:199]
    before = store.reads, store.rows
    assert before[0] <= 2
    behind = numbers_of(await history.page_before(ANN, PAIR, expected[200], 50))
    assert behind == expected[150:200]
    assert store.reads - before[0] <= 10
    assert store.rows - before[1] <= 200
    store.reads = store.rows = 0
    assert numbers_of(await history.page_after(ANN, PAIR, 200, 50)) == expected[200:250]
    assert store.reads <= 40
    assert store.rows <= 300


async def test_a_page_reads_so_often_at_most_and_tells_how_far_it_is(embedded: Embedded) -> None:
    commit, expected = made(("a" + "." * 300) * 120)
    await embedded.message_store.commit([commit])
    store = Counting(embedded.message_store)
    history = history_of(embedded, store)
    on: list[int] = []
    while page := numbers_of(await history.page_after(ANN, PAIR, on[-1] if on else 0, 200)):
        assert store.reads <= READS + 30
        store.reads = 0
        on += page
    assert on == expected


async def test_around_a_number_a_moment_and_one_message(embedded: Embedded) -> None:
    commit, expected = made("ab" + "." * 100 + "aba" + "." * 50 + "bb")
    await embedded.message_store.commit([commit])
    history = history_of(embedded)
    middle = expected[3]
    assert numbers_of(await history.page_around(ANN, PAIR, middle, 4)) == expected[1:5]
    assert numbers_of(await history.page_around(ANN, PAIR, middle + 20, 4)) == expected[3:]
    hour = 3_600_000
    assert numbers_of(await history.page_at(ANN, PAIR, hour * middle, 4)) == expected[1:5]
    assert numbers_of(await history.page_at(ANN, PAIR, hour * middle - 1, 4)) == expected[1:5]
    assert numbers_of(await history.page_at(ANN, PAIR, 0, 4)) == expected[:2]
    assert numbers_of(await history.page_at(ANN, PAIR, 1 << 52, 4))[-1] == expected[-1]
    assert numbers_of(await history.page_around(ANN, PAIR, middle, 1)) == [middle]
    event, head = await history.one(ANN, PAIR, middle)
    assert head == len(commit.events)
    one = msgspec.json.decode(event)
    assert (one["kind"], one["number"]) == ("message", middle)
    for number in (0, 50, len(commit.events) + 1):
        with pytest.raises(Refused) as refused:
            await history.one(ANN, PAIR, number)
        assert refused.value.code is Code.NO_MESSAGE
    with pytest.raises(Refused) as refused:
        await history.one(CYD, PAIR, 1)
    assert refused.value.code is Code.NO_CONVERSATION


@pytest.mark.parametrize("limit", [1, 2, 3])
async def test_around_what_only_changes_follow_stands_the_last_message(embedded: Embedded, limit: int) -> None:
    commit, expected = made("ab" + "." * 100)
    await embedded.message_store.commit([commit])
    history = history_of(embedded)
    for number in (expected[-1] + 1, len(commit.events)):
        assert numbers_of(await history.page_around(ANN, PAIR, number, limit))[-1] == expected[-1]
    assert numbers_of(await history.page_at(ANN, PAIR, 1 << 52, limit))[-1] == expected[-1]


async def test_a_moment_is_found_after_a_few_reads_also_where_the_clock_went_back(embedded: Embedded) -> None:
    commit, _ = made("ab" * 2_000)
    back = [
        (number, event if number % 7 else event.replace(b'"sent_at":', b'"sent_at":1'))
        for number, event in commit.events
    ]
    await embedded.message_store.commit([msgspec.structs.replace(commit, events=back)])
    store = Counting(embedded.message_store)
    history = history_of(embedded, store)
    page = numbers_of(await history.page_at(ANN, PAIR, 3_600_000 * 1_500, 20))
    assert len(page) == 20
    assert store.reads <= 20


async def test_pages_say_what_is_closed_also_where_something_lies_between(embedded: Embedded) -> None:
    closing = Closing("", 0, 0, 0, 0)
    spans = [Span(ANN, PAIR, 1, 20, closing), Span(ANN, PAIR, 40), Span(BEN, PAIR, 1)]
    commit, expected = made("a" * 20 + "." * 25 + "a" * 20, spans=spans)
    await embedded.message_store.commit([commit])
    history = history_of(embedded)
    for page in (
        await history.page_before(ANN, PAIR, None, 30),
        await history.page_after(ANN, PAIR, 20, 30),
        await history.page_before(ANN, PAIR, 40, 5),
        await history.page_around(ANN, PAIR, 42, 30),
    ):
        assert [(gap.first, gap.last) for gap in page.gaps] == [(21, 39)]
        assert set(numbers_of(page)) <= set(expected)
    assert (await history.page_before(ANN, PAIR, None, 5)).gaps == []


async def test_a_view_shows_the_last_message_and_lists_by_it(embedded: Embedded) -> None:
    other = direct_id(ANN, CYD)
    first, numbers = made("ab")
    second, _ = made("aa", other, [Span(ANN, other, 1)])
    reacted, _ = made("ab" + "." * 60)
    await embedded.message_store.commit([first])
    await embedded.message_store.commit([msgspec.structs.replace(second, fanouts=[Fanout(1, 2, (ANN,))])])
    late = reacted.events[2:]
    await embedded.message_store.commit([Commit(reacted.state, late, [Fanout(3, 62, (ANN, BEN))], [], [])])
    views = Conversations(embedded.message_store, embedded.mark_store, embedded.inbox)
    view = await views.view(ANN, PAIR)
    assert (view.head, view.shown, view.unread, view.at) == (62, 2, 2, reacted.state.at)
    assert msgspec.json.decode(view.last)["number"] == numbers[-1]
    # The reactions came last, and moved nothing: also where a page ends between the two.
    for limit in (1, 2, 10):
        found: list[ConversationId] = []
        place: str | None = None
        while True:
            page = await views.page(ANN, place, limit)
            found += [one.id for one in page.conversations]
            place = page.next
            if place is None:
                break
        assert found == [other, PAIR]


async def test_nothing_that_may_not_be_read_is_shown_as_the_last(embedded: Embedded) -> None:
    commit, _ = made("ab" + "." * 60, spans=[Span(ANN, PAIR, 30), Span(BEN, PAIR, 1)])
    await embedded.message_store.commit([commit])
    views = Conversations(embedded.message_store, embedded.mark_store, embedded.inbox)
    view = await views.view(ANN, PAIR)
    assert (view.shown, msgspec.json.decode(view.last)) == (0, None)
    assert [one.id for one in (await views.page(ANN, None, 10)).conversations] == [PAIR]


@pytest.mark.parametrize("mark", [1_403, 1_404, 2_000, 2_404])
async def test_a_mark_behind_very_many_reactions_tells_those_who_wrote(embedded: Embedded, mark: int) -> None:
    group = ConversationId("g~1")
    commit, _ = made("b" * 400 + "." * 1_003 + "a" + "." * 1_000, group)
    members = {one: Member(Role.MEMBER) for one in (ANN, BEN, CYD)}
    state = msgspec.structs.replace(commit.state, direct=False, members=members)
    await embedded.message_store.commit([msgspec.structs.replace(commit, state=state, fanouts=[])])
    marks = MarkFlow(
        embedded.message_store, embedded.mark_store, embedded.inbox, States(embedded.message_store), lambda: 7
    )

    async def told(account: AccountId) -> list[tuple[str, int, int]]:
        found = []
        for entry in (await embedded.inbox.read(account, 0, 100)).entries:
            assert not isinstance(entry, Run)
            assert isinstance(entry, Inline)
            event = msgspec.json.decode(entry.event)
            found.append((event["kind"], event["number"], event["ordinal"]))
        return found

    marks.read(CYD, group, 400)
    await marks.apply()
    assert await told(BEN) == [("read", 400, 400)]
    assert await told(ANN) == []
    marks.read(CYD, group, mark)
    await marks.apply()
    ordinal = 401 if mark >= 1_404 else 400
    assert await told(CYD) == [("read", 400, 400), ("read", mark, ordinal)]
    assert await told(ANN) == ([("read", mark, 401)] if mark >= 1_404 else [])
    assert await told(BEN) == [("read", 400, 400)]
