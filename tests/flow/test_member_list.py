"""Who is in a group, page by page or by name, for its members alone."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.flow.test_wide_readers import ADMIN, OPEN, OWNER, PLAIN, wide
from tests.support.backstage import Backstage, backstage

from chinwag.domain.command import Join, Leave, Remove
from chinwag.domain.conversation import GroupSettings, Role
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.rate import Rate
from chinwag.domain.refusal import Code, Refused
from chinwag.domain.views import MemberPage
from chinwag.flow import membership_of
from chinwag.flow.clock import system_clock
from chinwag.flow.groups.members import Members
from chinwag.flow.own_allowances import OwnAllowances
from chinwag.flow.own_shown_people import OwnShownPeople
from chinwag.flow.people_search import PeopleSearch


def members_on(stage: Backstage, *met: str, everybody: bool = True) -> Members:
    async def known(_: AccountId) -> Sequence[AccountId]:
        return [AccountId(one) for one in met]

    people = PeopleSearch(
        stage.directory,
        known,
        OwnAllowances(system_clock),
        OwnShownPeople(lambda: 0.0),
        everybody=everybody,
        rate=Rate(1e6, 10**6),
    )
    return Members(stage.embedded.message_store, stage.states, people)


async def _all(members: Members, account: str, conversation: ConversationId, limit: int) -> list[str]:
    found: list[str] = []
    after: str | None = None
    for _ in range(100):
        page = await members.page(AccountId(account), conversation, after, limit)
        assert len(page.members) <= limit
        found += [one.account for one in page.members]
        after = page.next
        if after is None:
            return found
    raise AssertionError("the pages have no end")


def _names(page: MemberPage) -> list[str]:
    return [one.account for one in page.members]


@pytest.mark.parametrize("limit", [1, 2, 3, 200])
async def test_pages_give_each_member_once_in_the_order_in_which_they_came(tmp_path: Path, limit: int) -> None:
    async with wide(tmp_path / "data", members=7) as (stage, tea):
        for one in ("3", "5", "6"):
            await stage.do(one, tea, Leave())
        await stage.do("3", tea, Join())
        for asker in (OWNER, "3"):
            assert await _all(members_on(stage), asker, tea, limit) == ["1", "2", "4", "7", "3"]


@pytest.mark.parametrize("limit", [1, 2, 200])
async def test_a_small_group_has_the_same_pages(tmp_path: Path, limit: int) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people("1", "2", "10", "4")
        tea = await stage.group("2", "Tea", GroupSettings(join="open"), "10", "1")
        await stage.do("4", tea, Join())
        assert await _all(members_on(stage), "1", tea, limit) == ["1", "2", "10", "4"]


async def test_a_member_has_its_role_and_the_number_of_its_joining(tmp_path: Path) -> None:
    async with wide(tmp_path / "data") as (stage, tea):
        answer = await stage.do("6", tea, Join())
        page = await members_on(stage).page(AccountId("6"), tea, None, 200)
        found = {one.account: (one.role, one.joined) for one in page.members}
        assert (found[AccountId(OWNER)], found[AccountId(ADMIN)]) == ((Role.OWNER, 1), (Role.ADMIN, 1))
        assert (found[AccountId(PLAIN)], found[AccountId("6")]) == ((Role.MEMBER, 1), (Role.MEMBER, answer.number))


async def test_a_page_reads_so_often_and_then_says_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(membership_of, "_READS", 3)
    async with wide(tmp_path / "data", members=11) as (stage, tea):
        for one in map(str, range(3, 11)):
            await stage.do(one, tea, Leave())
        page = await members_on(stage).page(AccountId(OWNER), tea, "1.2", 1)
        assert (_names(page), page.next is None) == ([], False)  # six have left of those that were looked at
        assert await _all(members_on(stage), OWNER, tea, 1) == ["1", "2", "11"]


async def test_whoever_is_not_in_learns_nothing(tmp_path: Path) -> None:
    async with wide(tmp_path / "data") as (stage, tea):
        members = members_on(stage, "2")
        await stage.do(OWNER, tea, Remove(AccountId("4")))
        await stage.do("5", tea, Leave())
        for account, code in (("4", Code.NOT_MEMBER), ("5", Code.NOT_MEMBER), ("9", Code.NO_CONVERSATION)):
            for asked in (
                members.page(AccountId(account), tea, None, 10),
                members.search(AccountId(account), tea, "name"),
                members.page(AccountId(account), ConversationId("g~none"), None, 10),
            ):
                with pytest.raises(Refused) as refused:
                    await asked
                assert refused.value.code in (code, Code.NO_CONVERSATION)
        with pytest.raises(Refused) as refused:
            await members.page(AccountId("4"), tea, None, 10)
        assert refused.value.code is Code.NOT_MEMBER


async def test_a_search_finds_members_whom_one_may_find_and_nobody_else(tmp_path: Path) -> None:
    async with wide(tmp_path / "data") as (stage, tea):
        async with stage.directory.transaction() as transaction:
            await transaction.blocks.put(AccountId("4"), AccountId(PLAIN), 1)
        found = await members_on(stage).search(AccountId(PLAIN), tea, "name")
        assert _names(found) == [PLAIN, "1", "2", "5"]  # and oneself
        assert [one.role for one in found.members] == [Role.MEMBER, Role.OWNER, Role.ADMIN, Role.MEMBER]
        # Where strangers do not find each other, a group that is shared by so many makes no acquaintance of them.
        some = await members_on(stage, "5", "9", everybody=False).search(AccountId(PLAIN), tea, "name")
        assert _names(some) == [PLAIN, "5"]
        assert _names(await members_on(stage).search(AccountId(PLAIN), tea, "name9")) == []


async def test_pages_go_on_while_the_directory_is_away_and_searches_do_not(tmp_path: Path) -> None:
    async with wide(tmp_path / "data") as (stage, tea):
        members = members_on(stage)
        await stage.directory.close()
        assert await _all(members, PLAIN, tea, 2) == ["1", "2", "3", "4", "5"]
        with pytest.raises(Refused) as refused:
            await members.search(AccountId(PLAIN), tea, "name")
        assert refused.value.code is Code.UNAVAILABLE


@pytest.mark.parametrize(
    "after",
    [
        "",
        ".",
        "1",
        "1.",
        ".1",
        "-1.2",
        "1e3.2",
        "٣.2",
        "9" * 16 + ".2",
        "1.\0",
        "1." + "x" * 65,
        "1." + "\ud800",
        "1.\u8a9e" * 90,
    ],
)
async def test_a_place_that_is_none_is_refused(tmp_path: Path, after: str) -> None:
    async with wide(tmp_path / "data") as (stage, tea):
        with pytest.raises(Refused) as refused:
            await members_on(stage).page(AccountId(PLAIN), tea, after, 10)
        assert refused.value.code is Code.BAD_CURSOR


async def test_a_place_that_nobody_holds_is_one_all_the_same(tmp_path: Path) -> None:
    async with wide(tmp_path / "data", OPEN) as (stage, tea):
        page = await members_on(stage).page(AccountId(PLAIN), tea, "9" * 15 + ".someone@else.where", 10)
        assert page == MemberPage([])
