"""What an account keeps to itself: nobody is told of it, and it is told of nobody else's."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.support.backstage import DEVICE, Backstage, backstage

from chinwag.domain.account import AccountSettings
from chinwag.domain.body import Text
from chinwag.domain.command import Add, Remove, Send
from chinwag.domain.conversation import GroupSettings
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.marks import as_shown
from chinwag.domain.refusal import Code, Refused
from chinwag.flow import marks, sharing
from chinwag.flow.clock import system_clock
from chinwag.flow.conversations import Conversations
from chinwag.flow.history import History
from chinwag.flow.marks import MarkFlow
from chinwag.flow.presence_audience import Audience, nobody
from chinwag.flow.sharing import Sharing
from chinwag.flow.states import States
from chinwag.flow.typing import tell_typing
from chinwag.ports.bus import PEOPLE, Tell
from chinwag.ports.inbox import Inline

ANNA, BERTA, CARL = "1", "2", "3"
ALL = {AccountId(one) for one in (ANNA, BERTA, CARL)}


async def _settings(stage: Backstage, account: str, settings: AccountSettings) -> None:
    async with stage.directory.transaction() as transaction:
        await transaction.accounts.set_settings(AccountId(account), settings)


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
        await _settings(stage, BERTA, AccountSettings(share_typing=False))
        heard = Hearing()
        for one in (ANNA, BERTA):
            keeping = Sharing(stage.directory).keeping
            await tell_typing(stage.states, heard, AccountId(one), DEVICE, tea, keeping)  # type: ignore[arg-type]
        assert heard.told == [{AccountId(ANNA), AccountId(CARL)}, {AccountId(BERTA)}]


async def test_who_keeps_its_presence_is_neither_shown_nor_shown_any(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people(ANNA, BERTA, CARL)
        await stage.group(ANNA, "Tea", GroupSettings(), BERTA, CARL)
        await _settings(stage, BERTA, AccountSettings(share_last_seen=False))
        audience = Audience(stage.embedded.message_store, nobody, keeping=Sharing(stage.directory).keeping)
        anna, berta, carl = map(AccountId, (ANNA, BERTA, CARL))
        assert await audience.of(anna) == {anna, carl}
        assert await audience.of(berta) == {berta}
        assert await audience.may_ask(anna, [*ALL]) == {anna, carl}
        assert await audience.may_ask(berta, [*ALL]) == {berta}


class Away:
    """A directory that answers until it is away."""

    def __init__(self, directory: Any) -> None:
        self._directory = directory
        self.away = False

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Any]:
        if self.away:
            raise Refused(Code.UNAVAILABLE)
        async with self._directory.reading() as reading:
            yield reading


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
        await _settings(stage, ANNA, AccountSettings(share_typing=False))
        assert await asked.keeping("share_typing", [anna]) == {anna}
        await _settings(stage, ANNA, AccountSettings())
        assert await asked.keeping("share_typing", [anna]) == set()
        directory.away = True
        assert await asked.keeping("share_typing", [anna, berta]) == {berta}


def _flow(stage: Backstage) -> tuple[MarkFlow, States]:
    """One whose states stay as old as they are."""
    stores = stage.embedded
    states = States(stores.message_store, now=lambda: 0.0)
    keeping = Sharing(stage.directory).keeping
    return MarkFlow(stores.message_store, stores.mark_store, stores.inbox, states, system_clock, keeping), states


async def _told(stage: Backstage, account: str) -> list[tuple[str, str, int]]:
    """The marks in an account's inbox: kind, whose, number."""
    page = await stage.embedded.inbox.read(AccountId(account), 0, 10_000)
    events = [msgspec.json.decode(one.event) for one in page.entries if isinstance(one, Inline)]
    return [(one["kind"], one["account"], one["number"]) for one in events if one["kind"] in ("read", "delivered")]


async def _reads(flow: MarkFlow, account: str, conversation: ConversationId, number: int) -> None:
    flow.read(AccountId(account), conversation, number)
    await flow.apply()


async def _receives(stage: Backstage, flow: MarkFlow, account: str) -> None:
    flow.received(AccountId(account), (await stage.embedded.inbox.bounds(AccountId(account))).head)
    await flow.apply()


async def _tea(stage: Backstage, keeps: str) -> ConversationId:
    """A group in which each has written, 2 to 4, and one keeps what it reads."""
    await stage.people(ANNA, BERTA, CARL)
    tea = await stage.group(ANNA, "Tea", GroupSettings(), BERTA, CARL)
    for one in (ANNA, BERTA, CARL):
        await stage.do(one, tea, Send(Text("hello")))
    await _settings(stage, keeps, AccountSettings(share_read=False))
    return tea


async def test_what_is_read_is_told_to_oneself_alone_and_shows_in_no_other_mark(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        tea = await _tea(stage, BERTA)
        flow, _ = _flow(stage)
        await _reads(flow, BERTA, tea, 4)
        assert await _told(stage, BERTA) == [("read", BERTA, 4)]
        assert await _told(stage, ANNA) == await _told(stage, CARL) == [], "nor that it has come, which reading implies"
        [held] = await stage.embedded.mark_store.marks([(tea, AccountId(BERTA))])
        assert (held.read.number, held.delivered.number) == (4, 4)
        assert (as_shown(held).read.number, as_shown(held).delivered.number) == (0, 0)
        await _receives(stage, flow, BERTA)
        assert await _told(stage, ANNA) == await _told(stage, CARL) == [("delivered", BERTA, 4)]
        [held] = await stage.embedded.mark_store.marks([(tea, AccountId(BERTA))])
        assert (as_shown(held).read.number, as_shown(held).delivered.number) == (0, 4)
        history = History(stage.embedded.message_store, stage.embedded.mark_store, stage.states)
        assert [
            one.read_at for one in await history.receipts(AccountId(ANNA), tea, 2, 500) if one.account == BERTA
        ] == [0], "it wrote after that"
        [seen] = [one for one in await history.receipts(AccountId(CARL), tea, 4, 500) if one.account == BERTA]
        assert seen.read_at is None
        # Shared again, the next mark tells, and not when it was read meanwhile.
        await _settings(stage, BERTA, AccountSettings())
        await stage.do(ANNA, tea, Send(Text("more")))
        await _reads(flow, BERTA, tea, 5)
        assert (await _told(stage, ANNA))[-1] == (await _told(stage, CARL))[-1] == ("read", BERTA, 5)
        steps = await stage.embedded.mark_store.readers(tea, 1, 500)
        [step] = [one for one in steps if one.account == BERTA]
        [held] = await stage.embedded.mark_store.marks([(tea, AccountId(BERTA))])
        assert step.at == held.read.at, "no step was kept of what was read before"


async def test_a_read_and_what_came_with_it_are_told_apart(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        tea = await _tea(stage, BERTA)
        flow, _ = _flow(stage)
        flow.read(AccountId(BERTA), tea, 2)
        await _receives(stage, flow, BERTA)
        assert await _told(stage, ANNA) == await _told(stage, CARL) == [("delivered", BERTA, 4)]
        assert await _told(stage, BERTA) == [("read", BERTA, 2)]


async def test_an_author_who_keeps_what_it_reads_is_told_only_what_has_come(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        tea = await _tea(stage, BERTA)
        flow, _ = _flow(stage)
        await _reads(flow, CARL, tea, 4)
        assert await _told(stage, ANNA) == [("read", CARL, 4)]
        assert await _told(stage, BERTA) == [("delivered", CARL, 4)]
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
        await _reads(flow, CARL, tea, 5)
        [seen] = [one for one in (await views.view(AccountId(BERTA), tea)).members if one.account == CARL]
        assert (seen.read, seen.read_at, seen.delivered) == (4, 0, 5)


@pytest.mark.parametrize("scan", [2, 1000], ids=["more than is looked through", "few"])
async def test_who_comes_back_meanwhile_is_told_only_what_it_may_know(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scan: int
) -> None:
    monkeypatch.setattr(marks, "SCAN", scan)
    async with backstage(tmp_path / "data") as stage:
        tea = await _tea(stage, BERTA)
        flow, states = _flow(stage)
        await stage.do(ANNA, tea, Remove(AccountId(BERTA)))
        await states.load([tea])
        await stage.do(ANNA, tea, Add(AccountId(BERTA)))
        await _reads(flow, CARL, tea, 4)
        assert [one for one in await _told(stage, BERTA) if one[1] == CARL] == [("delivered", CARL, 4)]


async def test_a_big_group_asks_for_those_alone_who_read_and_wrote(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        tea = await _tea(stage, BERTA)
        asked: list[set[AccountId]] = []
        sharing_ = Sharing(stage.directory)

        async def keeping(what: Any, accounts: Any, **more: Any) -> frozenset[AccountId]:
            asked.append(set(accounts))
            return await sharing_.keeping(what, accounts, **more)

        stores = stage.embedded
        flow = MarkFlow(stores.message_store, stores.mark_store, stores.inbox, stage.states, system_clock, keeping)
        await _reads(flow, BERTA, tea, 4)
        await stage.do(ANNA, tea, Send(Text("more")))
        asked.clear()
        await _reads(flow, BERTA, tea, 5)
        assert set().union(*asked) == ALL, "it was told of nothing so far that came"
        await _receives(stage, flow, BERTA)
        await stage.do(ANNA, tea, Send(Text("more")))
        asked.clear()
        await _reads(flow, BERTA, tea, 6)
        assert set().union(*asked) == {AccountId(ANNA), AccountId(BERTA)}


async def test_with_the_directory_away_nothing_is_told_of_what_somebody_unknown_reads(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        tea = await _tea(stage, BERTA)
        directory = Away(stage.directory)
        stores = stage.embedded
        keeping = Sharing(directory).keeping  # type: ignore[arg-type]
        flow = MarkFlow(stores.message_store, stores.mark_store, stores.inbox, stage.states, system_clock, keeping)
        await _reads(flow, ANNA, tea, 4)  # so that it is known, as all authors are now
        directory.away = True
        await stage.do(CARL, tea, Send(Text("more")))
        await _reads(flow, ANNA, tea, 5)
        assert (await _told(stage, CARL))[-1] == ("read", ANNA, 5)
        assert await _told(stage, BERTA) == [("delivered", ANNA, 4)]
        new = MarkFlow(
            stores.message_store,
            stores.mark_store,
            stores.inbox,
            stage.states,
            system_clock,
            Sharing(directory).keeping,  # type: ignore[arg-type]
        )
        await stage.do(CARL, tea, Send(Text("more")))
        await _reads(new, ANNA, tea, 6)
        assert (await _told(stage, CARL))[-1] == ("read", ANNA, 5)


def _views(stage: Backstage, sharing_: Sharing) -> Conversations:
    stores = stage.embedded
    return Conversations(stores.message_store, stores.mark_store, stores.inbox, sharing_.keeping)


async def test_with_the_directory_away_an_author_of_whom_nothing_is_known_is_told_of_nobodys_reading(
    tmp_path: Path,
) -> None:
    async with backstage(tmp_path / "data") as stage:
        tea = await _tea(stage, BERTA)
        directory = Away(stage.directory)
        stores = stage.embedded
        known = Sharing(directory)  # type: ignore[arg-type]
        await known.keeping("share_read", [AccountId(CARL), AccountId(ANNA)])
        flow = MarkFlow(
            stores.message_store, stores.mark_store, stores.inbox, stage.states, system_clock, known.keeping
        )
        directory.away = True
        flow.read(AccountId(CARL), tea, 4)
        await _receives(stage, flow, CARL)
        assert await _told(stage, CARL) == [("read", CARL, 4)], "its own devices know"
        for one in (ANNA, BERTA):
            assert await _told(stage, one) == [("delivered", CARL, 4)]
        # A device that loads now holds what one holds that followed.
        views = _views(stage, Sharing(stage.directory))
        for viewer in (ANNA, BERTA):
            [seen] = [one for one in (await views.view(AccountId(viewer), tea)).members if one.account == CARL]
            assert (seen.read, seen.read_at, seen.delivered) == (4, 0, 4), "4 it wrote itself"
        directory.away = False
        known._away_until = 0.0
        await stage.do(ANNA, tea, Send(Text("more")))
        await _reads(flow, CARL, tea, 5)
        assert (await _told(stage, ANNA))[-1] == ("read", CARL, 5)
        assert ("read", CARL, 5) not in await _told(stage, BERTA)


async def test_with_the_directory_away_who_comes_back_unknown_is_told_only_what_has_come(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        tea = await _tea(stage, BERTA)
        _, states = _flow(stage)
        directory = Away(stage.directory)
        known = Sharing(directory)  # type: ignore[arg-type]
        await known.keeping("share_read", [AccountId(CARL), AccountId(ANNA)])
        stores = stage.embedded
        flow = MarkFlow(stores.message_store, stores.mark_store, stores.inbox, states, system_clock, known.keeping)
        await stage.do(ANNA, tea, Remove(AccountId(BERTA)))
        await states.load([tea])
        await stage.do(ANNA, tea, Add(AccountId(BERTA)))
        directory.away = True
        await _reads(flow, CARL, tea, 4)
        assert [one for one in await _told(stage, BERTA) if one[1] == CARL] == [("delivered", CARL, 4)]
        assert ("read", CARL, 4) in await _told(stage, ANNA)


async def test_with_the_directory_away_no_view_guesses_what_its_reader_shares(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        tea = await _tea(stage, BERTA)
        directory = Away(stage.directory)
        views = _views(stage, Sharing(directory))  # type: ignore[arg-type]
        anna, berta = AccountId(ANNA), AccountId(BERTA)
        stores = stage.embedded
        history = History(stores.message_store, stores.mark_store, stage.states, Sharing(directory).keeping)  # type: ignore[arg-type]
        assert (await views.view(anna, tea)).id == tea
        assert await history.receipts(anna, tea, 2, 500)
        directory.away = True
        assert (await views.view(anna, tea)).id == tea, "what is known counts on"
        assert await history.receipts(anna, tea, 2, 500)
        for asked in (views.view(berta, tea), views.page(berta, None, 10), history.receipts(berta, tea, 3, 500)):
            with pytest.raises(Refused) as refused:
                await asked
            assert refused.value.code is Code.UNAVAILABLE


async def test_who_is_not_in_the_directory_is_known_to_share_nothing(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people(ANNA)
        asked, gone = Sharing(stage.directory), AccountId("9")
        assert await asked.keeping("share_read", [AccountId(ANNA), gone], unknown=False) == {gone}
