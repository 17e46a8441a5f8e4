"""What may be told of marks when nothing is known of those concerned, or another process was faster."""

from pathlib import Path
from typing import Any

import pytest
from tests.support.backstage import Backstage, backstage
from tests.support.sharing import ANNA, BERTA, CARL, Away, group_of_three, marks_told, reads, receives, stale_flow

from chinwag.domain.body import Text
from chinwag.domain.command import Add, Remove, Send
from chinwag.domain.ids import AccountId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.clock import system_clock
from chinwag.flow.conversations import Conversations
from chinwag.flow.history import History
from chinwag.flow.marks import MarkFlow
from chinwag.flow.sharing import Sharing


def _views(stage: Backstage, sharing_: Sharing) -> Conversations:
    stores = stage.embedded
    return Conversations(stores.message_store, stores.mark_store, stores.inbox, sharing_.keeping)


async def test_with_the_directory_away_an_author_of_whom_nothing_is_known_is_told_of_nobodys_reading(
    tmp_path: Path,
) -> None:
    async with backstage(tmp_path / "data") as stage:
        tea = await group_of_three(stage, BERTA)
        directory = Away(stage.directory)
        stores = stage.embedded
        known = Sharing(directory)  # type: ignore[arg-type]
        await known.keeping("share_read", [AccountId(CARL), AccountId(ANNA)])
        flow = MarkFlow(
            stores.message_store, stores.mark_store, stores.inbox, stage.states, system_clock, known.keeping
        )
        directory.away = True
        flow.read(AccountId(CARL), tea, 4)
        await receives(stage, flow, CARL)
        assert await marks_told(stage, CARL) == [("read", CARL, 4)], "its own devices know"
        for one in (ANNA, BERTA):
            assert await marks_told(stage, one) == [("delivered", CARL, 4)]
        # A device that loads now holds what one holds that followed.
        views = _views(stage, Sharing(stage.directory))
        for viewer in (ANNA, BERTA):
            [seen] = [one for one in (await views.view(AccountId(viewer), tea)).members if one.account == CARL]
            assert (seen.read, seen.read_at, seen.delivered) == (4, 0, 4), "4 it wrote itself"
        directory.away = False
        known._away_until = 0.0
        await stage.do(ANNA, tea, Send(Text("more")))
        await reads(flow, CARL, tea, 5)
        assert (await marks_told(stage, ANNA))[-1] == ("read", CARL, 5)
        assert ("read", CARL, 5) not in await marks_told(stage, BERTA)


async def test_with_the_directory_away_who_comes_back_unknown_is_told_only_what_has_come(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        tea = await group_of_three(stage, BERTA)
        _, states = stale_flow(stage)
        directory = Away(stage.directory)
        known = Sharing(directory)  # type: ignore[arg-type]
        await known.keeping("share_read", [AccountId(CARL), AccountId(ANNA)])
        stores = stage.embedded
        flow = MarkFlow(stores.message_store, stores.mark_store, stores.inbox, states, system_clock, known.keeping)
        await stage.do(ANNA, tea, Remove(AccountId(BERTA)))
        await states.load([tea])
        await stage.do(ANNA, tea, Add(AccountId(BERTA)))
        directory.away = True
        await reads(flow, CARL, tea, 4)
        assert [one for one in await marks_told(stage, BERTA) if one[1] == CARL] == [("delivered", CARL, 4)]
        assert ("read", CARL, 4) in await marks_told(stage, ANNA)


async def test_with_the_directory_away_no_view_guesses_what_its_reader_shares(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        tea = await group_of_three(stage, BERTA)
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
        unknown = set[AccountId]()
        assert await asked.keeping("share_read", [AccountId(ANNA), gone], unknown=unknown) == {gone}
        assert unknown == set()


class Overtaken:
    """A MarkStore to which another process's advances come just before one's own."""

    def __init__(self, store: Any, other: Any) -> None:
        self._store = store
        self._other = other

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def advance(self, advances: Any) -> None:
        await self._other()
        await self._store.advance(advances)


@pytest.mark.parametrize("behind", ["read", "delivered"])
async def test_a_mark_that_another_process_moved_further_meanwhile_is_not_told_as_it_was(
    tmp_path: Path, behind: str
) -> None:
    """Though the other of the two does move."""
    async with backstage(tmp_path / "data") as stage:
        tea = await group_of_three(stage, BERTA)
        for one in (ANNA, BERTA):
            await stage.do(one, tea, Send(Text("more")))
        flow, states = stale_flow(stage)
        stores, keeping = stage.embedded, Sharing(stage.directory).keeping
        head = (await stores.inbox.bounds(AccountId(CARL))).head

        async def further() -> None:
            if behind == "delivered":
                flow.received(AccountId(CARL), head)
            else:
                flow.read(AccountId(CARL), tea, 5)
            await flow.apply()

        late = Overtaken(stores.mark_store, further)
        other = MarkFlow(stores.message_store, late, stores.inbox, states, system_clock, keeping)  # type: ignore[arg-type]
        other.read(AccountId(CARL), tea, 3)
        if behind == "read":
            other.received(AccountId(CARL), head)
        await other.apply()
        for account in (ANNA, BERTA, CARL):
            for kind in ("read", "delivered"):
                told = [
                    number
                    for which, whose, number in await marks_told(stage, account)
                    if (which, whose) == (kind, CARL)
                ]
                assert told == sorted(told), f"{account} is told {kind} {told}"
