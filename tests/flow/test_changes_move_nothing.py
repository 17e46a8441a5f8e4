"""Edits and deletions move nothing of what lists, previews, counts and pages go by, and show in all of it."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.support.backstage import Backstage, backstage

from chinwag.domain.body import Text
from chinwag.domain.command import Delete, Edit, Send
from chinwag.domain.conversation import GroupSettings
from chinwag.domain.ids import AccountId
from chinwag.domain.refusal import Code, Refused
from chinwag.domain.views import EventPage
from chinwag.flow.conversations import Conversations
from chinwag.flow.history import History

ANN, BEN = AccountId("1"), AccountId("2")


def views_of(stage: Backstage) -> Conversations:
    return Conversations(stage.embedded.message_store, stage.embedded.mark_store, stage.embedded.inbox)


def history_of(stage: Backstage) -> History:
    return History(stage.embedded.message_store, stage.embedded.mark_store, stage.states)


def said(page: EventPage) -> list[tuple[int, Any]]:
    events = [msgspec.json.decode(event) for event in page.events]
    return [(one["number"], one["body"].get("text")) for one in events if one["kind"] == "message"]


async def test_a_preview_says_what_is_so_now_and_no_list_moves(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people("1", "2")
        tea = await stage.group("1", "Tea", GroupSettings(), "2")
        for text in ("one", "two"):
            await stage.do("1", tea, Send(Text(text)))
        chess = await stage.group("1", "Chess", GroupSettings(), "2")
        views, history = views_of(stage), history_of(stage)
        before = await views.view(BEN, tea)
        assert (before.shown, before.head, before.unread) == (3, 3, 2)
        await stage.do("1", tea, Edit(3, Text("three")))
        edited = await views.view(BEN, tea)
        assert msgspec.json.decode(edited.last)["body"]["text"] == "three"
        await stage.do("1", tea, Delete(3))
        for _ in range(60):
            await stage.do("1", tea, Edit(2, Text("once more")))
        deleted = await views.view(BEN, tea)
        last = msgspec.json.decode(deleted.last)
        assert (last["number"], last["body"]) == (3, {"type": "deleted"})
        assert b"three" not in bytes(deleted.last)
        for view in (edited, deleted):
            assert (view.shown, view.at, view.ordinal, view.unread) == (3, before.at, before.ordinal, before.unread)
        assert deleted.head == 3 + 62
        for limit in (1, 9):
            listed, place = [], None
            while True:
                page = await views.page(BEN, place, limit)
                listed += [one.id for one in page.conversations]
                place = page.next
                if place is None:
                    break
            assert listed == [chess, tea], "what was said last is above what was changed last"
        for page_of in (
            history.page_before(BEN, tea, None, 50),
            history.page_after(BEN, tea, 1, 50),
            history.page_around(BEN, tea, 40, 50),
        ):
            assert said(await page_of) == [(2, "once more"), (3, None)]
        assert said(EventPage([(await history.one(BEN, tea, 2))[0]], 0)) == [(2, "once more")]
        with pytest.raises(Refused) as refused:
            await history.one(BEN, tea, 4)
        assert refused.value.code is Code.NO_MESSAGE
        changes = [msgspec.json.decode(one) for one in (await history.changes(BEN, tea, 3, 200)).events]
        assert [one["number"] for one in changes] == list(range(4, 66))
        assert {one["shown"] for one in changes} == {3}
        # A message after all of it is found from there, and finds what was before it.
        await stage.do("2", tea, Send(Text("four")))
        assert said(await history.page_before(ANN, tea, None, 2)) == [(3, None), (66, "four")]
        assert said(await history.page_after(ANN, tea, 3, 2)) == [(66, "four")]
        assert (await views.view(ANN, tea)).unread == 1
