"""What an account keeps to itself: nobody is told of it, and it is told of nobody else's."""

from pathlib import Path
from typing import Any

import pytest
from tests.support.backstage import DEVICE, backstage
from tests.support.sharing import (
    ANNA,
    BERTA,
    CARL,
    Away,
    choose,
    group_of_three,
    marks_told,
    reads,
    receives,
    stale_flow,
)

from chinwag.domain.account import AccountSettings
from chinwag.domain.body import Text
from chinwag.domain.command import Add, Remove, Send
from chinwag.domain.conversation import GroupSettings
from chinwag.domain.ids import AccountId
from chinwag.domain.marks import as_shown
from chinwag.flow import marks, sharing
from chinwag.flow.clock import system_clock
from chinwag.flow.conversations import Conversations
from chinwag.flow.history import History
from chinwag.flow.marks import MarkFlow
from chinwag.flow.presence_audience import Audience, nobody
from chinwag.flow.sharing import Sharing
from chinwag.flow.typing import tell_typing
from chinwag.ports.bus import PEOPLE, Tell

ALL = {AccountId(one) for one in (ANNA, BERTA, CARL)}


class Hearing:
    """A bus that keeps who is told."""

    def __init__(self) -> None:
        self.told: list[set[AccountId]] = []

    def publish(self, subject: str, publication: Tell) -> None:
        assert subject == PEOPLE
        self.told.append(set(publication.to))


async def test_who_keeps_its_typing_is_neither_told_nor_told_of(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people(ANNA, BERTA, CARL)
        tea = await stage.group(ANNA, "Tea", GroupSettings(), BERTA, CARL)
        await choose(stage, BERTA, AccountSettings(share_typing=False))
        heard = Hearing()
        for one in (ANNA, BERTA):
            keeping = Sharing(stage.directory).keeping
            await tell_typing(stage.states, heard, AccountId(one), DEVICE, tea, keeping)  # type: ignore[arg-type]
        assert heard.told == [{AccountId(ANNA), AccountId(CARL)}, {AccountId(BERTA)}]


async def test_who_keeps_its_presence_is_neither_shown_nor_shown_any(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people(ANNA, BERTA, CARL)
        await stage.group(ANNA, "Tea", GroupSettings(), BERTA, CARL)
        await choose(stage, BERTA, AccountSettings(share_last_seen=False))
        audience = Audience(stage.embedded.message_store, nobody, keeping=Sharing(stage.directory).keeping)
        anna, berta, carl = map(AccountId, (ANNA, BERTA, CARL))
        assert await audience.of(anna) == {anna, carl}
        assert await audience.of(berta) == {berta}
        assert await audience.may_ask(anna, [*ALL]) == {anna, carl}
        assert await audience.may_ask(berta, [*ALL]) == {berta}


async def test_while_the_directory_is_away_what_is_known_counts_and_who_is_not_known_shares_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "SECONDS", 0.0)
    async with backstage(tmp_path / "data") as stage:
        await stage.people(ANNA, BERTA)
        directory = Away(stage.directory)
        asked = Sharing(directory)  # type: ignore[arg-type]
        anna, berta = AccountId(ANNA), AccountId(BERTA)
        assert await asked.keeping("share_typing", [anna]) == set()
        await choose(stage, ANNA, AccountSettings(share_typing=False))
        assert await asked.keeping("share_typing", [anna]) == {anna}
        await choose(stage, ANNA, AccountSettings())
        assert await asked.keeping("share_typing", [anna]) == set()
        directory.away = True
        assert await asked.keeping("share_typing", [anna, berta]) == {berta}


async def test_what_is_read_is_told_to_oneself_alone_and_shows_in_no_other_mark(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        tea = await group_of_three(stage, BERTA)
        flow, _ = stale_flow(stage)
        await reads(flow, BERTA, tea, 4)
        assert await marks_told(stage, BERTA) == [("read", BERTA, 4)]
        assert await marks_told(stage, ANNA) == await marks_told(stage, CARL) == [], (
            "nor that it has come, which reading implies"
        )
        [held] = await stage.embedded.mark_store.marks([(tea, AccountId(BERTA))])
        assert (held.read.number, held.delivered.number) == (4, 4)
        assert (as_shown(held).read.number, as_shown(held).delivered.number) == (0, 0)
        await receives(stage, flow, BERTA)
        assert await marks_told(stage, ANNA) == await marks_told(stage, CARL) == [("delivered", BERTA, 4)]
        [held] = await stage.embedded.mark_store.marks([(tea, AccountId(BERTA))])
        assert (as_shown(held).read.number, as_shown(held).delivered.number) == (0, 4)
        history = History(stage.embedded.message_store, stage.embedded.mark_store, stage.states)
        assert [
            one.read_at for one in await history.receipts(AccountId(ANNA), tea, 2, 500) if one.account == BERTA
        ] == [0], "it wrote after that"
        [seen] = [one for one in await history.receipts(AccountId(CARL), tea, 4, 500) if one.account == BERTA]
        assert seen.read_at is None
        # Shared again, the next mark tells, and not when it was read meanwhile.
        await choose(stage, BERTA, AccountSettings())
        await stage.do(ANNA, tea, Send(Text("more")))
        await reads(flow, BERTA, tea, 5)
        assert (await marks_told(stage, ANNA))[-1] == (await marks_told(stage, CARL))[-1] == ("read", BERTA, 5)
        steps = await stage.embedded.mark_store.readers(tea, 1, 500)
        [step] = [one for one in steps if one.account == BERTA]
        [held] = await stage.embedded.mark_store.marks([(tea, AccountId(BERTA))])
        assert step.at == held.read.at, "no step was kept of what was read before"


async def test_a_read_and_what_came_with_it_are_told_apart(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        tea = await group_of_three(stage, BERTA)
        flow, _ = stale_flow(stage)
        flow.read(AccountId(BERTA), tea, 2)
        await receives(stage, flow, BERTA)
        assert await marks_told(stage, ANNA) == await marks_told(stage, CARL) == [("delivered", BERTA, 4)]
        assert await marks_told(stage, BERTA) == [("read", BERTA, 2)]


async def test_an_author_who_keeps_what_it_reads_is_told_only_what_has_come(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        tea = await group_of_three(stage, BERTA)
        flow, _ = stale_flow(stage)
        await reads(flow, CARL, tea, 4)
        assert await marks_told(stage, ANNA) == [("read", CARL, 4)]
        assert await marks_told(stage, BERTA) == [("delivered", CARL, 4)]
        views = Conversations(
            stage.embedded.message_store,
            stage.embedded.mark_store,
            stage.embedded.inbox,
            Sharing(stage.directory).keeping,
        )
        found = {
            viewer: {one.account: one.read for one in (await views.view(AccountId(viewer), tea)).members}
            for viewer in (ANNA, BERTA)
        }
        assert found[ANNA] == {ANNA: 2, BERTA: 3, CARL: 4}
        assert found[BERTA] == {ANNA: 2, BERTA: 3, CARL: 4}, "it wrote 4 itself"
        await stage.do(ANNA, tea, Send(Text("more")))
        await reads(flow, CARL, tea, 5)
        [seen] = [one for one in (await views.view(AccountId(BERTA), tea)).members if one.account == CARL]
        assert (seen.read, seen.read_at, seen.delivered) == (4, 0, 5)


@pytest.mark.parametrize("scan", [2, 1000], ids=["more than is looked through", "few"])
async def test_who_comes_back_meanwhile_is_told_only_what_it_may_know(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scan: int
) -> None:
    monkeypatch.setattr(marks, "SCAN", scan)
    async with backstage(tmp_path / "data") as stage:
        tea = await group_of_three(stage, BERTA)
        flow, states = stale_flow(stage)
        await stage.do(ANNA, tea, Remove(AccountId(BERTA)))
        await states.load([tea])
        await stage.do(ANNA, tea, Add(AccountId(BERTA)))
        await reads(flow, CARL, tea, 4)
        assert [one for one in await marks_told(stage, BERTA) if one[1] == CARL] == [("delivered", CARL, 4)]


async def test_a_big_group_asks_for_those_alone_who_read_and_wrote(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        tea = await group_of_three(stage, BERTA)
        asked: list[set[AccountId]] = []
        sharing_ = Sharing(stage.directory)

        async def keeping(what: Any, accounts: Any, **more: Any) -> frozenset[AccountId]:
            asked.append(set(accounts))
            return await sharing_.keeping(what, accounts, **more)

        stores = stage.embedded
        flow = MarkFlow(stores.message_store, stores.mark_store, stores.inbox, stage.states, system_clock, keeping)
        await reads(flow, BERTA, tea, 4)
        await stage.do(ANNA, tea, Send(Text("more")))
        asked.clear()
        await reads(flow, BERTA, tea, 5)
        assert set().union(*asked) == ALL, "it was told of nothing so far that came"
        await receives(stage, flow, BERTA)
        await stage.do(ANNA, tea, Send(Text("more")))
        asked.clear()
        await reads(flow, BERTA, tea, 6)
        assert set().union(*asked) == {AccountId(ANNA), AccountId(BERTA)}


async def test_with_the_directory_away_nothing_is_told_of_what_somebody_unknown_reads(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        tea = await group_of_three(stage, BERTA)
        directory = Away(stage.directory)
        stores = stage.embedded
        keeping = Sharing(directory).keeping  # type: ignore[arg-type]
        flow = MarkFlow(stores.message_store, stores.mark_store, stores.inbox, stage.states, system_clock, keeping)
        await reads(flow, ANNA, tea, 4)  # so that it is known, as all authors are now
        directory.away = True
        await stage.do(CARL, tea, Send(Text("more")))
        await reads(flow, ANNA, tea, 5)
        assert (await marks_told(stage, CARL))[-1] == ("read", ANNA, 5)
        assert await marks_told(stage, BERTA) == [("delivered", ANNA, 4)]
        new = MarkFlow(
            stores.message_store,
            stores.mark_store,
            stores.inbox,
            stage.states,
            system_clock,
            Sharing(directory).keeping,  # type: ignore[arg-type]
        )
        await stage.do(CARL, tea, Send(Text("more")))
        await reads(new, ANNA, tea, 6)
        assert (await marks_told(stage, CARL))[-1] == ("read", ANNA, 5)
