"""Places that groups at a provider give: given and taken, over crashes, and nobody else's touched."""

from pathlib import Path

import pytest
from tests.support.backstage import Backstage, backstage

from chinwag.domain.command import Add, Leave, Remove, Rules, SetRole
from chinwag.domain.conversation import GroupSettings, Role
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.openid import GroupRule
from chinwag.domain.refusal import Refused
from chinwag.flow.clock import system_clock
from chinwag.flow.openid.places import Places
from chinwag.ports.directory import Identity, PlacesDue

OWNER, ANN = AccountId("1"), AccountId("2")
ISSUER = "https://id.example.org"


def giving(stage: Backstage, group: ConversationId) -> Places:
    rules = {
        "team": GroupRule(conversation=group),
        "heads": GroupRule(conversation=group, role=Role.ADMIN),
        "lost": GroupRule(conversation=ConversationId("g~none")),
    }
    store = stage.embedded.message_store
    return Places(stage.directory, store, stage.own, {"staff": rules}, Rules(group_members=30), system_clock)


async def said(stage: Backstage, *groups: str) -> None:
    """The provider names these groups of hers."""
    async with stage.directory.transaction() as transaction:
        await transaction.identities.put(Identity(ISSUER, "s-2", ANN, "staff", 1, groups))
        await transaction.identities.change_places(PlacesDue(ANN, "staff", system_clock()))


async def roles(stage: Backstage, group: ConversationId) -> dict[AccountId, Role]:
    return {account: member.role for account, member in (await stage.state(group)).members.items()}


async def give(stage: Backstage, group: ConversationId, *groups: str) -> Role | None:
    """The provider names `groups`, and what follows; her role then."""
    await said(stage, *groups)
    assert await giving(stage, group).once() == 1
    assert await giving(stage, group).once() == 0
    return (await roles(stage, group)).get(ANN)


async def begun(stage: Backstage) -> ConversationId:
    await stage.people("1", "2")
    return await stage.group("1", "Team", GroupSettings())


async def test_a_place_is_given_and_taken(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        group = await begun(stage)
        assert await give(stage, group, "team", "lost", "unknown") is Role.MEMBER
        assert await give(stage, group, "team", "heads") is Role.ADMIN
        assert await give(stage, group, "heads") is Role.ADMIN
        head = (await stage.state(group)).head
        assert await give(stage, group, "heads") is Role.ADMIN
        assert (await stage.state(group)).head == head, "what is so already makes no notice"
        assert await give(stage, group, "team") is Role.MEMBER
        assert await give(stage, group) is None
        assert await give(stage, group, "team") is Role.MEMBER


async def test_who_was_added_by_hand_stays(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        group = await begun(stage)
        await stage.do("1", group, Add(ANN))
        assert await give(stage, group, "heads") is Role.MEMBER
        assert await give(stage, group) is Role.MEMBER


async def test_who_left_and_was_added_by_hand_stays(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        group = await begun(stage)
        await give(stage, group, "team")
        await stage.do("2", group, Leave())
        assert await give(stage, group, "team") is None, "nobody is dragged back"
        await stage.do("1", group, Add(ANN))
        assert await give(stage, group, "heads") is Role.MEMBER
        assert await give(stage, group) is Role.MEMBER


async def test_who_was_put_out_stays_out(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        group = await begun(stage)
        await give(stage, group, "team")
        await stage.do("1", group, Remove(ANN))
        assert await give(stage, group) is None
        assert await give(stage, group, "team") is None


async def test_a_role_by_hand_stays(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        group = await begun(stage)
        await give(stage, group, "team")
        await stage.do("1", group, SetRole(ANN, Role.ADMIN))
        assert await give(stage, group, "team") is Role.ADMIN
        await stage.do("1", group, SetRole(ANN, Role.OWNER))
        assert await give(stage, group, "heads") is Role.OWNER


async def test_an_identity_that_goes_takes_its_places(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        group = await begun(stage)
        await give(stage, group, "team")
        async with stage.directory.transaction() as transaction:
            await transaction.identities.remove(ANN, "staff")
            await transaction.identities.change_places(PlacesDue(ANN, "staff", system_clock()))
        await giving(stage, group).once()
        assert set(await roles(stage, group)) == {OWNER}


async def test_a_provider_that_the_configuration_names_no_longer_takes_nothing_from_others(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        group = await begun(stage)
        await give(stage, group, "team")
        async with stage.directory.transaction() as transaction:
            await transaction.identities.put(Identity("https://other.example.org", "s-9", ANN, "other", 1, ("team",)))
            await transaction.identities.change_places(PlacesDue(ANN, "other", system_clock()))
        await giving(stage, group).once()
        assert set(await roles(stage, group)) == {OWNER, ANN}


@pytest.mark.parametrize("before", [0, 1, 2])
@pytest.mark.parametrize("wanted", ["team", ""])
async def test_a_crash_at_any_step_changes_nothing_in_the_end(tmp_path: Path, wanted: str, before: int) -> None:
    """The transactions fail one after another, as they would at a crash, and everything is opened anew."""
    data = tmp_path / "data"
    async with backstage(data) as stage:
        group = await begun(stage)
        if not wanted:
            await give(stage, group, "team")
        await said(stage, *filter(None, [wanted]))
        places = giving(stage, group)
        stage.directory.failing = before + 1
        for _ in range(before + 1):
            with pytest.raises(Refused):
                await places.once()
    async with backstage(data, epoch=2) as stage:
        await giving(stage, group).once()
        assert (ANN in await roles(stage, group)) is bool(wanted)
        async with stage.directory.reading() as reading:
            kept = await reading.identities.places(ANN, "staff")
            assert await reading.identities.due(9) == []
        state = await stage.state(group)
        assert [one.joined for one in kept] == [member.joined for one, member in state.members.items() if one == ANN]
        assert state.head == (2 if wanted else 3), "it came in once, and went once"
