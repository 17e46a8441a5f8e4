"""The contract of the Directory's audit log and announcements, over every adapter."""

import sqlite3

import asyncpg
import msgspec
import pytest
from tests.contract.directories import Place, people

from chinwag.domain.account import name_key
from chinwag.domain.ids import AccountId
from chinwag.ports.directory import OPERATOR, Actor, Announcement, Directory, Invitation


async def test_the_audit_log_is_read_backwards_and_by_actor_and_target(directory: Directory) -> None:
    async with directory.transaction() as transaction:
        for n, actor in enumerate([OPERATOR, Actor("1"), Actor("1")]):
            await transaction.audit.add(n, actor, "act", f"t{n}", "why")
    async with directory.reading() as transaction:
        entries = await transaction.audit.page(None, 9)
        assert [(one.at, one.actor, one.act, one.target, one.detail) for one in entries] == [
            (2, "1", "act", "t2", "why"),
            (1, "1", "act", "t1", "why"),
            (0, "operator", "act", "t0", "why"),
        ]
        assert await transaction.audit.page(entries[0].id, 1) == entries[1:2]
        assert await transaction.audit.page(None, 9, "operator") == entries[2:]
        assert await transaction.audit.page(None, 9, None, "t1") == entries[1:2]


async def test_an_entry_goes_with_its_transaction(directory: Directory) -> None:
    async def fail() -> None:
        async with directory.transaction() as transaction:
            await transaction.audit.add(1, OPERATOR, "act")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    async with directory.reading() as transaction:
        assert await transaction.audit.page(None, 9) == []


async def test_nobody_rewrites_the_audit_log(directory: Directory, place: Place) -> None:
    async with directory.transaction() as transaction:
        await transaction.audit.add(1, OPERATOR, "act")
    before = await place.execute("SELECT * FROM audit")
    assert len(before) == 1
    for statement in place.rewrites:
        with pytest.raises((sqlite3.DatabaseError, asyncpg.PostgresError), match="only added to"):
            await place.execute(statement)
        assert await place.execute("SELECT * FROM audit") == before, statement
    async with directory.transaction() as transaction:
        await transaction.audit.add(2, OPERATOR, "act")
    async with directory.reading() as reading:
        assert [entry.at for entry in await reading.audit.page(None, 9)] == [2, 1]


async def test_an_announcement_is_made_once_a_key_and_remembers_how_far_it_came(directory: Directory) -> None:
    first = Announcement("5", "hello", 10, OPERATOR, "k1")
    second = Announcement("6", "again", 11, OPERATOR, "k2")
    async with directory.transaction() as transaction:
        news = transaction.announcements
        assert await news.create(first) == first
        assert await news.create(Announcement("7", "other", 12, OPERATOR, "k1")) == first
        await news.create(second)
        assert await news.unfinished() == first
        await news.reached("5", AccountId("1"), False)
        assert await news.unfinished() == msgspec.structs.replace(first, reached=AccountId("1"))
        await news.reached("5", AccountId("2"), True)
        assert await news.unfinished() == second
        assert [one.id for one in await news.page(0, None, 9)] == ["6", "5"]
        assert [one.id for one in await news.page(0, "6", 9)] == ["5"]
        assert [one.id for one in await news.page(11, None, 9)] == ["6"]


async def test_accounts_are_searched_by_name_and_made_administrators(directory: Directory) -> None:
    await people(directory, "1", "2", "12")
    async with directory.transaction() as transaction:
        found = await transaction.accounts.page(None, 9, name_key("E1"))
        assert [one.id for one in found] == ["1", "12"]
        assert await transaction.accounts.page(None, 9, name_key("%")) == []
        assert (await transaction.accounts.set_admin(AccountId("1"), True)).admin


async def test_invitations_are_listed_newest_first_and_taken_back(directory: Directory) -> None:
    async with directory.transaction() as transaction:
        invitations = transaction.invitations
        for digest, at in ((b"a", 1), (b"b", 2), (b"c", 2)):
            await invitations.create(Invitation(digest, 1, 100, None, at))
        assert [one.digest for one in await invitations.page(None, 9)] == [b"c", b"b", b"a"]
        assert [one.digest for one in await invitations.page(b"b", 9)] == [b"a"]
        assert await invitations.revoke(b"a")
        assert not await invitations.revoke(b"x")
        assert not await invitations.use(b"a", 5)
