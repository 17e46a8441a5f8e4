"""Whoever was told of a group before any state says so, and asks for it, is not told that there is none."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from tests.support.backstage import Backstage, backstage

from chinwag.domain.body import Text
from chinwag.domain.command import Join, Send
from chinwag.domain.conversation import Conversation, GroupSettings
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.avatars.group import picture_in
from chinwag.flow.conversations import Conversations
from chinwag.flow.groups.links import list_links
from chinwag.flow.groups.members import Members
from chinwag.flow.history import History
from chinwag.flow.states import States
from chinwag.ports.message_store import EventName

ANN, BEN = AccountId("1"), AccountId("2")


class Behind:
    """A store with all rows of a batch but the state, which is as `held`. comes: whether it is on its way."""

    posts_first = True

    def __init__(self, stage: Backstage, held: Conversation | None, *, comes: bool) -> None:
        self.stage, self.held, self.comes = stage, held, comes

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stage.embedded.message_store, name)

    async def states(self, wanted: Sequence[ConversationId]) -> list[Conversation | None]:
        return [self.held for _ in wanted]

    async def under_way(self, events: Sequence[EventName]) -> list[bool]:
        assert [number for _, number in events] == [self.held.head + 1 if self.held is not None else 1]
        return [self.comes]


Reading = Callable[[Any, AccountId, ConversationId], Awaitable[object]]


def _people(store: Any) -> Members:
    nobody: Any = None
    return Members(store, States(store), nobody)


def _avatars(store: Any) -> Any:
    return SimpleNamespace(store=store, states=States(store))


def _links(store: Any) -> Any:
    return msgspec.structs.replace(store.stage.links, store=store, states=States(store))


READINGS: dict[str, Reading] = {
    "view": lambda store, who, group: Conversations(store, store.stage.embedded.mark_store, store).view(who, group),
    "changes": lambda store, who, group: History(store, store.stage.embedded.mark_store, States(store)).changes(
        who, group, 0, 50
    ),
    "members": lambda store, who, group: _people(store).page(who, group, None, 50),
    "picture": lambda store, who, group: picture_in(_avatars(store), who, group),
    "links": lambda store, who, group: list_links(_links(store), who, group),
}


async def _said(reading: Reading, store: Behind, who: AccountId, group: ConversationId) -> Code:
    with pytest.raises(Refused) as refused:
        await reading(store, who, group)
    return refused.value.code


@pytest.mark.parametrize("reading", READINGS.values(), ids=READINGS)
async def test_who_asks_for_what_is_being_stored_is_to_try_again(tmp_path: Path, reading: Reading) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people(ANN, BEN)
        tea = await stage.group(ANN, "Tea", GroupSettings(join="open"))
        (before,) = await stage.embedded.message_store.states([tea])
        assert await _said(reading, Behind(stage, before, comes=True), BEN, tea) is Code.NO_CONVERSATION
        await stage.do(BEN, tea, Join())
        assert await _said(reading, Behind(stage, before, comes=True), BEN, tea) is Code.UNAVAILABLE
        assert await _said(reading, Behind(stage, None, comes=True), ANN, tea) is Code.UNAVAILABLE
        assert await _said(reading, Behind(stage, None, comes=False), ANN, tea) is Code.NO_CONVERSATION
        assert await _said(reading, Behind(stage, None, comes=True), AccountId("3"), tea) is Code.NO_CONVERSATION


async def test_who_writes_into_it_is_answered_by_the_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people(ANN, BEN)
        tea = await stage.group(ANN, "Tea", GroupSettings())

        def see(*, comes: bool) -> None:
            store: Any = Behind(stage, None, comes=comes)
            monkeypatch.setattr(stage.accept, "_store", store)
            monkeypatch.setattr(stage.accept, "_states", States(store))

        see(comes=True)
        assert await stage.do(ANN, tea, Send(Text("first")))
        for who, comes in ((BEN, True), (ANN, False)):
            see(comes=comes)
            with pytest.raises(Refused) as refused:
                await stage.do(who, tea, Send(Text("not in")))
            assert refused.value.code is Code.NO_CONVERSATION
