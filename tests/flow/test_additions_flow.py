"""Being put into groups: whom one lets, how often, and how many."""

from pathlib import Path

import pytest
from tests.support.backstage import Backstage, backstage

from chinwag.domain.account_friendship import Bond, Friendship
from chinwag.domain.command import Add, Create, Enter, Join, Leave
from chinwag.domain.conversation import GroupSettings
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.rate import Rate
from chinwag.domain.refusal import Code, Refused
from chinwag.flow import permits
from chinwag.flow.accept import AcceptRules
from chinwag.flow.accounts.friends import befriend
from chinwag.flow.accounts.profile import change_settings
from chinwag.flow.additions import ADDED, ADDING, Additions
from chinwag.flow.own_allowances import OwnAllowances

ANN, BEN, CEM = AccountId("1"), AccountId("2"), AccountId("3")


class Now:
    """A clock that stands still until it is moved."""

    at = 0.0

    def __call__(self) -> int:
        return int(self.at * 1000)


async def tried(stage: Backstage, by: AccountId, *members: AccountId) -> Code | ConversationId:
    try:
        return await stage.group(by, "Chess", GroupSettings(), *members)
    except Refused as refused:
        return refused.code


async def friends(stage: Backstage, one: AccountId, other: AccountId) -> None:
    await befriend(stage.accounts, one, other)
    pair: Friendship = await befriend(stage.accounts, other, one)
    assert pair.bond is Bond.FRIENDS


async def test_whoever_lets_only_friends_write_is_added_by_friends_only(tmp_path: Path) -> None:
    """As a group begins and later on; it may come in by itself all the same."""
    async with backstage(tmp_path / "data") as stage:
        await stage.people("1", "2", "3")
        await change_settings(stage.accounts, BEN, direct_from="friends")
        group = await stage.group("1", "Chess", GroupSettings(join="open"))
        assert await tried(stage, ANN, BEN) is Code.RECIPIENT_REFUSES
        assert await tried(stage, ANN, CEM, BEN) is Code.RECIPIENT_REFUSES
        with pytest.raises(Refused) as refused:
            await stage.do("1", group, Add(BEN))
        assert refused.value.code is Code.RECIPIENT_REFUSES
        await befriend(stage.accounts, ANN, BEN)
        assert await tried(stage, ANN, BEN) is Code.RECIPIENT_REFUSES, "asking is not enough"
        await befriend(stage.accounts, BEN, ANN)
        await stage.do("1", group, Add(BEN))
        await stage.do("2", group, Leave())
        assert str(await tried(stage, ANN, BEN)).startswith("g~")


async def test_strangers_put_nobody_into_a_thousand_groups(tmp_path: Path) -> None:
    """However many strangers there are; friends still may, and time gives back what was used up."""
    async with backstage(tmp_path / "data") as stage:
        now = Now()
        stage.accept._permits._additions = Additions(OwnAllowances(now))
        stage.accept._sends._devices._rate = stage.accept._sends._accounts._rate = Rate(1000.0, 10_000)
        many = [str(number) for number in range(10, 40)]
        await stage.people("1", "2", "3", *many)
        await friends(stage, CEM, BEN)
        made = [await tried(stage, AccountId(many[number % len(many)]), BEN) for number in range(ADDED.burst + 20)]
        assert made[ADDED.burst :] == [Code.RATE_LIMITED] * 20
        assert Code.RATE_LIMITED not in made[: ADDED.burst]
        assert str(await tried(stage, CEM, BEN)).startswith("g~")
        now.at += 1 / ADDED.per_second + 1
        assert str(await tried(stage, ANN, BEN)).startswith("g~")
        assert await tried(stage, ANN, BEN) is Code.RATE_LIMITED


async def test_nobody_adds_more_than_a_few_hundred_at_once(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        now = Now()
        stage.accept._permits._additions = Additions(OwnAllowances(now))
        people = [AccountId(str(number)) for number in range(2, 31)]
        await stage.people("1", *people)
        groups = ADDING.burst // len(people)
        made = [await tried(stage, ANN, *people) for _ in range(groups + 1)]
        assert [one for one in made if one is Code.RATE_LIMITED] == made[-1:]


async def test_a_refused_addition_costs_nothing(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        additions = stage.accept._permits._additions = Additions(OwnAllowances(Now()), Rate(0.5, 3), Rate(0.003, 2))
        await stage.people("1", "2", "3")
        await change_settings(stage.accounts, CEM, direct_from="friends")
        for _ in range(5):
            assert await tried(stage, ANN, BEN, CEM) is Code.RECIPIENT_REFUSES
            assert await tried(stage, ANN, BEN, AccountId("nobody")) is Code.NO_ACCOUNT
        await additions.check(ANN, 3, [BEN])
        await stage.accept._permits.create(ANN, Create("Chess", (BEN,), GroupSettings()), look=True)
        await additions.check(ANN, 3, [BEN])


async def test_somebody_in_very_many_conversations_is_added_by_friends_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(permits, "INTO_MOST", 3)
    async with backstage(tmp_path / "data") as stage:
        await stage.people("1", "2", "3")
        await friends(stage, CEM, BEN)
        made = [await tried(stage, ANN, BEN) for _ in range(3)]
        assert await tried(stage, ANN, BEN) is Code.TOO_MANY
        assert str(await tried(stage, CEM, BEN)).startswith("g~")
        for left in [*made[:2]]:
            assert not isinstance(left, Code)
            await stage.do("2", left, Leave())
        assert str(await tried(stage, ANN, BEN)).startswith("g~")


@pytest.mark.parametrize("large", [False, True])
async def test_who_has_come_and_gone_so_often_comes_into_that_group_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, large: bool
) -> None:
    """Where history begins with the joining each stay is a row, and all are read with whatever one asks there."""
    monkeypatch.setattr(permits, "STAYS", 3)
    rules = AcceptRules(group_members=2, large_group_members=30, wide_above=2) if large else AcceptRules()
    async with backstage(tmp_path / "data", rules=rules) as stage:
        await stage.people(ANN, BEN, CEM, "4")
        await friends(stage, ANN, BEN)
        chess = await stage.group(ANN, "Chess", GroupSettings("joined", "open", large=large), CEM)
        await stage.do("4", chess, Join())
        assert (await stage.state(chess)).wide is large
        for _ in range(3):
            await stage.do(BEN, chess, Join())
            await stage.do(BEN, chess, Leave())
        for who, action in ((BEN, Join()), (ANN, Add(BEN)), (BEN, Enter(ANN))):
            with pytest.raises(Refused) as refused:
                await stage.do(who, chess, action)
            assert refused.value.code is Code.TOO_MANY
        with pytest.raises(Refused) as refused:
            await stage.do(BEN, chess, Add(CEM))
        assert refused.value.code is Code.NOT_MEMBER
        assert len(await stage.embedded.message_store.spans(BEN, chess)) == 3
        await stage.do(BEN, await stage.group(ANN, "Go", GroupSettings(join="open")), Join())
        await stage.do(CEM, chess, Leave())
        await stage.do(CEM, chess, Join())
