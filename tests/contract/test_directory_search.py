"""The contract of searches in the `Directory`, over every adapter."""

from collections.abc import Sequence

import msgspec
from tests.contract.directories import account, people

from chinwag.domain.account import AccountSettings, name_key
from chinwag.domain.ids import AccountId
from chinwag.domain.search_words import query_words
from chinwag.ports.directory import PAGE_MAX, Account, Directory


def named(id_: str, name: str, display_name: str = "", *, findable: bool = True) -> Account:
    settings = AccountSettings(findable=findable)
    return msgspec.structs.replace(account(id_, name), display_name=display_name, settings=settings)


async def add(directory: Directory, *accounts: Account) -> None:
    # A few at a time: a transaction has no longer than the directory's bound.
    for first in range(0, len(accounts), 20):
        async with directory.transaction() as transaction:
            for one in accounts[first : first + 20]:
                await transaction.accounts.create(one, name_key(one.name), "hash")


async def found(
    directory: Directory, search: str, among: Sequence[str] | None = None, limit: int = PAGE_MAX
) -> list[str]:
    ids = None if among is None else [AccountId(one) for one in among]
    async with directory.reading() as transaction:
        return [one.id for one in await transaction.accounts.search(query_words(search), ids, limit)]


async def test_people_are_found_by_the_beginnings_of_their_words(directory: Directory) -> None:
    await add(
        directory,
        named("1", "anton"),
        named("2", "ANNA", "Zoë Müller"),
        named("3", "bob", "Ann-Marie An"),
        named("4", "dan", "Hannah"),
    )
    assert await found(directory, "an") == ["3", "2", "1"]
    assert await found(directory, "zoe") == ["2"]
    assert await found(directory, "mar") == ["3"]
    assert await found(directory, "mull anna") == ["2"]
    assert await found(directory, "mull anton") == []
    assert await found(directory, "nna") == []


async def test_what_means_something_in_a_pattern_means_itself(directory: Directory) -> None:
    await add(directory, named("1", "a_c"), named("2", "abc", "50% off"))
    assert await found(directory, "a_") == ["1"]
    assert await found(directory, "50%") == ["2"]
    assert await found(directory, "5_%") == []


async def test_a_search_is_bounded_and_goes_by_word_and_id(directory: Directory) -> None:
    await add(directory, *(named(str(number), f"anna{number:03}") for number in range(1, 240)))
    assert await found(directory, "anna", limit=3) == ["1", "2", "3"]
    assert len(await found(directory, "anna", limit=1_000)) == PAGE_MAX
    assert await found(directory, "anna", ["7", "5", "999"]) == ["5", "7"]


async def test_who_does_not_want_to_be_found_is_found_among_the_named_only(directory: Directory) -> None:
    await add(directory, named("1", "anna", findable=False), named("2", "anne"))
    assert await found(directory, "an") == ["2"]
    assert await found(directory, "an", ["1", "2"]) == ["1", "2"]
    async with directory.transaction() as transaction:
        await transaction.accounts.set_settings(AccountId("1"), AccountSettings(findable=True))
        await transaction.accounts.set_settings(AccountId("2"), AccountSettings(findable=False))
    assert await found(directory, "an") == ["1"]


async def test_the_disabled_and_the_closed_are_found_by_nobody(directory: Directory) -> None:
    await add(directory, named("1", "anna"), named("2", "anne", "Anne Old"))
    async with directory.transaction() as transaction:
        await transaction.accounts.set_disabled(AccountId("1"), True)
        await transaction.accounts.close(AccountId("2"), 9)
    assert await found(directory, "an") == []
    assert await found(directory, "an", ["1", "2"]) == []
    async with directory.transaction() as transaction:
        await transaction.accounts.set_disabled(AccountId("1"), False)
    assert await found(directory, "an") == ["1"]


async def test_a_new_profile_is_found_and_the_old_one_no_longer(directory: Directory) -> None:
    await people(directory, "1")
    async with directory.transaction() as transaction:
        await transaction.accounts.set_profile(AccountId("1"), "Old Words", "")
    assert await found(directory, "wor") == ["1"]
    async with directory.transaction() as transaction:
        await transaction.accounts.set_profile(AccountId("1"), "New Ones", "")
    assert await found(directory, "wor") == []
    assert await found(directory, "one") == ["1"]
    assert await found(directory, "name1") == ["1"]
