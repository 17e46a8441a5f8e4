"""Blocks and closed accounts reach the direct conversations they concern, whatever fails between."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import msgspec
import pytest
from tests.support.backstage import DEVICE, Backstage, backstage

from chinwag.domain.command import Command, Create
from chinwag.domain.conversation import GroupSettings
from chinwag.domain.ids import AccountId, ClientId, direct_id, group_id
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.accounts.block import block, unblock
from chinwag.flow.accounts.disable import disable, enable
from chinwag.flow.typing import tell_typing
from chinwag.ports.bus import PEOPLE, Tell

ANN, BEN, CLO = AccountId("1"), AccountId("2"), AccountId("3")


async def settled(stage: Backstage) -> None:
    while await stage.declines.once():
        pass


async def test_who_is_blocked_is_refused_and_taken_again_after(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people("1", "2")
        assert await stage.write("1", "2") is None
        await block(stage.accounts, BEN, ANN)
        await settled(stage)
        assert await stage.write("1", "2") is Code.RECIPIENT_REFUSES
        assert await stage.write("2", "1") is None
        await unblock(stage.accounts, BEN, ANN)
        await settled(stage)
        assert await stage.write("1", "2") is None


async def test_a_first_message_is_refused_at_once(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people("1", "2")
        await block(stage.accounts, BEN, ANN)
        assert await stage.write("1", "2") is Code.RECIPIENT_REFUSES
        await settled(stage)
        assert await stage.write("1", "2") is Code.RECIPIENT_REFUSES


async def test_a_crash_after_the_block_loses_nothing(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people("1", "2")
        assert await stage.write("1", "2") is None
        await block(stage.accounts, BEN, ANN)
    async with backstage(tmp_path / "data", epoch=2) as stage:
        assert await stage.declines.once() == 1
        assert await stage.write("1", "2") is Code.RECIPIENT_REFUSES
        assert await stage.declines.once() == 0


async def test_a_crash_after_the_command_does_it_again_and_changes_nothing(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people("1", "2")
        assert await stage.write("1", "2") is None
        await block(stage.accounts, BEN, ANN)
        stage.directory.failing = 1
        with pytest.raises(Refused):
            await stage.declines.once()
        assert (await stage.state(direct_id(ANN, BEN))).declining == (BEN,)
    async with backstage(tmp_path / "data", epoch=2) as stage:
        assert await stage.declines.once() == 1
        assert (await stage.state(direct_id(ANN, BEN))).declining == (BEN,)
        assert await stage.declines.once() == 0


async def test_what_changes_while_it_is_told_is_told_again(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people("1", "2")
        await block(stage.accounts, BEN, ANN)

        async def unblocked_between() -> None:
            """Another process unblocks, tells and settles after this one has read the directory."""
            async with stage.directory.transaction() as transaction:
                await transaction.blocks.remove(BEN, ANN)
                for row in await transaction.declines.pending(9):
                    await transaction.declines.done(row)

        say = stage.declines._say

        async def said_late(pairs):  # type: ignore[no-untyped-def]
            truth = await say(pairs)
            await unblocked_between()
            return truth

        stage.declines._say = said_late  # type: ignore[method-assign]
        await stage.declines.once()
        stage.declines._say = say  # type: ignore[method-assign]
        await settled(stage)
        assert (await stage.state(direct_id(ANN, BEN))).declining == ()


async def test_a_process_that_stood_still_with_a_wish_overrides_no_newer_one(tmp_path: Path) -> None:
    """It had read the directory and made its command; others told and settled what changed since; then it goes on, and
    dies before it could look at the directory again."""
    async with backstage(tmp_path / "data") as stage:
        await stage.people("1", "2")
        await block(stage.accounts, BEN, ANN)
        made: list[Sequence[Command]] = []
        ask = stage.declines._own.ask

        async def stands_still(commands: Sequence[Command]) -> list[Code | None]:
            made.append(commands)
            raise Refused(Code.UNAVAILABLE)

        stage.declines._own.ask = stands_still  # type: ignore[method-assign]
        with pytest.raises(Refused):
            await stage.declines.once()
        stage.declines._own.ask = ask  # type: ignore[method-assign]
        await unblock(stage.accounts, BEN, ANN)
        await settled(stage)
        assert await ask(made[0]) == [None]
        assert (await stage.state(direct_id(ANN, BEN))).declining == ()
        assert await stage.write("1", "2") is None
        await block(stage.accounts, BEN, ANN)
        await settled(stage)
        assert await stage.write("1", "2") is Code.RECIPIENT_REFUSES


@pytest.mark.parametrize("last", [disable, enable])
async def test_a_disabled_account_is_enabled_and_disabled_in_this_order_whatever_comes_late(
    tmp_path: Path, last: Callable[..., Awaitable[None]]
) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people("1", "2")
        assert await stage.write("1", "2") is None
        told: list[Command] = []
        ask = stage.declines._own.ask

        async def kept(commands: Sequence[Command]) -> list[Code | None]:
            told.extend(commands)
            return await ask(commands)

        stage.declines._own.ask = kept  # type: ignore[method-assign]
        for change in (disable, enable, disable, *([enable] if last is enable else [])):
            await change(stage.accounts, BEN)
            await settled(stage)
        assert len(told) == (4 if last is enable else 3)
        for number, late in enumerate(told):
            anew = msgspec.structs.replace(late, id=ClientId(f"late-{number}"))
            assert await ask([anew]) == [None]
            assert (await stage.state(direct_id(ANN, BEN))).declining == (() if last is enable else (BEN,)), number


async def test_neither_is_told_that_the_other_is_writing(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people("1", "2")
        assert await stage.write("1", "2") is None
        told: list[tuple[AccountId, ...]] = []
        stage.embedded.bus.subscribe(PEOPLE, lambda tell: told.append(tell.to) if isinstance(tell, Tell) else None)
        direct = direct_id(ANN, BEN)
        for blocked in (False, True):
            if blocked:
                await block(stage.accounts, BEN, ANN)
                await settled(stage)
                await stage.states.load([direct])
            for one in (ANN, BEN):
                await tell_typing(stage.states, stage.embedded.bus, one, DEVICE, direct)
        await stage.write("2", "1")  # a turn through the log, after which the bus has told
        assert told == [(ANN, BEN), (ANN, BEN), (ANN,), (BEN,)]


async def test_a_disabled_account_takes_no_messages_and_blocks_outlast_it(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people("1", "2", "3")
        assert await stage.write("1", "2") is None
        assert await stage.write("3", "2") is None
        await block(stage.accounts, BEN, CLO)
        await disable(stage.accounts, BEN)
        await settled(stage)
        assert await stage.write("1", "2") is Code.RECIPIENT_REFUSES
        assert await stage.write("3", "2") is Code.RECIPIENT_REFUSES
        await enable(stage.accounts, BEN)
        await settled(stage)
        assert await stage.write("1", "2") is None
        assert await stage.write("3", "2") is Code.RECIPIENT_REFUSES


async def test_a_disabled_account_whose_telling_crashed_is_told_after_a_restart(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people("1", "2")
        assert await stage.write("1", "2") is None
        await disable(stage.accounts, BEN)
        stage.directory.failing = 1
        with pytest.raises(Refused):
            await stage.declines.once()
    async with backstage(tmp_path / "data", epoch=2) as stage:
        assert await stage.declines.once() == 1
        assert await stage.write("1", "2") is Code.RECIPIENT_REFUSES


async def test_nobody_is_put_into_a_group_by_somebody_they_block(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people("1", "2")
        await block(stage.accounts, BEN, ANN)
        with pytest.raises(Refused) as refused:
            await stage.do("1", group_id("7"), Create("us", (BEN,), GroupSettings()))
        assert refused.value.code is Code.RECIPIENT_REFUSES
