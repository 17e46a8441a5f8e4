"""Large groups, which come to no inbox, stand in the list of one's conversations by what was said in them last."""

from pathlib import Path
from typing import Any

import pytest
from tests.support.backstage import Backstage, backstage

from chinwag.domain.body import Text
from chinwag.domain.command import Join, Leave, Send
from chinwag.domain.conversation import GroupSettings
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.flow.accept import AcceptRules
from chinwag.flow.clock import system_clock
from chinwag.flow.conversations import Conversations
from chinwag.flow.large import own_large, own_wide
from chinwag.flow.large.own_large import OwnLarge
from chinwag.flow.large.own_wide import OwnWide

RULES = AcceptRules(group_members=3, large_group_members=20, wide_above=2, large_above=3, large_seconds=0)
HOW = GroupSettings(join="open", large=True)
ME = "1"


class Listed:
    """A stage whose people are in groups of four, which are large, and in groups of two."""

    def __init__(self, stage: Backstage) -> None:
        self.stage = stage
        stores = stage.embedded
        self.wide = OwnWide(stores.message_store)
        large = OwnLarge(stores.message_store, self.wide)
        self.views = Conversations(stores.message_store, stores.mark_store, stores.inbox, large=large)
        self.last = system_clock()

    async def later(self) -> None:
        """Two events have two times."""
        while system_clock() <= self.last + 1:
            await self.stage.embedded.inbox.bounds(AccountId(ME))
        self.last = system_clock()

    async def group(self, *, large: bool) -> ConversationId:
        await self.later()
        group = await self.stage.group("2", "Tea", HOW, ME)
        for one in ("3", "4") if large else ():
            await self.stage.do(one, group, Join())
        assert (await self.stage.embedded.message_store.states([group]))[0].large is large  # type: ignore[union-attr]
        await self.wide.job.step()
        return group

    async def say(self, group: ConversationId, who: str = "2") -> None:
        await self.later()
        await self.stage.do(who, group, Send(Text("hello")))

    async def pages(self, limit: int, account: str = ME, between: Any = None) -> list[ConversationId]:
        found: list[ConversationId] = []
        before: str | None = None
        for _ in range(100):
            page = await self.views.page(AccountId(account), before, limit)
            found += [one.id for one in page.conversations]
            before = page.next
            if before is None:
                return found
            if between is not None:
                await between()
        raise AssertionError("pages without end")


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
async def test_they_stand_among_the_others_by_their_time(
    tmp_path: Path, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_large, "SETTLED_MS", -(1 << 60))
    async with backstage(tmp_path / "data", rules=RULES) as stage:
        await stage.people("1", "2", "3", "4", "5")
        listed = Listed(stage)
        groups = [await listed.group(large=place % 2 == 0) for place in range(6)]
        for place in (2, 1, 0, 3, 4, 5, 2):
            await listed.say(groups[place])
        await listed.later()
        await stage.do("3", groups[0], Leave())  # which is shown to nobody
        expected = [groups[place] for place in (2, 5, 4, 3, 0, 1)]
        assert await listed.pages(limit) == expected
        await listed.say(groups[0], ME)  # one's own word is posted to oneself, and no other position counts
        assert await listed.pages(limit) == [groups[0], *[one for one in expected if one != groups[0]]]


async def test_one_s_own_coming_moves_one_s_own_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_large, "SETTLED_MS", -(1 << 60))
    async with backstage(tmp_path / "data", rules=RULES) as stage:
        await stage.people("1", "2", "3", "4", "5")
        listed = Listed(stage)
        old, other = await listed.group(large=True), await listed.group(large=True)
        await listed.later()
        await stage.do("5", other, Join())
        await listed.say(other)
        await listed.later()
        await stage.do("5", old, Join())
        assert await listed.pages(1, "5") == [old, other]
        assert await listed.pages(1) == [other, old], "nobody else is shown it"


async def test_one_that_moves_while_the_pages_are_read_is_not_lost(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data", rules=RULES) as stage:
        await stage.people("1", "2", "3", "4", "5")
        listed = Listed(stage)
        groups = [await listed.group(large=place % 2 == 0) for place in range(6)]
        turns = iter([groups[0], groups[2], groups[0], groups[1]])

        async def moving() -> None:
            if (group := next(turns, None)) is not None:
                await listed.say(group)

        found = await listed.pages(1, between=moving)
        assert set(found) == set(groups)
        assert max(found.count(one) for one in groups) <= 2


async def test_one_that_another_process_did_not_know_yet_is_not_lost(tmp_path: Path) -> None:
    """The first page comes from a process that has not heard of the group; the second from one that has."""
    async with backstage(tmp_path / "data", rules=RULES) as stage:
        await stage.people("1", "2", "3", "4", "5")
        listed = Listed(stage)
        known, fresh, small = (
            await listed.group(large=True),
            await listed.group(large=True),
            await listed.group(large=False),
        )
        behind = Listed(stage)
        await behind.wide.job.step()
        behind.wide.known = frozenset({known})
        first = await behind.views.page(AccountId(ME), None, 1)
        second = await listed.views.page(AccountId(ME), first.next, 50)
        assert {one.id for one in (*first.conversations, *second.conversations)} == {known, fresh, small}


async def test_with_no_wide_group_places_are_as_they_were(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data", rules=RULES) as stage:
        await stage.people("1", "2")
        listed = Listed(stage)
        groups = [await listed.group(large=False) for _ in range(3)]
        page = await listed.views.page(AccountId(ME), None, 1)
        assert page.next is not None
        assert page.next.split(".")[0].isdecimal()
        plain = Conversations(stage.embedded.message_store, stage.embedded.mark_store, stage.embedded.inbox)
        rest = await plain.page(AccountId(ME), page.next, 50)
        assert [one.id for one in (*page.conversations, *rest.conversations)] == groups[::-1]


async def test_a_page_costs_no_more_however_many_conversations_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_wide, "PAGE", 2)
    async with backstage(tmp_path / "data", rules=RULES) as stage:
        await stage.people("1", "2", "3", "4")
        listed = Listed(stage)
        groups = [await listed.group(large=large) for large in (False, True, False, False, False, True, False)]
        large = [groups[1], groups[5]]
        store, pages = stage.embedded.message_store, 0
        memberships_after = store.memberships_after

        async def counted(account: AccountId, after: ConversationId, limit: int) -> Any:
            nonlocal pages
            pages += 1
            return await memberships_after(account, after, limit)

        monkeypatch.setattr(store, "memberships_after", counted)
        assert (await listed.wide.of(AccountId(ME)), pages) == (large, 1)
        assert await listed.wide.of(AccountId("9")) == []
        await stage.do(ME, large[0], Leave())
        assert await listed.wide.of(AccountId(ME)) == [large[1]]
        await stage.do(ME, large[0], Join())
        assert await listed.wide.of(AccountId(ME)) == large
        # with more wide groups than that all of one's own are looked through
        listed.wide.known |= {ConversationId("g~7"), ConversationId("g~8")}
        pages = 0
        assert (await listed.wide.of(AccountId(ME)), pages > 2) == (large, True)
