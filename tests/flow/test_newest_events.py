"""A list that is small: few members of each conversation, and the newest events, within bytes."""

from pathlib import Path

import msgspec
import pytest
from tests.support.backstage import Backstage, backstage

from chinwag.domain.body import Text
from chinwag.domain.command import Leave, Send
from chinwag.domain.conversation import GroupSettings
from chinwag.domain.ids import AccountId
from chinwag.domain.views import ConversationPage
from chinwag.flow import newest_events as module
from chinwag.flow.conversations import Conversations
from chinwag.flow.history import History
from chinwag.flow.newest_events import with_newest
from chinwag.flow.states import States

ANNA, *OTHERS = map(str, range(1, 9))


async def _list(stage: Backstage, account: str, members: int | None, events: int) -> ConversationPage:
    store, marks = stage.embedded.message_store, stage.embedded.mark_store
    page = await Conversations(store, marks, stage.embedded.inbox).page(AccountId(account), None, 50, members)
    return await with_newest(page, AccountId(account), events, History(store, marks, States(store)))


async def test_those_who_wrote_last_are_listed_and_all_are_counted(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people(ANNA, *OTHERS)
        tea = await stage.group(ANNA, "Tea", GroupSettings(), *OTHERS)
        for author in (OTHERS[5], OTHERS[2]):
            await stage.do(author, tea, Send(Text("hello")))
        (view,) = (await _list(stage, ANNA, 2, 0)).conversations
        assert [member.account for member in view.members] == [ANNA, OTHERS[2], OTHERS[5]]
        assert view.member_count == 8
        (whole,) = (await _list(stage, ANNA, None, 0)).conversations
        assert (len(whole.members), whole.member_count, whole.events) == (8, 8, [])
        (few,) = (await _list(stage, ANNA, 0, 0)).conversations
        assert [member.account for member in few.members] == [ANNA]


async def test_the_newest_events_come_along_as_far_as_one_may_read(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people(ANNA, *OTHERS)
        tea = await stage.group(ANNA, "Tea", GroupSettings(), OTHERS[0])
        for count in range(5):
            await stage.do(ANNA, tea, Send(Text(f"text {count}")))
        await stage.do(OTHERS[0], tea, Leave())
        await stage.do(ANNA, tea, Send(Text("they are gone")))
        (gone,) = (await _list(stage, OTHERS[0], 0, 3)).conversations
        (here,) = (await _list(stage, ANNA, 0, 20)).conversations
        assert [msgspec.json.decode(event)["number"] for event in gone.events] == [5, 6, 7]
        assert [msgspec.json.decode(event)["number"] for event in here.events] == list(range(1, 9))
        assert bytes(here.last) == bytes(here.events[-1])


async def test_long_texts_do_not_make_a_long_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EVENT_BYTES", 4_000)
    async with backstage(tmp_path / "data") as stage:
        await stage.people(ANNA, *OTHERS)
        groups = [await stage.group(ANNA, f"Group {count}", GroupSettings()) for count in range(4)]
        for group in groups:
            await stage.do(ANNA, group, Send(Text("x" * 2_500)))
        views = (await _list(stage, ANNA, 0, 1)).conversations
        assert sum(len(bytes(event)) for view in views for event in view.events) <= 4_000
        assert [len(view.events) for view in views] == [1, 0, 0, 0]
