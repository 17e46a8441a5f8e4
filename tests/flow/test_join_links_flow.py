"""Uses of join links are counted exactly, also by many at once and over crashes."""

import asyncio
from pathlib import Path

import msgspec
import pytest
from tests.support.backstage import DEVICE, Backstage, backstage

from chinwag.domain.command import Add, Enter, Leave, Remove, SetRole
from chinwag.domain.conversation import GroupSettings, Role
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.tokens import digest
from chinwag.flow.clock import system_clock
from chinwag.flow.groups.join_by_link import SETTLE_MS, Entered, join_by_link, look_at_link, settle_uses
from chinwag.flow.groups.links import create_link
from chinwag.ports.directory import LinkUse

ANN, BEN = AccountId("1"), AccountId("2")
HOUR = 3_600_000


async def made(stage: Backstage, uses: int) -> tuple[ConversationId, str]:
    group = await stage.group("1", "Chess", GroupSettings())
    _, code = await create_link(stage.links, ANN, group, uses=uses, valid_ms=HOUR)
    return group, code


async def left(stage: Backstage, code: str) -> int:
    async with stage.directory.reading() as directory:
        link = await directory.links.by_digest(digest(code))
    assert link is not None
    return int(link.uses_left)


async def tried(stage: Backstage, account: str, code: str, device: str = DEVICE) -> Entered | Code:
    try:
        return await join_by_link(stage.links, AccountId(account), DeviceId(device), code)
    except Refused as refused:
        return refused.code


async def settled(stage: Backstage) -> int:
    return await settle_uses(stage.directory, stage.embedded.message_store, stage.own, system_clock() + SETTLE_MS + 1)


async def test_of_twenty_at_once_as_many_get_in_as_the_link_has_uses(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        people = [str(n) for n in range(1, 22)]
        await stage.people(*people)
        group, code = await made(stage, 5)
        answers = await asyncio.gather(*(tried(stage, one, code) for one in people[1:]))
        assert sum(isinstance(one, Entered) for one in answers) == 5
        assert answers.count(Code.BAD_LINK) == 15
        assert len((await stage.state(group)).members) == 6
        assert await left(stage, code) == 0


async def test_one_account_is_one_use_however_often_and_from_however_many_devices(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people("1", "2")
        group, code = await made(stage, 5)
        at_once = await asyncio.gather(*(tried(stage, "2", code, f"d{n}") for n in range(6)))
        assert len(set(map(str, at_once))) == 1
        assert isinstance(at_once[0], Entered)
        assert await tried(stage, "2", code) == at_once[0]
        await stage.do("2", group, Leave())
        assert isinstance(await tried(stage, "2", code), Entered)
        assert await left(stage, code) == 4
        assert await tried(stage, "1", code) == Entered(group, 1)
        assert await left(stage, code) == 4


async def test_a_join_that_is_refused_gives_its_use_back(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people(*(str(n) for n in range(1, 33)))
        group, code = await made(stage, 5)
        await stage.do("1", group, Add(BEN))
        await stage.do("1", group, Remove(BEN))
        assert await tried(stage, "2", code) is Code.GROUP_CLOSED
        assert await left(stage, code) == 5
        for n in range(3, 32):
            await stage.do("1", group, Add(AccountId(str(n))))
        assert await tried(stage, "32", code) is Code.GROUP_FULL
        assert await left(stage, code) == 5
        assert await settled(stage) == 0


async def test_a_crash_before_the_group_is_asked_gives_the_use_back(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people("1", "2")
        _, code = await made(stage, 1)
        async with stage.directory.transaction() as transaction:
            link = await transaction.links.by_digest(digest(code))
            await transaction.links.take(LinkUse(link.id, BEN, DEVICE, ClientId("k"), system_clock()))
    async with backstage(tmp_path / "data", epoch=2) as stage:
        assert await left(stage, code) == 0
        assert await settle_uses(stage.directory, stage.embedded.message_store, stage.own, system_clock()) == 0
        assert await settled(stage) == 1
        assert await left(stage, code) == 1


async def test_a_crash_after_the_group_took_it_keeps_the_use(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people("1", "2")
        group, code = await made(stage, 2)
        async with stage.directory.transaction() as transaction:
            link = await transaction.links.by_digest(digest(code))
            await transaction.links.take(LinkUse(link.id, BEN, DEVICE, ClientId("k"), system_clock()))
        await stage.do("2", group, Enter(), "k")
        await stage.do("2", group, Leave())  # even so it came in
    async with backstage(tmp_path / "data", epoch=2) as stage:
        assert await settled(stage) == 1
        assert await settled(stage) == 0
        assert await left(stage, code) == 1


async def test_the_directory_failing_at_the_end_keeps_the_use(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people("1", "2")
        _, code = await made(stage, 2)
        answer = stage.links.accept.submit

        def then_fail(asker, wish):  # type: ignore[no-untyped-def]
            stage.directory.failing = 1
            answer(asker, wish)

        stage.links.accept.submit = then_fail  # type: ignore[method-assign]
        assert isinstance(await tried(stage, "2", code), Entered)
        assert stage.directory.failing == 0
        assert await settled(stage) == 1
        assert await left(stage, code) == 1


async def test_a_link_ends_with_its_time(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people("1", "2")
        group = await stage.group("1", "Chess", GroupSettings())
        link, code = await create_link(stage.links, ANN, group, uses=1, valid_ms=HOUR)
        later = msgspec.structs.replace(stage.links, clock=lambda: link.expires_at)
        with pytest.raises(Refused) as refused:
            await join_by_link(later, BEN, DEVICE, code)
        assert refused.value.code is Code.BAD_LINK


async def test_who_may_make_links_and_how_many(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people("1", "2", "3")
        group = await stage.group("1", "Chess", GroupSettings(), "2")
        for account, uses, valid, code in [
            (ANN, 0, HOUR, Code.BAD_REQUEST),
            (ANN, 1, 0, Code.BAD_REQUEST),
            (BEN, 1, HOUR, Code.NOT_ALLOWED),
            (AccountId("3"), 1, HOUR, Code.NO_CONVERSATION),
        ]:
            with pytest.raises(Refused) as refused:
                await create_link(stage.links, account, group, uses=uses, valid_ms=valid)
            assert refused.value.code is code
        for _ in range(50):
            await create_link(stage.links, ANN, group, uses=1, valid_ms=HOUR)
        with pytest.raises(Refused) as refused:
            await create_link(stage.links, ANN, group, uses=1, valid_ms=HOUR)
        assert refused.value.code is Code.TOO_MANY


async def looked(stage: Backstage, code: str) -> Code | None:
    try:
        await look_at_link(stage.links, code)
    except Refused as refused:
        return refused.code
    return None


@pytest.mark.parametrize("end", ["removed", "gone", "a member"])
async def test_a_link_ends_with_its_maker_s_role_and_takes_no_use(tmp_path: Path, end: str) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people("1", "2", "3")
        group, _ = await made(stage, 5)
        await stage.do("1", group, Add(BEN))
        await stage.do("1", group, SetRole(BEN, Role.ADMIN))
        _, code = await create_link(stage.links, BEN, group, uses=5, valid_ms=HOUR)
        assert await looked(stage, code) is None
        if end == "removed":
            await stage.do("1", group, Remove(BEN))
        elif end == "gone":
            await stage.do("2", group, Leave())
        else:
            await stage.do("1", group, SetRole(BEN, Role.MEMBER))
        assert await looked(stage, code) is Code.BAD_LINK
        assert await tried(stage, "3", code) is Code.BAD_LINK
        assert await tried(stage, "2", code) == (Code.BAD_LINK if end != "a member" else Entered(group, 2))
        assert await left(stage, code) == 5
        assert await settled(stage) == 0


async def test_with_its_last_member_a_group_and_its_links_end(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people("1", "2")
        group, code = await made(stage, 5)
        await stage.do("1", group, Leave())
        for account in ("1", "2"):
            assert await tried(stage, account, code) is Code.BAD_LINK
        assert await left(stage, code) == 5


async def test_a_link_whose_maker_goes_while_somebody_enters_gives_the_use_back(tmp_path: Path) -> None:
    """The role is looked at where the order is made, not only before."""
    async with backstage(tmp_path / "data") as stage:
        await stage.people("1", "2")
        group, code = await made(stage, 5)
        load = stage.links.states.load

        async def and_then_leave(names):  # type: ignore[no-untyped-def]
            stage.links.states.load = load  # type: ignore[method-assign]
            found = await load(names)
            await stage.do("1", group, Leave())
            return found

        stage.links.states.load = and_then_leave  # type: ignore[method-assign]
        assert await tried(stage, "2", code) in (Code.BAD_LINK, Code.GROUP_CLOSED)
        assert await left(stage, code) == 5
