"""A request for a group fixes its id before the group is asked for, and leaves a row only where a group was made."""

from pathlib import Path
from typing import Any

import pytest
from tests.support.backstage import DEVICE, Backstage, backstage

from chinwag.domain.command import Create
from chinwag.domain.conversation import GroupSettings
from chinwag.domain.ids import AccountId, ConversationId, DeviceId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.accounts.block import block, unblock
from chinwag.flow.clock import system_clock
from chinwag.flow.create_group import SETTLE_MS, create_group, settle_groups
from chinwag.ports.directory import CreatedGroup, Device

ANN, BEN = AccountId("1"), AccountId("2")


def group_of(*members: AccountId, title: str = "Chess") -> Create:
    return Create(title, members, GroupSettings())


async def people(stage: Backstage, *ids: str) -> None:
    await stage.people(*ids)
    async with stage.directory.transaction() as transaction:
        await transaction.devices.create(Device(DeviceId(DEVICE), ANN, "", 1, 1))


async def asked(stage: Backstage, key: str, action: Create, accept: Any = None) -> ConversationId:
    accept = accept or stage.accept
    made, _ = await create_group(accept, stage.directory, stage.ids, system_clock, ANN, DeviceId(DEVICE), key, action)
    return made


async def rows(stage: Backstage) -> list[CreatedGroup]:
    async with stage.directory.reading() as directory:
        found: list[CreatedGroup] = await directory.created_groups.unsettled(system_clock() + SETTLE_MS * 3, 200)
        return found


async def settled(stage: Backstage, later: int = 2 * SETTLE_MS) -> int:
    return await settle_groups(stage.directory, stage.embedded.message_store, stage.own, system_clock() + later)


@pytest.mark.parametrize(
    ("key", "action", "why"),
    [
        ("k", group_of(AccountId("nobody")), Code.NO_ACCOUNT),
        ("k", group_of(BEN), Code.RECIPIENT_REFUSES),
        ("k", group_of(AccountId("x" * 300)), Code.BAD_REQUEST),
        ("k", group_of(title="t" * 1000), Code.BAD_TITLE),
        ("k", group_of(title=""), Code.BAD_TITLE),
        ("k" * 200, group_of(), Code.BAD_REQUEST),
        ("", group_of(), Code.BAD_REQUEST),
        ("k", group_of(*(AccountId(f"{number}") for number in range(3, 200))), Code.GROUP_FULL),
    ],
)
async def test_what_is_refused_leaves_no_row(tmp_path: Path, key: str, action: Create, why: Code) -> None:
    async with backstage(tmp_path / "data") as stage:
        await people(stage, "1", *(str(number) for number in range(2, 200)))
        await block(stage.accounts, BEN, ANN)
        with pytest.raises(Refused) as refused:
            await asked(stage, key, action)
        assert refused.value.code is why
        assert await rows(stage) == []


async def test_a_request_sent_again_gives_the_same_group_also_when_it_would_be_refused_now(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        await people(stage, "1", "2")
        first = await asked(stage, "k", group_of(BEN))
        assert await asked(stage, "k", group_of(BEN)) == first
        await block(stage.accounts, BEN, ANN)
        assert await asked(stage, "k", group_of(BEN)) == first
        assert await settled(stage) == 1
        assert await settled(stage) == 0
        assert await asked(stage, "k", group_of(BEN)) == first


async def test_a_key_whose_creation_came_to_nothing_begins_anew_once_that_is_settled(tmp_path: Path) -> None:
    """Ben blocks Ann just when it was seen that he does not, or the process dies before the command is in the log."""

    async with backstage(tmp_path / "data") as stage:
        await people(stage, "1", "2")
        accept = stage.accept

        class Blocked:
            async def foresee(self, wish: object) -> None:
                await block(stage.accounts, BEN, ANN)

            def submit(self, *given: Any) -> None:
                accept.submit(*given)

        with pytest.raises(Refused) as refused:
            await asked(stage, "k", group_of(BEN), accept=Blocked())
        assert refused.value.code is Code.RECIPIENT_REFUSES
        [row] = await rows(stage)
        assert await settled(stage, 0) == 0, "its command may be on its way still"
        assert await settled(stage) == 1
        assert await rows(stage) == []
        await unblock(stage.accounts, BEN, ANN)
        again = await asked(stage, "k", group_of(BEN))
        assert again != row.conversation
        assert (await stage.state(again)).members.keys() == {ANN, BEN}


async def test_a_request_that_is_sent_again_while_it_is_settled_keeps_its_id(tmp_path: Path) -> None:
    """Or else one of the two would make a second group."""
    async with backstage(tmp_path / "data") as stage:
        await people(stage, "1", "2")
        async with stage.directory.transaction() as transaction:
            first = ConversationId("g~77")
            await transaction.created_groups.remember(DeviceId(DEVICE), "k", first, 1)
        [row] = await rows(stage)
        assert await asked(stage, "k", group_of(BEN)) == first
        async with stage.directory.transaction() as transaction:
            await transaction.created_groups.settle(row, made=False)
        assert await asked(stage, "k", group_of(BEN)) == first
        assert (await stage.state(first)).members.keys() == {ANN, BEN}
