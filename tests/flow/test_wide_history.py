"""History of a wide group: of those who come and go each is shown itself alone, and pages are full all the same."""

from pathlib import Path

import msgspec
import pytest
from tests.flow.test_shown_rows import Counting
from tests.flow.test_wide_readers import OWNER, PLAIN, wide
from tests.support.backstage import Backstage

from chinwag.domain.body import Text
from chinwag.domain.command import Edit, Join, Leave, Remove, Send, SetTitle
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.refusal import Code, Refused
from chinwag.domain.views import EventPage
from chinwag.flow import shown
from chinwag.flow.conversations import Conversations
from chinwag.flow.history import History


def history_of(stage: Backstage) -> tuple[History, Counting]:
    store = Counting(stage.embedded.message_store)
    return History(store, stage.embedded.mark_store, stage.states), store  # type: ignore[arg-type]


def numbers(page: EventPage) -> list[int]:
    return [msgspec.json.decode(event)["number"] for event in page.events]


async def come_and_go(stage: Backstage, tea: ConversationId, times: int) -> None:
    for _ in range(times):
        await stage.do("6", tea, Join())
        await stage.do("6", tea, Leave())


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shown, "STEP", 4)


async def test_pages_pass_over_those_who_come_and_go(tmp_path: Path) -> None:
    async with wide(tmp_path / "data") as (stage, tea):
        one = (await stage.do(OWNER, tea, Send(Text("one")))).number
        await come_and_go(stage, tea, 9)
        two = (await stage.do(OWNER, tea, Send(Text("two")))).number
        await come_and_go(stage, tea, 9)
        title = (await stage.do(OWNER, tea, SetTitle("Coffee"))).number
        await stage.do(OWNER, tea, Edit(two, Text("more")))
        await come_and_go(stage, tea, 9)
        history, store = history_of(stage)
        reader = AccountId(PLAIN)
        assert numbers(await history.page_before(reader, tea, None, 3)) == [one, two, title]
        assert store.rows < 30
        assert numbers(await history.page_after(reader, tea, one, 2)) == [two, title]
        assert numbers(await history.page_after(reader, tea, title, 5)) == []
        assert numbers(await history.page_around(reader, tea, two + 3, 2)) == [two, title]
        assert numbers(await history.page_around(reader, tea, title + 3, 2)) == [title]
        with pytest.raises(Refused) as refused:
            await history.one(reader, tea, one + 1)
        assert refused.value.code is Code.NO_MESSAGE
        # What is given by number has them all.
        assert numbers(await history.changes(reader, tea, one, 200)) == list(range(one + 1, title + 20))


async def test_each_is_shown_its_own_coming_and_going_wherever_that_lies(tmp_path: Path) -> None:
    async with wide(tmp_path / "data") as (stage, tea):
        one = (await stage.do(OWNER, tea, Send(Text("one")))).number
        await come_and_go(stage, tea, 9)
        came = (await stage.do("7", tea, Join())).number
        await come_and_go(stage, tea, 9)
        two = (await stage.do(OWNER, tea, Send(Text("two")))).number
        await come_and_go(stage, tea, 9)
        history, _ = history_of(stage)
        reader = AccountId("7")
        assert numbers(await history.page_before(reader, tea, None, 3)) == [one, came, two]
        assert numbers(await history.page_after(reader, tea, one, 2)) == [came, two]
        assert (await history.one(reader, tea, came))[1] == two + 18
        assert numbers(await history.page_before(AccountId(PLAIN), tea, None, 2)) == [one, two]
        await stage.do(OWNER, tea, Remove(reader))
        went = (await stage.state(tea)).head
        await come_and_go(stage, tea, 1)
        assert numbers(await history.page_before(reader, tea, None, 2)) == [two, went]
        again = (await stage.do(OWNER, tea, Send(Text("three")))).number
        assert numbers(await history.page_before(AccountId(PLAIN), tea, None, 2)) == [two, again]


async def test_whoever_came_more_than_once_is_shown_each_time_also_when_it_has_gone(tmp_path: Path) -> None:
    async with wide(tmp_path / "data") as (stage, tea):
        one = (await stage.do(OWNER, tea, Send(Text("one")))).number
        reader, own = AccountId("7"), list[int]()
        history, _ = history_of(stage)
        for _ in range(2):
            await come_and_go(stage, tea, 9)
            own.append((await stage.do("7", tea, Join())).number)
            await come_and_go(stage, tea, 9)
            assert numbers(await history.page_after(reader, tea, one - 1, 9)) == [one, *own]
            own.append((await stage.do("7", tea, Leave())).number)
            assert numbers(await history.page_before(reader, tea, None, 9))[-len(own) - 1 :] == [one, *own]
            assert numbers(await history.page_after(reader, tea, one - 1, 9)) == [one, *own]


async def test_the_newest_of_a_page_is_what_the_view_shows_last(tmp_path: Path) -> None:
    async with wide(tmp_path / "data") as (stage, tea):
        views = Conversations(stage.embedded.message_store, stage.embedded.mark_store, stage.embedded.inbox)
        history, _ = history_of(stage)
        await stage.do(OWNER, tea, Send(Text("one")))
        await come_and_go(stage, tea, 3)
        await stage.do("7", tea, Join())
        for reader in map(AccountId, (PLAIN, "7")):
            view = await views.view(reader, tea)
            assert numbers(await history.page_before(reader, tea, None, 1)) == [view.shown]
            assert msgspec.json.decode(view.last)["number"] == view.shown


async def test_a_title_that_looks_like_it_is_shown(tmp_path: Path) -> None:
    async with wide(tmp_path / "data") as (stage, tea):
        title = (await stage.do(OWNER, tea, SetTitle('"shown":7,"shown": 7'))).number
        history, _ = history_of(stage)
        assert numbers(await history.page_before(AccountId(PLAIN), tea, None, 1)) == [title]
