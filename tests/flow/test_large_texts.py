"""What is said in a large group is found, pinned, edited and deleted as anywhere, though it is copied to nobody."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from tests.flow.test_wide_readers import OWNER, PLAIN, wide
from tests.support.backstage import Backstage

from chinwag.adapters.embedded.search_index import EmbeddedSearchIndex
from chinwag.domain.body import Text
from chinwag.domain.command import Add, Delete, Edit, Join, Pin, Remove, Send
from chinwag.domain.conversation import GroupSettings
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.mentions import ALL
from chinwag.domain.rate import Rate
from chinwag.flow.clock import system_clock
from chinwag.flow.conversations import Conversations
from chinwag.flow.history import History
from chinwag.flow.search.indexer import Indexer
from chinwag.flow.search.progress import Reading
from chinwag.flow.search.search import Question, Search
from chinwag.ports.bus import Moved, Publication, moved_of


class Finding:
    """The index of a stage, and searches of it."""

    def __init__(self, stage: Backstage, index: EmbeddedSearchIndex) -> None:
        embedded = stage.embedded
        partitions = embedded.log.partitions
        self._indexer = Indexer(index, embedded.inbox, embedded.message_store, partitions, system_clock)
        reading = Reading(index, embedded.inbox, partitions)
        self._search = Search(index, embedded.message_store, reading.indexed_up_to, rate=Rate(1e9, 1 << 30), seconds=60)

    async def found(self, account: str, text: str) -> list[int]:
        """The numbers of what is found once the index has read on."""
        while await self._indexer.step():
            pass
        page = await self._search.search(AccountId(account), Question(text=text), 20)
        return [msgspec.json.decode(hit.message)["number"] for hit in page.hits]


@asynccontextmanager
async def large(data: Path, settings: GroupSettings) -> AsyncIterator[tuple[Backstage, ConversationId, Finding]]:
    async with wide(data, settings, members=8) as (stage, tea):
        assert (await stage.state(tea)).large
        index = await EmbeddedSearchIndex.open(data / "found.sqlite")
        try:
            yield stage, tea, Finding(stage, index)
        finally:
            await index.close()


async def test_edits_and_deletions_reach_the_index_and_the_pins(tmp_path: Path) -> None:
    async with large(tmp_path / "data", GroupSettings(join="open", large=True)) as (stage, tea, finding):
        one = (await stage.do(PLAIN, tea, Send(Text("the weather is fine")))).number
        two = (await stage.do(OWNER, tea, Send(Text("weather again")))).number
        assert await finding.found("8", "weather") == [two, one]
        for number in (one, two):
            await stage.do(OWNER, tea, Pin(number))
        await stage.do(PLAIN, tea, Edit(one, Text("the river is cold")))
        assert (await finding.found("8", "weather"), await finding.found("8", "river")) == ([two], [one])
        await stage.do(OWNER, tea, Delete(two))
        await stage.do(OWNER, tea, Delete(one))
        assert (await finding.found("8", "weather"), await finding.found("8", "river")) == ([], [])
        history = History(stage.embedded.message_store, stage.embedded.mark_store, stage.states)
        pinned = await history.pins(AccountId("8"), tea)
        assert not any(word in bytes(event) for event in pinned for word in (b"river", b"weather"))
        page = await history.changes(AccountId("8"), tea, 0, 200)
        assert not any(word in bytes(event) for event in page.events for word in (b"river", b"weather"))


async def test_a_nudge_names_no_message_to_all_that_is_none_any_more(tmp_path: Path) -> None:
    async with large(tmp_path / "data", GroupSettings(join="open", large=True)) as (stage, tea, _):
        told: list[int] = []

        def heard(publication: Publication) -> None:
            assert isinstance(publication, Moved)
            told.append(publication.all)

        stop = stage.embedded.bus.subscribe(moved_of(tea), heard)
        to_all = Text("look, all", mentions=(ALL,))
        one, two = [(await stage.do(OWNER, tea, Send(to_all))).number for _ in range(2)]
        await stage.do(OWNER, tea, Edit(one, Text("nothing")))
        await stage.do(OWNER, tea, Delete(two))
        last = (await stage.do(OWNER, tea, Send(to_all))).number
        while len(told) < 5:  # noqa: ASYNC110 - told after the answer, with nobody else to tell
            await asyncio.sleep(0)
        stop()
        assert told == [one, two, 0, 0, last]


async def test_whoever_comes_where_history_begins_with_the_joining_is_given_nothing_of_before(tmp_path: Path) -> None:
    async with large(tmp_path / "data", GroupSettings(join="open", large=True, history="joined")) as (
        stage,
        tea,
        finding,
    ):
        old = (await stage.do(OWNER, tea, Send(Text("secret")))).number
        await stage.do(OWNER, tea, Pin(old))
        came = (await stage.do("9", tea, Join())).number
        embedded, reader = stage.embedded, AccountId("9")
        views = Conversations(embedded.message_store, embedded.mark_store, embedded.inbox)
        view = await views.view(reader, tea)
        assert (view.first, view.shown, view.pins, view.unread) == (came, came, [], 0)
        history = History(embedded.message_store, embedded.mark_store, stage.states)
        assert await history.pins(reader, tea) == []
        assert await finding.found("9", "secret") == []
        # Of a stay that was broken off one reads the two parts and nothing between.
        await stage.do(OWNER, tea, Remove(reader))
        between = (await stage.do(OWNER, tea, Send(Text("secret between")))).number
        again = (await stage.do(OWNER, tea, Add(reader))).number
        new = (await stage.do(OWNER, tea, Send(Text("no secret any more")))).number
        assert await finding.found("9", "secret") == [new]
        changes = [
            msgspec.json.decode(event)["number"] for event in (await history.changes(reader, tea, 0, 200)).events
        ]
        assert changes == [came, came + 1, again, new]
        assert between not in changes
        everything = msgspec.json.encode(
            [await views.view(reader, tea), await history.page_before(reader, tea, None, 50)]
        )
        assert (b"secret between" in everything, b'"text":"secret"' in everything) == (False, False)
