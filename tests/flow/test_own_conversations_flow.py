"""The list of somebody's conversations: each once, the latest first, at the same price however many there are."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.support.backstage import Backstage, backstage

from chinwag.domain.body import Text
from chinwag.domain.command import Leave, Send
from chinwag.domain.conversation import GroupSettings
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.rate import Rate
from chinwag.flow import conversations, own_conversations
from chinwag.flow.additions import Additions
from chinwag.flow.clock import system_clock
from chinwag.flow.conversations import Conversations
from chinwag.flow.own_allowances import OwnAllowances
from chinwag.flow.own_conversations import WINDOW

ANN = AccountId("1")


class Counted:
    """A store or an inbox whose rows are counted as they are read."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.rows = 0

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)

        async def counted(*given: Any, **named: Any) -> Any:
            answer = await method(*given, **named)
            if isinstance(answer, Sequence):
                self.rows += len(answer)
            else:
                entries = getattr(answer, "entries", ())
                self.rows += sum(entry.count for entry in entries) or 1
            return answer

        return counted


async def listed(views: Conversations, limit: int, room: int = 1 << 20) -> list[ConversationId]:
    """All pages, one after the other, none with a conversation after the one that filled `room` bytes."""
    found: list[ConversationId] = []
    before: str | None = None
    for _ in range(10_000):
        page = await views.page(ANN, before, limit)
        assert len(page.conversations) <= limit
        assert sum(len(msgspec.json.encode(one)) for one in page.conversations[:-1]) < room
        found += [one.id for one in page.conversations]
        before = page.next
        if before is None:
            return found
    raise AssertionError("pages without end")


async def many(stage: Backstage, count: int) -> list[ConversationId]:
    """So many groups of Ann's, as old as their place."""
    unlimited = Rate(1e6, 10**6)
    stage.accept._sends._devices._rate = stage.accept._sends._accounts._rate = unlimited
    stage.accept._permits._additions = Additions(OwnAllowances(system_clock), unlimited, unlimited)
    await stage.people("1", "2")
    return [await stage.group("1", f"Group {number}", GroupSettings()) for number in range(count)]


def views_of(stage: Backstage, store: Any = None, inbox: Any = None) -> Conversations:
    embedded = stage.embedded
    return Conversations(store or embedded.message_store, embedded.mark_store, inbox or embedded.inbox)


@pytest.mark.parametrize("window", [0, 1, 7, 1_000])
@pytest.mark.parametrize(("limit", "room"), [(1, 1 << 20), (3, 1 << 20), (200, 1 << 20), (200, 1), (200, 1_500)])
async def test_each_is_listed_once_and_the_latest_first(
    tmp_path: Path, window: int, limit: int, room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where pages end early, each with the conversation that fills it."""
    monkeypatch.setattr(own_conversations, "WINDOW", window)
    monkeypatch.setattr(conversations, "PAGE_BYTES", room)
    async with backstage(tmp_path / "data") as stage:
        groups = await many(stage, 20)
        for place in (3, 11, 3, 5):
            await stage.do("1", groups[place], Send(Text("hello")))
        await stage.do("1", groups[7], Leave())
        latest = [groups[place] for place in (7, 5, 3, 11)]
        found = await listed(views_of(stage), limit, room)
        assert sorted(found) == sorted(groups)
        if window >= 7:
            assert found[:4] == latest
        if window == 1_000:
            assert found[4:] == [one for one in reversed(groups) if one not in latest]


async def test_a_page_costs_the_same_however_many_conversations_there_are(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        costs: list[list[int]] = []
        groups: list[ConversationId] = []
        for count in (WINDOW + 200, 2_000):
            groups += (await many(stage, count)) if not groups else []
            groups += [await stage.group("1", "More", GroupSettings()) for _ in range(count - len(groups))]
            store, inbox = Counted(stage.embedded.message_store), Counted(stage.embedded.inbox)
            views = views_of(stage, store, inbox)
            each: list[int] = []
            begun = (await views.page(ANN, None, 1)).next
            assert begun is not None
            stretch = begun.rsplit(".", 2)[0]
            by_name = sorted(groups, key=lambda one: (len(one), one))
            for before in (None, begun, f"{stretch}.0.{by_name[0]}", f"{stretch}.0.{by_name[9]}"):
                store.rows = inbox.rows = 0
                page = await views.page(ANN, before, 1)
                assert len(page.conversations) == 1
                assert page.next is not None
                each += [store.rows, inbox.rows]
            costs.append(each)
        assert costs[0] == costs[1]
        assert max(costs[0][::2]) < 20
        assert max(costs[0][1::2]) <= WINDOW + 2


async def test_one_that_becomes_active_between_two_pages_is_not_lost(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        groups = await many(stage, 9)
        views = views_of(stage)
        page = await views.page(ANN, None, 2)
        found = [one.id for one in page.conversations]
        while page.next is not None:
            await stage.do("1", groups[0], Send(Text("hello")))
            await stage.do("1", groups[4], Send(Text("hello")))
            page = await views.page(ANN, page.next, 2)
            found += [one.id for one in page.conversations]
        assert set(found) == set(groups)


async def test_what_the_inbox_has_forgotten_is_listed_by_name(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        groups = await many(stage, 5)
        first = await views_of(stage).page(ANN, None, 2)
        await stage.embedded.inbox.forget(ANN)
        assert sorted(await listed(views_of(stage), 2)) == sorted(groups)
        rest = await views_of(stage).page(ANN, first.next, 200)
        assert {one.id for one in (*first.conversations, *rest.conversations)} == set(groups)
