"""A closed account is erased whatever fails between, and nothing of others goes with it."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from tests.support.backstage import Backstage, backstage

from chinwag.domain.account_change import AccountClosed, ProfileChanged
from chinwag.domain.conversation import GroupSettings, Role
from chinwag.domain.events import AccountEvent
from chinwag.domain.ids import AccountId, direct_id
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.accounts.close_account import close_account_of
from chinwag.flow.clock import system_clock
from chinwag.flow.erase import Erase, ErasePorts, without_profile
from chinwag.flow.own_commands import OwnCommands
from chinwag.flow.relay import relay_once
from chinwag.ports.bus import NodeId
from chinwag.ports.directory import ErasureStage
from chinwag.ports.inbox import Posting

ANN, BEN, CLO = AccountId("1"), AccountId("2"), AccountId("3")


async def nothing_to_collect() -> bool:
    """There are no media on this stage."""
    return False


def erasing(stage: Backstage) -> tuple[Erase, Callable[[], None]]:
    stores = stage.embedded
    own = OwnCommands(stores.log, stores.bus, NodeId("erase"))
    ports = ErasePorts(
        directory=stage.directory,
        store=stores.message_store,
        marks=stores.mark_store,
        inbox=stores.inbox,
        scrubs=(stores.scrub,),
        collect=nothing_to_collect,
    )
    return Erase(ports, own, system_clock, 7), own.listen()


async def settled(stage: Backstage) -> None:
    while await stage.declines.once() or await relay_once(stage.directory, stage.embedded.inbox):
        pass


async def left(stage: Backstage) -> list[ErasureStage]:
    async with stage.directory.reading() as directory:
        return [one.stage for at in ErasureStage for one in await directory.erasures.page(at, None, 10)]


async def test_its_groups_pass_on_and_its_conversations_refuse(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        erase, stop = erasing(stage)
        await stage.people("1", "2", "3")
        assert await stage.write("2", "1") is None
        tea = await stage.group("1", "Tea", GroupSettings(), "2", "3")
        await close_account_of(stage.accounts, ANN)
        assert await erase.empty_some() == 0, "what it declines is waited for"
        await settled(stage)
        assert await erase.empty_some() == 1
        state = await stage.state(tea)
        assert {one: member.role for one, member in state.members.items()} == {BEN: Role.OWNER, CLO: Role.MEMBER}
        assert await stage.write("2", "1") is Code.RECIPIENT_REFUSES
        assert await erase.keep_house(system_clock()) == 1
        assert await left(stage) == []
        assert await stage.embedded.message_store.memberships(ANN) == []
        assert {span.conversation for span in await stage.embedded.message_store.memberships(BEN)} == {
            tea,
            direct_id(ANN, BEN),
        }
        stop()


async def test_every_step_can_be_cut_short_and_is_done_by_a_later_start(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people("1", "2")
        tea = await stage.group("1", "Tea", GroupSettings(), "2")
        await close_account_of(stage.accounts, ANN)
    # Nothing but the closing itself was done.
    async with backstage(tmp_path / "data", epoch=2) as stage:
        erase, stop = erasing(stage)
        await settled(stage)
        stage.directory.failing = 1
        with pytest.raises(Refused):
            await erase.empty_some()
        assert await erase.empty_some() == 1
        assert set((await stage.state(tea)).members) == {BEN}
        stop()
    # Emptied, and something came in after that.
    async with backstage(tmp_path / "data", epoch=3) as stage:
        erase, stop = erasing(stage)
        await stage.embedded.inbox.post([Posting(ANN, b"late")])
        assert await erase.empty_some() == 0
        assert await erase.keep_house(0) == 0, "too soon"
        assert await left(stage) == [ErasureStage.EMPTIED]
        assert await erase.keep_house(system_clock()) == 1
        assert (await stage.embedded.inbox.read(ANN, 0, 10)).entries == []
        assert await left(stage) == []
        stop()


def test_only_the_closed_accounts_profile_is_hidden() -> None:
    def told(change: ProfileChanged | AccountClosed) -> bytes:
        return msgspec.json.encode(AccountEvent(change=change))

    mine = told(ProfileChanged(ANN, "ann", "Ann", "me", 7))
    assert without_profile(mine, ANN) == told(ProfileChanged(ANN, "", "", "", 7))
    for event in (told(ProfileChanged(BEN, "ben", "profile_changed", "1", 7)), told(AccountClosed(ANN, 5, 8)), b"{}"):
        assert without_profile(event, ANN) == event
