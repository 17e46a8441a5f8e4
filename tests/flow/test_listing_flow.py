"""The listing of open groups follows what conversations say, whatever fails between."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.support.backstage import Backstage, backstage

from chinwag.domain import outcome
from chinwag.domain.body import Text
from chinwag.domain.command import Join, Leave, Send, SetSettings, SetTitle
from chinwag.domain.conversation import GroupSettings
from chinwag.domain.ids import LISTING
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.accept import AcceptRules
from chinwag.flow.groups.listing import Listing, after_of
from chinwag.ports.directory import ListingMark

OPEN = GroupSettings(join="open", description="all are welcome")


async def titles(stage: Backstage, search: str = "") -> list[tuple[str, int]]:
    return [(one.title, one.members) for one in await stage.listing.page(search, None, 50)]


async def test_what_was_acked_is_listed_at_once(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people("1", "2")
        assert await titles(stage) == []
        chess = await stage.group("1", "Chess", OPEN)
        await stage.group("1", "Closed", GroupSettings())
        assert await titles(stage) == [("Chess", 1)]
        await stage.do("2", chess, Join())
        await stage.do("1", chess, SetTitle("Go"))
        assert await titles(stage) == [("Go", 2)]
        await stage.do("1", chess, SetSettings(GroupSettings()))
        assert await titles(stage) == []
        await stage.do("1", chess, SetSettings(OPEN))
        [found] = await stage.listing.page("GO", None, 5)
        assert (found.description, found.members) == ("all are welcome", 2)
        for one in ("1", "2"):
            await stage.do(one, chess, Leave())
        assert await titles(stage) == []


async def test_a_crash_between_the_group_and_its_row_is_made_good(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people("1")
        await stage.group("1", "Chess", OPEN)
    async with backstage(tmp_path / "data", epoch=2) as stage:
        stage.directory.failing = 1
        with pytest.raises(Refused):
            await titles(stage)
        assert await titles(stage) == [("Chess", 1)]


async def test_entries_read_twice_change_nothing(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people("1")
        group = await stage.group("1", "Chess", OPEN)
        await titles(stage)
        await stage.do("1", group, SetTitle("Go"))
        epoch = (await stage.embedded.inbox.bounds(LISTING)).epoch
        async with stage.directory.transaction() as transaction:
            await transaction.listing.advance(ListingMark(epoch + 1, 0))
    async with backstage(tmp_path / "data", epoch=2) as stage:
        assert await titles(stage) == [("Go", 1)]


async def test_what_is_listed_is_looked_at_again_if_entries_were_missed(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people("1")
        group = await stage.group("1", "Chess", OPEN)
        await titles(stage)
        await stage.do("1", group, SetSettings(GroupSettings()))
        while await stage.embedded.inbox.trim(1 << 60, 100):
            pass
        assert (await stage.embedded.inbox.bounds(LISTING)).floor > 1
        assert await titles(stage) == []


class AwayDirectory:
    """A directory that says, once it is let, that it is away."""

    def __init__(self) -> None:
        self.reads = 0
        self.begun = asyncio.Event()
        self.let = asyncio.Event()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Any]:
        self.reads += 1
        self.begun.set()
        await self.let.wait()
        raise Refused(Code.UNAVAILABLE, "the test says so")
        yield


async def test_who_waits_for_a_directory_that_is_away_waits_for_it_together(tmp_path: Path) -> None:
    """One after the other, each as long as it takes to see that nothing answers, the last would wait for minutes."""
    async with backstage(tmp_path / "data") as stage:
        await stage.people("1")
        await stage.group("1", "Chess", OPEN)
        away: Any = AwayDirectory()
        listing = Listing(away, stage.embedded.inbox, stage.embedded.message_store)
        first = asyncio.create_task(listing.page("", None, 5))
        await away.begun.wait()
        others = [asyncio.create_task(listing.page("", None, 5)) for _ in range(20)]
        await asyncio.sleep(0)
        away.let.set()
        told = await asyncio.gather(first, *others, return_exceptions=True)
        assert {one.code if isinstance(one, Refused) else None for one in told} == {Code.UNAVAILABLE}
        assert away.reads == 2


async def test_pages_hold_every_group_once(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people("1")
        for n in range(7):
            await stage.group("1", f"Group {n % 3}", OPEN)
        seen = []
        after = None
        while page := await stage.listing.page("group", after, 2):
            seen += [one.conversation for one in page]
            after = after_of(page[-1])
        assert len(seen) == len(set(seen)) == 7


async def test_of_a_wide_group_it_follows_some_of_those_who_come_and_all_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outcome, "LISTED_EACH", 3)
    rules = AcceptRules(group_members=4, large_group_members=20, wide_above=4, large_above=7, large_seconds=0)
    async with backstage(tmp_path / "data", rules=rules) as stage:
        everybody = [str(one) for one in range(1, 11)]
        await stage.people(*everybody)
        chess = await stage.group("1", "Chess", GroupSettings(join="open", large=True))
        posted = []
        for one in everybody[1:]:
            await stage.do(one, chess, Join())
            posted.append((await stage.embedded.inbox.bounds(LISTING)).head)
        # Each of the first four; then that of the sixth and of the ninth member.
        assert posted == [2, 3, 4, 4, 5, 5, 5, 6, 6]
        assert await titles(stage) == [("Chess", 10)]
        await stage.do("1", chess, SetTitle("Go"))
        assert await titles(stage) == [("Go", 10)]
        for one in ("9", "10"):
            await stage.do(one, chess, Leave())
        await stage.do("1", chess, Send(Text("hello")))
        assert (await stage.embedded.inbox.bounds(LISTING)).head == 8  # of the two goings one is told of
        await stage.do("1", chess, SetSettings(GroupSettings(large=True)))
        assert await titles(stage) == []
