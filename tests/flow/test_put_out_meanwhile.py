"""Whoever is put out while a page is made reads up to that, and nothing that was said after it (P10)."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.support.backstage import Backstage, backstage

from chinwag.domain.body import Text
from chinwag.domain.command import Add, Remove, Send
from chinwag.domain.conversation import GroupSettings, Span
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.refusal import Code, Refused
from chinwag.domain.views import EventPage
from chinwag.flow.history import History
from chinwag.flow.states import States

ANN, BEN = AccountId("1"), AccountId("2")
Happen = Callable[[], Awaitable[object]]

READINGS: dict[str, Callable[[History, ConversationId], Awaitable[EventPage]]] = {
    "before": lambda history, group: history.page_before(BEN, group, None, 50),
    "after": lambda history, group: history.page_after(BEN, group, 0, 50),
    "around": lambda history, group: history.page_around(BEN, group, 2, 50),
    "at": lambda history, group: history.page_at(BEN, group, 1 << 50, 50),
    "changes": lambda history, group: history.changes(BEN, group, 0, 50),
}


class Meanwhile:
    """A store in which something happens once spans were read, before whoever asked for them goes on."""

    def __init__(self, store: Any, happens: Sequence[Happen]) -> None:
        self._store = store
        self._happens = list(happens)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def spans(self, account: AccountId, conversation: ConversationId) -> Sequence[Span]:
        found: Sequence[Span] = await self._store.spans(account, conversation)
        if self._happens:
            await self._happens.pop(0)()
        return found


def _history(stage: Backstage, *happens: Happen) -> History:
    store: Any = Meanwhile(stage.embedded.message_store, happens)
    return History(store, stage.embedded.mark_store, States(store))


def _numbers(page: EventPage) -> list[int]:
    return [msgspec.json.decode(event)["number"] for event in page.events]


@pytest.mark.parametrize("reading", READINGS)
async def test_nothing_is_read_that_was_said_after_one_was_put_out(tmp_path: Path, reading: str) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people("1", "2")
        tea = await stage.group("1", "Tea", GroupSettings(), "2")
        await stage.do("1", tea, Send(Text("for both")))

        async def put_out() -> None:
            assert (await stage.do("1", tea, Remove(BEN))).number == 3
            await stage.do("1", tea, Send(Text("behind the back of ben")))

        page = await READINGS[reading](_history(stage, put_out), tea)
        assert _numbers(page) == [1, 2, 3]
        assert page.head == 3


@pytest.mark.parametrize("reading", READINGS)
async def test_nor_what_was_said_until_one_was_added_again(tmp_path: Path, reading: str) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people("1", "2")
        tea = await stage.group("1", "Tea", GroupSettings(history="joined"), "2")
        await stage.do("1", tea, Send(Text("for both")))

        async def put_out_and_add() -> None:
            await stage.do("1", tea, Remove(BEN))
            await stage.do("1", tea, Send(Text("behind the back of ben")))
            assert (await stage.do("1", tea, Add(BEN))).number == 5

        page = await READINGS[reading](_history(stage, put_out_and_add), tea)
        assert set(_numbers(page)) <= {1, 2, 3, 5}
        assert page.head == 5


async def test_who_comes_and_goes_all_the_time_is_asked_to_try_again(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people("1", "2")
        tea = await stage.group("1", "Tea", GroupSettings(history="joined"), "2")

        async def put_out_and_add() -> None:
            await stage.do("1", tea, Remove(BEN))
            await stage.do("1", tea, Add(BEN))

        with pytest.raises(Refused) as refused:
            await _history(stage, *[put_out_and_add] * 9).page_before(BEN, tea, None, 50)
        assert refused.value.code is Code.UNAVAILABLE
