"""The search of messages over real stores: what is found, what is not any more, and how the index is kept."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.contract.embedded import EmbeddedHarness

from chinwag.adapters.embedded import search_index
from chinwag.adapters.embedded.search_index import EmbeddedSearchIndex
from chinwag.domain.conversation import Conversation, Member, Position, Role, Span
from chinwag.domain.ids import AccountId, ConversationId, group_id, stream_of
from chinwag.domain.rate import Rate
from chinwag.domain.refusal import Code, Refused
from chinwag.domain.views import TextRange
from chinwag.flow import following
from chinwag.flow.search import indexer
from chinwag.flow.search import search as searching
from chinwag.flow.search.indexer import Indexer
from chinwag.flow.search.progress import FORM, Progress, Reading, decoded, encoded
from chinwag.flow.search.search import Question, Search, cursor_of, place_of
from chinwag.flow.spare_time import Stints
from chinwag.ports.follower import Reached
from chinwag.ports.message_store import Commit, Fanout
from chinwag.ports.search_index import Place, SearchIndex, Wanted

ANN, BEN, CYD, STREAM = AccountId("1"), AccountId("2"), AccountId("3"), stream_of(0)
HALL, YARD = group_id("1"), group_id("2")


ANY_RATE = Rate(1e9, 1 << 30)


class World:
    """Stores in a folder, the index beside them, and conversations that are written into by hand."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.harness = EmbeddedHarness(path)
        self.now = 1_800_000_000_000
        self.index: SearchIndex
        self.indexer: Indexer
        self.heads: dict[ConversationId, int] = {}
        self.spans: dict[tuple[ConversationId, AccountId], Span] = {}
        self._sequence = itertools.count(1)

    async def start(self) -> None:
        await self.harness.start()
        self.index = await EmbeddedSearchIndex.open(self.path / "search.sqlite")
        self.indexer = self.new_indexer()

    async def stop(self) -> None:
        await self.index.close()
        await self.harness.stop()

    def new_indexer(self) -> Indexer:
        return Indexer(self.index, self.harness.inbox, self.harness.store, 1, lambda: self.now)

    def search(self, index: SearchIndex | None = None, rate: Rate = ANY_RATE, seconds: float = 60) -> Search:
        reading = Reading(index or self.index, self.harness.inbox, 1, itertools.count(0, 2).__next__)
        return Search(
            index or self.index, self.harness.store, reading.indexed_up_to, rate=rate, seconds=seconds, now=lambda: 0.0
        )

    async def say(self, conversation: ConversationId, *texts: str, sender: AccountId = ANN, **more: Any) -> int:
        """Place messages; the number of the last."""
        events = []
        for text in texts:
            number = self.heads[conversation] = self.heads.get(conversation, 0) + 1
            events.append(self._message(conversation, number, {"type": "text", "text": text}, sender, **more))
        await self._commit(conversation, events)
        return self.heads[conversation]

    async def edit(self, conversation: ConversationId, target: int, text: str) -> int:
        """Place an edit: the message has the new body, and so has the edit."""
        number = self.heads[conversation] = self.heads.get(conversation, 0) + 1
        body = {"type": "text", "text": text}
        new = self._message(conversation, target, body, ANN, edited={"number": number, "at": self.now})
        told = self._event("edited", conversation, number, ANN, target=target, body=body)
        await self._commit(conversation, [new], posted=False)
        await self._commit(conversation, [told])
        return number

    async def delete(self, conversation: ConversationId, target: int) -> int:
        """Place a deletion: the message has lost its body."""
        number = self.heads[conversation] = self.heads.get(conversation, 0) + 1
        gone = {"number": number, "by": ANN, "at": self.now}
        new = self._message(conversation, target, {"type": "deleted"}, ANN, deleted=gone)
        told = self._event("deleted", conversation, number, ANN, target=target)
        await self._commit(conversation, [new], posted=False)
        await self._commit(conversation, [told])
        return number

    async def reads(self, conversation: ConversationId, account: AccountId, first: int, last: int | None) -> None:
        """From now on the account may read these numbers."""
        self.spans[conversation, account] = Span(account, conversation, first, last)
        await self._commit(conversation, [])

    async def read_on(self) -> None:
        """Let the index hear of everything."""
        while await self.indexer.step():
            pass

    async def found(self, account: AccountId = ANN, text: str = "", limit: int = 20, **asked: Any) -> list[str]:
        """What a search gives, as `conversation#number`."""
        page = await self.search().search(account, Question(text=text, **asked), limit)
        hits = [msgspec.json.decode(hit.message) for hit in page.hits]
        return [f"{hit['conversation']}#{hit['number']}" for hit in hits]

    def _event(self, kind: str, conversation: ConversationId, number: int, sender: AccountId, **more: Any) -> Any:
        fields = {"conversation": conversation, "number": number, "ordinal": number, "device": "d", "id": "i"}
        return number, msgspec.json.encode({"kind": kind, **fields, "from": sender, "sent_at": self.now, **more})

    def _message(self, conversation: ConversationId, number: int, body: object, sender: AccountId, **more: Any) -> Any:
        self.now += 1
        return self._event("message", conversation, number, sender, body=body, **more)

    async def _commit(
        self, conversation: ConversationId, events: list[tuple[int, bytes]], *, posted: bool = True
    ) -> None:
        head = self.heads.get(conversation, 0)
        spans = [span for (name, _), span in self.spans.items() if name == conversation]
        present = [ANN, BEN]
        for account in present:
            if (conversation, account) not in self.spans:
                self.spans[conversation, account] = Span(account, conversation, 1)
                spans.append(self.spans[conversation, account])
        await self.harness.store.commit(
            [
                Commit(
                    state=Conversation(
                        conversation,
                        False,
                        {account: Member(Role.MEMBER) for account in present},
                        head=head,
                        ordinal=head,
                        applied=Position(1, next(self._sequence), 0),
                    ),
                    events=events,
                    fanouts=[Fanout(events[0][0], events[-1][0], (STREAM,))] if events and posted else [],
                    keys=[],
                    spans=spans,
                )
            ]
        )


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path)
    await made.start()
    yield made
    await made.stop()


async def test_what_was_said_is_found_newest_first(world: World) -> None:
    await world.say(HALL, "the weather is fine", "no", "Weather again")
    await world.say(YARD, "weather")
    await world.read_on()
    assert await world.found(text="weather") == ["g~2#1", "g~1#3", "g~1#1"]
    assert await world.found(text="weather", conversation=HALL) == ["g~1#3", "g~1#1"]
    assert await world.found(text='"weather again"') == ["g~1#3"]
    assert await world.found(text="weath fin") == []
    assert await world.found(text="weather fin") == ["g~1#1"]
    page = await world.search().search(BEN, Question(text="again"), 5)
    assert page.hits[0].ranges == [TextRange(8, 13)]
    assert (page.next, page.indexed_up_to) == (None, None)


async def test_filters_alone_are_a_search(world: World) -> None:
    await world.say(HALL, "one", sender=ANN)
    await world.say(HALL, "two https://example.org", sender=BEN, mentioned=[ANN])
    await world.say(HALL, "three", sender=BEN, mentioned=["*"])
    await world.read_on()
    assert await world.found(sender=BEN) == ["g~1#3", "g~1#2"]
    assert await world.found(mentions_me=True) == ["g~1#3", "g~1#2"]
    assert await world.found(BEN, mentions_me=True) == []  # nobody speaks to oneself, also who speaks to all
    assert await world.found(has=("link",)) == ["g~1#2"]
    assert await world.found(conversation=HALL) == ["g~1#3", "g~1#2", "g~1#1"]
    assert await world.found(since=world.now) == ["g~1#3"]
    assert await world.found(until=world.now, text="three") == []
    await world.say(HALL, "four", sender=ANN, mentioned=["*"])
    await world.read_on()
    assert await world.found(BEN, mentions_me=True) == ["g~1#4"]
    assert await world.found(mentions_me=True) == ["g~1#3", "g~1#2"]


async def test_older_messages_mention_whom_their_text_names(world: World) -> None:
    number = world.heads[HALL] = 1
    body = {"type": "text", "text": "hello", "mentions": [BEN]}
    await world._commit(HALL, [world._message(HALL, number, body, ANN)])
    await world.read_on()
    assert await world.found(BEN, mentions_me=True) == ["g~1#1"]
    assert await world.found(ANN, mentions_me=True) == []


async def test_an_edit_and_a_deletion_count_while_the_index_stands_still(world: World) -> None:
    await world.say(HALL, "my secret", "your secret", "their secret")
    await world.read_on()
    await world.delete(HALL, 1)
    await world.edit(HALL, 2, "nothing to see")
    assert await world.found(text="secret") == ["g~1#3"]
    assert await world.found(text="nothing") == []
    assert await world.found(sender=ANN) == ["g~1#3", "g~1#2"]
    await world.read_on()
    assert await world.found(text="secret") == ["g~1#3"]
    assert await world.found(text="nothing") == ["g~1#2"]
    # Nor does the index know it any more.
    assert await world.index.rows() == 2


async def test_a_member_who_was_removed_finds_no_more_of_it(world: World) -> None:
    await world.say(HALL, "before word")
    await world.read_on()
    await world.reads(HALL, BEN, 1, 1)
    await world.say(HALL, "after word")
    await world.read_on()
    assert await world.found(BEN, "word") == ["g~1#1"]
    await world.reads(HALL, BEN, 1, 0)
    assert await world.found(BEN, "word") == []
    assert await world.found(ANN, "word") == ["g~1#2", "g~1#1"]
    # A stranger is told what everybody is told of nothing.
    assert await world.found(CYD, "word") == []
    with pytest.raises(Refused) as refused:
        await world.found(CYD, "word", conversation=HALL)
    assert refused.value.code == Code.NO_CONVERSATION


async def test_somebody_who_joined_later_finds_nothing_of_before(world: World) -> None:
    await world.say(HALL, "old word", "new word")
    await world.reads(HALL, CYD, 2, None)
    await world.read_on()
    assert await world.found(CYD, "word") == ["g~1#2"]


async def test_what_was_edited_while_its_reader_was_away_is_not_theirs(world: World) -> None:
    await world.say(HALL, "first text", "first too")
    await world.reads(HALL, BEN, 1, 2)
    await world.edit(HALL, 1, "secret text")
    await world.read_on()
    assert await world.found(BEN, "text") == []
    assert await world.found(BEN, "secret") == []
    assert await world.found(BEN, conversation=HALL) == ["g~1#2"]
    assert await world.found(ANN, "secret") == ["g~1#1"]


async def test_somebody_put_out_while_searching_sees_nothing_written_after(world: World) -> None:
    await world.say(HALL, "first text", "other text")
    await world.read_on()
    store, read = world.harness.store, world.harness.store.rows

    async def rows(names: Any) -> Any:
        await world.reads(HALL, BEN, 1, 2)
        await world.edit(HALL, 1, "secret text")
        return await read(names)

    store.rows = rows  # type: ignore[method-assign]
    assert await world.found(BEN, "text") == ["g~1#2"]


async def test_pages_join_whatever_lies_between(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "STEP", 7)
    monkeypatch.setattr(searching, "LOOKED_AT", 14)
    await world.say(HALL, *(f"word {number}" for number in range(60)))
    await world.read_on()
    for number in range(10, 50):
        await world.delete(HALL, number)
    wanted = [f"g~1#{number}" for number in range(60, 0, -1) if not 10 <= number < 50]
    found: list[str] = []
    before, pages = None, 0
    while True:
        page = await world.search().search(ANN, Question(text="word", before=before), 4)
        found += [f"g~1#{msgspec.json.decode(hit.message)['number']}" for hit in page.hits]
        pages += 1
        if page.next is None:
            break
        before = page.next
    assert found == wanted
    assert pages > 5


@pytest.mark.parametrize(
    "cursor",
    ["", "1", "1.2", "1.2.", ".2.g", "a.2.g", "1.b.g", "-1.2.g", "1.-2.g", "٣.2.g", f"{1 << 53}.1.g", f"1.{1 << 53}.g",
     "1" * 17 + ".1.g", "1.1." + "g" * 201, "1.1.g\x00", "1.1.\n"],
)  # fmt: skip
async def test_a_cursor_that_is_not_ours_is_refused(world: World, cursor: str) -> None:
    with pytest.raises(Refused) as refused:
        await world.found(text="word", before=cursor)
    assert refused.value.code == Code.BAD_CURSOR


def test_a_cursor_names_its_place() -> None:
    place = Place(1_800_000_000_000, ConversationId("d~a.b~c.d"), 12)
    assert place_of(cursor_of(place)) == place


@pytest.mark.parametrize("text", ["", "  ", "...", "x" * 257, " ".join(f"w{number}" for number in range(33))])
async def test_a_question_that_asks_for_nothing_or_too_much_is_refused(world: World, text: str) -> None:
    with pytest.raises(Refused) as refused:
        await world.found(text=text)
    assert refused.value.code == Code.BAD_QUERY


async def test_searches_have_a_budget(world: World) -> None:
    search = world.search(rate=Rate(5.0, 20))
    for _ in range(20):
        await search.search(ANN, Question(text="word"), 1)
    with pytest.raises(Refused) as refused:
        await search.search(ANN, Question(text="word"), 1)
    assert refused.value.code == Code.RATE_LIMITED
    assert refused.value.retry_after == pytest.approx(0.2)
    await search.search(BEN, Question(text="word"), 1)


class Stuck(EmbeddedSearchIndex):
    """An index whose searches do not end."""

    stopped = 0

    async def find(self, wanted: Wanted, limit: int) -> list[Place]:
        try:
            await asyncio.Event().wait()
        finally:
            self.stopped += 1
        return []


async def test_a_search_that_takes_too_long_is_ended(world: World) -> None:
    index = await Stuck.open(world.path / "stuck.sqlite")
    await index.write([], encoded(Progress(reached=Reached(0, (0,)))), b"")
    search = world.search(index=index, seconds=0.05)
    assert isinstance(index, Stuck)
    with pytest.raises(Refused) as refused:
        await search.search(ANN, Question(text="word"), 1)
    assert refused.value.code == Code.UNAVAILABLE
    assert (index.stopped, search.late, search.done) == (1, 1, 0)
    await index.close()


async def test_it_is_told_how_far_the_index_is(world: World) -> None:
    async def up_to() -> int | None:
        return (await world.search().search(ANN, Question(text="word"), 1)).indexed_up_to

    await world.say(HALL, "word")
    assert await up_to() == 0
    await world.read_on()
    assert await up_to() is None
    await world.say(HALL, "word")
    await world.read_on()
    read_at = world.now
    await world.say(HALL, "word")
    assert await up_to() == read_at
    await world.read_on()
    assert await up_to() is None


async def test_many_conversations_are_searched_at_once(world: World) -> None:
    for number in range(2_000):
        world.heads[group_id(f"9{number:04}")] = 0
    store = world.harness.store
    names = list(world.heads)
    await store.commit(
        [
            Commit(
                state=Conversation(name, False, {ANN: Member(Role.MEMBER)}, applied=Position(1, 1, 0)),
                events=[], fanouts=[], keys=[], spans=[Span(ANN, name, 1)],
            )
            for name in names
        ]
    )  # fmt: skip
    for name in names[::200]:
        await world.say(name, "word")
    await world.read_on()
    assert len(await world.found(text="word")) == 10


# How the index is kept


async def every(world: World) -> list[tuple[str, int]]:
    places = await world.index.find(Wanted(conversations=list(world.heads)), 10_000)
    return sorted((place.conversation, place.number) for place in places)


async def test_an_index_that_is_missing_is_made_from_all_conversations(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "ENTRIES", 10)
    monkeypatch.setattr(following, "LOOKED_AT", 3)
    for number in range(9):
        await world.say(group_id(f"{number}"), *(f"word {at}" for at in range(number * 4 + 1)))
    await world.delete(group_id("8"), 3)
    wanted = [(f"g~{number}", at) for number in range(9) for at in range(1, number * 4 + 2)]
    wanted.remove(("g~8", 3))
    steps = 0
    # Each step with another indexer, as after so many crashes; and between two of them somebody says something.
    while await world.new_indexer().step():
        steps += 1
        if steps % 5 == 0:
            wanted.append(("g~1", await world.say(group_id("1"), "between")))
    while await world.new_indexer().step():
        pass
    assert steps > 10
    assert await every(world) == sorted(wanted)


@pytest.mark.parametrize("step", range(6))
async def test_a_write_that_was_lost_is_made_again(world: World, step: int) -> None:
    """The indexer is killed between reading and storing, at each of its writes."""
    await world.say(HALL, "one", "two", "three")
    await world.say(YARD, "four")
    writes = 0
    kept = world.index.write

    async def failing(rows: Sequence[Any], progress: bytes, after: bytes) -> bool:
        nonlocal writes
        writes += 1
        if writes == step:
            raise Refused(Code.UNAVAILABLE)
        return await kept(rows, progress, after)

    world.index.write = failing  # type: ignore[method-assign]
    for turn in range(12):
        if turn == 6:
            await world.edit(HALL, 2, "another")
            await world.delete(HALL, 1)
        try:
            await world.indexer.step()
        except Refused:
            world.indexer = world.new_indexer()
    assert await every(world) == [("g~1", 2), ("g~1", 3), ("g~2", 1)]
    assert await world.found(text="another") == ["g~1#2"]
    assert await world.found(text="two") == []


@pytest.mark.parametrize("lost", range(7))
async def test_long_texts_are_written_in_pieces_and_a_piece_that_was_lost_is_made_again(
    world: World, lost: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Terms take a hundred times as much memory as their text: 500 of the longest at once would be gigabytes."""
    monkeypatch.setattr(indexer, "CHARACTERS", 100)
    monkeypatch.setattr(indexer, "READ", 2)
    texts = [f"word{number} ".ljust(60, "x") for number in range(5)]
    await world.say(HALL, *texts[:3], "y" * 300)
    await world.say(YARD, *texts[3:])
    await world.edit(HALL, 1, f"edited {texts[0]}")
    pieces: list[int] = []
    kept, made = world.index.write, indexer._indexed

    def counted(rows: Sequence[Any]) -> Any:
        pieces.append(sum(len(row.text) for row in rows) if len(rows) > 1 else 0)
        return made(rows)

    async def failing(rows: Sequence[Any], progress: bytes, after: bytes) -> bool:
        if len(pieces) == lost:
            raise Refused(Code.UNAVAILABLE)
        return await kept(rows, progress, after)

    monkeypatch.setattr(indexer, "_indexed", counted)
    world.index.write = failing  # type: ignore[method-assign]
    with contextlib.suppress(Refused):
        await world.read_on()
    world.indexer = world.new_indexer()
    await world.read_on()
    assert len(pieces) >= 6
    assert max(pieces) <= 100
    assert await every(world) == sorted([("g~1", number) for number in (1, 2, 3, 4)] + [("g~2", 1), ("g~2", 2)])
    assert await world.found(text="edited") == ["g~1#1"]


async def test_what_the_index_computes_lets_messages_in_between(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Words are made, and written, in threads that hold the interpreter, and on a full processor that as well: a
    message that comes meanwhile would wait for hundreds of others to be indexed."""
    pieces: list[int] = []
    rests: list[int] = []
    made = indexer._indexed

    class Watched(Stints):
        """A clock by which each message takes a stint."""

        def __init__(self) -> None:
            super().__init__(itertools.count().__next__, lambda seconds: rests.append(len(pieces)))

    def counted(rows: Sequence[Any]) -> Any:
        pieces.append(len(rows))
        return made(rows)

    monkeypatch.setattr(indexer, "_indexed", counted)
    monkeypatch.setattr(indexer, "Stints", Watched)
    monkeypatch.setattr(search_index, "Stints", Watched)
    said = 2 * indexer.MESSAGES + 1
    await world.say(HALL, *(f"word{number}" for number in range(said)))
    await world.read_on()
    assert sum(pieces) == said
    assert max(pieces) <= indexer.MESSAGES
    assert len(rests) >= 2 * said, "one for making a message's words, one for writing them"
    assert len(await every(world)) == said


async def test_two_indexers_do_not_disturb_each_other(world: World) -> None:
    first, second = world.indexer, world.new_indexer()
    await world.say(HALL, "one")
    for number in range(10):
        await world.say(HALL, f"word {number}")
        await asyncio.gather(first.step(), second.step())
    while await first.step() or await second.step():
        pass
    assert await every(world) == [("g~1", number) for number in range(1, 12)]


@pytest.mark.parametrize(
    "kept",
    [
        encoded(Progress(reached=Reached(1, (99,)))),
        encoded(Progress(reached=Reached(0, (0,)))),
        encoded(Progress(reached=Reached(0, ()))),
        encoded(Progress(form=FORM + 1, reached=Reached(0, (0,)))),
        b"{}",
        b"\xff",
    ],
)
async def test_an_index_of_other_messages_is_made_anew(world: World, kept: bytes) -> None:
    await world.say(HALL, "word")
    await world.index.clear(kept)
    await world.read_on()
    assert await every(world) == [("g~1", 1)]
    assert decoded(await world.index.progress(), 1) is not None


async def test_an_index_that_was_not_read_for_too_long_is_made_anew(world: World) -> None:
    await world.say(HALL, "word one")
    await world.read_on()
    await world.say(HALL, "word two")
    await world.harness.inbox.trim(1 << 62, 1_000)
    await world.say(HALL, "word three")
    await world.read_on()
    assert await world.found(text="word") == ["g~1#3", "g~1#2", "g~1#1"]


async def test_an_index_that_was_cleared_is_made_anew_though_nothing_is_said(world: World) -> None:
    await world.say(HALL, "word")
    await world.read_on()
    assert not await world.indexer.step()
    await Reading(world.index, world.harness.inbox, 1).make_anew()
    await world.read_on()
    assert await every(world) == [("g~1", 1)]


async def test_it_stays_over_a_restart_and_reads_on(world: World) -> None:
    await world.say(HALL, "word")
    await world.read_on()
    await world.stop()
    await world.start()
    await world.say(HALL, "word")
    assert not await world.indexer.step() or await world.index.rows() == 2
    await world.read_on()
    assert await world.found(text="word") == ["g~1#2", "g~1#1"]
    assert world.indexer.indexed == 1


async def test_the_status_tells_of_making_and_following(world: World) -> None:
    reading = Reading(world.index, world.harness.inbox, 1)
    await world.say(HALL, "one", "two")
    assert not (await reading.status()).whole
    await world.read_on()
    status = await reading.status()
    assert (status.whole, status.messages, status.behind, status.walked) == (True, 2, 0, 1)
    await world.say(HALL, "three")
    assert (await reading.status()).behind == 1
