"""Whom a search shows, in which order, and how many in a day."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import msgspec
import pytest
from tests.contract.directories import account
from tests.support.backstage import backstage

from chinwag.adapters.relational import open_directory
from chinwag.domain.account import AccountSettings, name_key
from chinwag.domain.account_friendship import befriend, strangers
from chinwag.domain.command import Leave
from chinwag.domain.conversation import GroupSettings
from chinwag.domain.ids import AccountId
from chinwag.domain.rate import Rate
from chinwag.domain.refusal import Code, Refused
from chinwag.flow import acquaintances
from chinwag.flow.acquaintances import Acquaintances
from chinwag.flow.own_allowances import OwnAllowances
from chinwag.flow.own_conversations import OwnConversations
from chinwag.flow.own_shown_people import OwnShownPeople
from chinwag.flow.people_search import FOUND_MAX, PeopleSearch
from chinwag.ports.directory import Directory
from chinwag.ports.shown_people import DAILY, DAY_SECONDS

ANN = AccountId("1")
UNLIMITED = Rate(1e6, 10**6)


class Time:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def directory(tmp_path: Path) -> AsyncIterator[Directory]:
    opened = await open_directory(tmp_path / "directory.db")
    yield opened
    await opened.close()


async def add(directory: Directory, *ids: str, name: str = "anna", findable: bool = True) -> None:
    async with directory.transaction() as transaction:
        for id_ in ids:
            one = msgspec.structs.replace(account(id_, f"{name}{id_}"), settings=AccountSettings(findable=findable))
            await transaction.accounts.create(one, name_key(one.name), "hash")


async def friends(directory: Directory, *others: str) -> None:
    async with directory.transaction() as transaction:
        for other in map(AccountId, others):
            asked = befriend(strangers(ANN, other), ANN, 1)
            await transaction.friends.put(befriend(asked, other, 2))


def search_of(
    directory: Directory, met: Sequence[str] = (), *, everybody: bool = True, rate: Rate = UNLIMITED, time: Time
) -> PeopleSearch:
    async def known(_account: AccountId) -> list[AccountId]:
        return [AccountId(one) for one in met]

    return PeopleSearch(
        directory,
        known,
        OwnAllowances(lambda: int(time() * 1000)),
        OwnShownPeople(time),
        everybody=everybody,
        rate=rate,
    )


async def ids(search: PeopleSearch, text: str = "anna") -> list[str]:
    return [one.id for one in await search.search(ANN, text)]


async def refused(search: PeopleSearch, text: str = "anna") -> Refused:
    with pytest.raises(Refused) as refusal:
        await search.search(ANN, text)
    return refusal.value


async def test_friends_come_first_then_whom_one_has_met_then_others(directory: Directory) -> None:
    await add(directory, "1", "2", "3", "4", "5")
    await friends(directory, "5")
    assert await ids(search_of(directory, ["4", "1", "5"], time=Time())) == ["5", "4", "2", "3"]


async def test_only_the_known_are_shown_where_the_server_says_so(directory: Directory) -> None:
    await add(directory, "1", "2", "3", "4")
    await friends(directory, "3")
    assert await ids(search_of(directory, ["4"], everybody=False, time=Time())) == ["3", "4"]


async def test_who_does_not_want_to_be_found_is_found_by_friends_and_companions(directory: Directory) -> None:
    await add(directory, "1", "2", "3", "4", findable=False)
    await friends(directory, "3")
    assert await ids(search_of(directory, ["4"], time=Time())) == ["3", "4"]


@pytest.mark.parametrize("pair", [("1", "2"), ("2", "1")])
async def test_a_block_hides_both_ways(directory: Directory, pair: tuple[str, str]) -> None:
    await add(directory, "1", "2", "3")
    async with directory.transaction() as transaction:
        await transaction.blocks.put(AccountId(pair[0]), AccountId(pair[1]), 1)
    for met in ([], ["2"]):
        assert await ids(search_of(directory, met, time=Time())) == ["3"]


async def test_an_answer_is_bounded(directory: Directory) -> None:
    await add(directory, *(str(number) for number in range(1, 60)))
    await friends(directory, *(str(number) for number in range(30, 40)))
    found = await ids(search_of(directory, time=Time()))
    assert len(found) == FOUND_MAX == len(set(found))
    assert found[:10] == [str(number) for number in range(30, 40)]


async def test_nobody_reads_the_directory_out(directory: Directory) -> None:
    time = Time()
    names = [f"{first}{second}" for first in "abcdefghij" for second in "klmnopqrst"]
    for at, name in enumerate(names):
        await add(directory, *(str(at * 3 + number) for number in (2, 3, 4)), name=name)
    search, shown = search_of(directory, time=time), set[str]()
    full = DAILY // 3
    for name in names[: full + 1]:
        shown.update(await ids(search, name))
    assert len(shown) == DAILY
    for name in names[full + 1 :]:
        refusal = await refused(search, name)
        assert (refusal.code, refusal.retry_after) == (Code.RATE_LIMITED, DAY_SECONDS)
    assert await ids(search, names[0]) == ["2", "3", "4"], "whom it has seen today it goes on finding"
    assert (await refused(search, names[-1])).code is Code.RATE_LIMITED
    assert await ids(search, "nobody") == []
    time.now += DAY_SECONDS
    assert len(await ids(search, names[-1])) == 3


async def test_days_are_bounded() -> None:
    shown = OwnShownPeople(Time(), kept=3)
    for number in range(10):
        await shown.show(AccountId(str(number)), [AccountId("77")])
    assert len(shown) == 3


async def test_searches_have_a_budget_of_their_own(directory: Directory) -> None:
    await add(directory, "1", "2")
    time = Time()
    search = search_of(directory, rate=Rate(1.0, 2), time=time)
    assert [await ids(search), await ids(search)] == [["2"], ["2"]]
    assert (await refused(search)).code is Code.RATE_LIMITED
    time.now += 1.0
    assert await ids(search) == ["2"]
    assert (await refused(search, "a")).code is Code.BAD_REQUEST


async def test_acquaintances_are_the_members_of_conversations_that_one_is_in(tmp_path: Path) -> None:
    time = Time()
    async with backstage(tmp_path / "data") as stage:
        await stage.people("1", "2", "3", "4", "5", "6")
        await stage.group("1", "First", GroupSettings(), "2", "3")
        left = await stage.group("1", "Second", GroupSettings(), "4")
        await stage.write("5", "1")
        met = Acquaintances(OwnConversations(stage.embedded.message_store, stage.embedded.inbox), time)
        assert await met.of(ANN) == ("5", "4", "2", "3")
        await stage.do("1", left, Leave())
        await stage.write("6", "1")
        assert await met.of(ANN) == ("5", "4", "2", "3"), "kept for a minute"
        time.now += acquaintances.SECONDS
        assert await met.of(ANN) == ("6", "5", "2", "3")


async def test_what_is_kept_of_acquaintances_is_bounded(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        everybody = [str(number) for number in range(1, 9)]
        await stage.people(*everybody)
        await stage.group("1", "All", GroupSettings(), *everybody[1:])
        met = Acquaintances(OwnConversations(stage.embedded.message_store, stage.embedded.inbox), kept=20)
        for one in everybody * 2:
            assert len(await met.of(AccountId(one))) == 7
            assert 0 < met.ids <= 20


async def test_the_latest_are_kept_of_very_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acquaintances, "MOST", 2)
    monkeypatch.setattr(acquaintances, "CONVERSATIONS", 2)
    async with backstage(tmp_path / "data") as stage:
        await stage.people("1", "2", "3", "4")
        for other in "234":
            await stage.write(other, "1")
        met = Acquaintances(OwnConversations(stage.embedded.message_store, stage.embedded.inbox))
        assert await met.of(ANN) == ("4", "3")
