"""Marks that are moved by a process whose state of the group is a moment old."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from tests.support.backstage import Backstage, backstage

from chinwag.domain.body import Text
from chinwag.domain.command import Add, Remove, Send
from chinwag.domain.conversation import GroupSettings
from chinwag.domain.ids import AccountId, ConversationId, direct_id
from chinwag.domain.marks import as_shown
from chinwag.flow import marks
from chinwag.flow.accounts.block import block, unblock
from chinwag.flow.clock import system_clock
from chinwag.flow.inbox_marks import INBOX
from chinwag.flow.marks import MarkFlow
from chinwag.flow.states import States
from chinwag.ports.inbox import Inline


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Backstage]:
    async with backstage(tmp_path / "data") as opened:
        await opened.people("1", "2", "3")
        yield opened


def _flow(stage: Backstage) -> tuple[MarkFlow, States]:
    """One whose states stay as old as they are."""
    stores = stage.embedded
    states = States(stores.message_store, now=lambda: 0.0)
    return MarkFlow(stores.message_store, stores.mark_store, stores.inbox, states, system_clock), states


async def _told(stage: Backstage, account: str) -> list[tuple[str, str, int]]:
    """The marks of others in an account's inbox: kind, whose, number."""
    page = await stage.embedded.inbox.read(AccountId(account), 0, 10_000)
    events = [msgspec.json.decode(one.event) for one in page.entries if isinstance(one, Inline)]
    return [(one["kind"], one["account"], one["number"]) for one in events if one["kind"] in ("read", "delivered")]


async def _written(stage: Backstage, after: int = 0) -> tuple[ConversationId, int]:
    """A group in which 2 has written, and `after` more messages came."""
    group = await stage.group("1", "Chess", GroupSettings(), "2", "3")
    number = (await stage.do("2", group, Send(Text("hello")))).number
    for _ in range(after):
        await stage.do("3", group, Send(Text("more")))
    return group, number


@pytest.mark.parametrize("after", [0, 3], ids=["few", "more than is looked through"])
async def test_an_author_who_comes_back_meanwhile_is_told(
    stage: Backstage, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marks, "SCAN", 2)
    group, number = await _written(stage, after)
    flow, states = _flow(stage)
    await stage.do("1", group, Remove(AccountId("2")))
    await states.get(group)  # without 2
    await stage.do("1", group, Add(AccountId("2")))
    flow.read(AccountId("1"), group, number + after)
    await flow.apply()
    assert await _told(stage, "2") == [("read", "1", number + after)]


async def test_so_it_is_with_what_is_delivered(stage: Backstage) -> None:
    group, number = await _written(stage)
    flow, states = _flow(stage)
    head = (await stage.embedded.inbox.bounds(AccountId("1"))).head
    await stage.do("1", group, Remove(AccountId("2")))
    await states.get(group)
    await stage.do("1", group, Add(AccountId("2")))
    flow.received(AccountId("1"), head)
    await flow.apply()
    assert await _told(stage, "2") == [("delivered", "1", number)]
    assert (await stage.embedded.mark_store.marks([(INBOX, AccountId("1"))]))[0].delivered.number == head


async def test_an_author_who_stays_away_is_told_nothing(stage: Backstage) -> None:
    group, number = await _written(stage)
    flow, _ = _flow(stage)
    await stage.do("1", group, Remove(AccountId("2")))
    flow.read(AccountId("1"), group, number)
    await flow.apply()
    assert await _told(stage, "2") == []


async def test_what_was_read_while_one_took_nothing_is_told_of_by_no_mark_but_a_read_one(stage: Backstage) -> None:
    anna, berta = AccountId("1"), AccountId("2")
    pair = direct_id(anna, berta)
    for _ in range(2):
        assert await stage.write("1", "2") is None
    await block(stage.accounts, berta, anna)
    while await stage.declines.once():
        pass
    flow, _ = _flow(stage)
    flow.read(berta, pair, 2)
    await flow.apply()
    assert await _told(stage, "1") == []
    await unblock(stage.accounts, berta, anna)
    while await stage.declines.once():
        pass
    # A message of her own comes to another device of hers: it says of the earlier ones that they came.
    assert await stage.write("2", "1") is None
    flow, _ = _flow(stage)
    flow.received(berta, (await stage.embedded.inbox.bounds(berta)).head)
    await flow.apply()
    assert await _told(stage, "1") == [("delivered", "2", 3)]
    [held] = await stage.embedded.mark_store.marks([(pair, berta)])
    assert held.read.number == 2
    assert [mark.number for mark in (as_shown(held).read, as_shown(held).delivered)] == [0, 3]
    # Only what she reads now says so.
    flow.read(berta, pair, 3)
    await flow.apply()
    assert await _told(stage, "1") == [("delivered", "2", 3), ("read", "2", 3)]
    [held] = await stage.embedded.mark_store.marks([(pair, berta)])
    assert as_shown(held) == held
