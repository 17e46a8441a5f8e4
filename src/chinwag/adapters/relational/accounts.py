"""Accounts in their table."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Row, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from chinwag.adapters.relational.people_search import keep_words, with_words
from chinwag.adapters.relational.schema import accounts
from chinwag.domain.account import AccountSettings, NameKey, closed_key
from chinwag.domain.ids import AccountId
from chinwag.domain.look_alike import LookAlikeKey, look_alike_key
from chinwag.domain.refusal import Code, Refused
from chinwag.ports.directory import PAGE_MAX, Account

_COLUMNS = (
    accounts.c.id,
    accounts.c.name,
    accounts.c.display_name,
    accounts.c.about,
    accounts.c.settings,
    accounts.c.admin,
    accounts.c.created_at,
    accounts.c.version,
    accounts.c.profile_version,
    accounts.c.avatar,
    accounts.c.disabled,
    accounts.c.closed_at,
)
_ONE_MORE = accounts.c.profile_version + 1


class RelationalAccounts:
    """`AccountRepository` upon one transaction's connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def create(self, account: Account, key: NameKey, password: str) -> None:
        like = look_alike_key(account.name)
        if await self.taken(key, like):
            raise Refused(Code.NAME_TAKEN)
        row = {
            "id": account.id,
            "name": account.name,
            "name_key": key,
            "look_alike": like,
            "display_name": account.display_name,
            "about": account.about,
            "settings": msgspec.json.encode(account.settings).decode(),
            "password": password,
            "admin": account.admin,
            "disabled": account.disabled,
            "closed_at": None,
            "created_at": account.created_at,
            "version": account.version,
            "profile_version": account.profile_version,
            "avatar": account.avatar,
        }
        try:
            await self._connection.execute(insert(accounts).values(row))
        except IntegrityError:  # where transactions run side by side, another one took the name just now
            raise Refused(Code.NAME_TAKEN) from None
        await keep_words(self._connection, account)

    async def get(self, account: AccountId) -> Account | None:
        row = (await self._connection.execute(select(*_COLUMNS).where(accounts.c.id == account))).first()
        return None if row is None else _account(row)

    async def named(self, key: NameKey) -> Account | None:
        row = (await self._connection.execute(select(*_COLUMNS).where(accounts.c.name_key == key))).first()
        return None if row is None else _account(row)

    async def taken(self, key: NameKey, like: LookAlikeKey) -> bool:
        named = accounts.c.name_key.in_((key, closed_key(key)))
        alike = accounts.c.look_alike.in_((like, closed_key(NameKey(like))))
        query = select(accounts.c.id).where(or_(named, alike)).limit(1)
        return await self._connection.scalar(query) is not None

    async def many(self, accounts_: Sequence[AccountId]) -> list[Account]:
        query = select(*_COLUMNS).where(accounts.c.id.in_(accounts_[:PAGE_MAX]))
        return [_account(row) for row in await self._connection.execute(query)]

    async def page(self, after: AccountId | None, limit: int, search: NameKey | None = None) -> list[Account]:
        query = select(*_COLUMNS).order_by(accounts.c.id).limit(min(limit, PAGE_MAX))
        if search:
            found = accounts.c.name_key.contains(search, autoescape=True)
            query = query.where(found, accounts.c.closed_at.is_(None))
        if after is not None:
            query = query.where(accounts.c.id > after)
        return [_account(row) for row in await self._connection.execute(query)]

    async def search(self, words: Sequence[str], among: Sequence[AccountId] | None, limit: int) -> list[Account]:
        ids = await with_words(self._connection, words, among, limit)
        found = {one.id: one for one in await self.many(ids)}
        return [found[one] for one in ids if one in found and not found[one].disabled]

    async def password(self, account: AccountId) -> str:
        found = await self._connection.scalar(select(accounts.c.password).where(accounts.c.id == account))
        return found or ""

    async def set_password(self, account: AccountId, password: str) -> None:
        result = await self._connection.execute(
            update(accounts).where(accounts.c.id == account).values(password=password)
        )
        if not result.rowcount:
            raise Refused(Code.NO_ACCOUNT)

    async def set_profile(self, account: AccountId, display_name: str, about: str) -> Account:
        return await self._renamed(account, display_name=display_name, about=about, profile_version=_ONE_MORE)

    async def set_avatar(self, account: AccountId, avatar: str) -> Account:
        return await self._change(account, avatar=avatar, profile_version=_ONE_MORE)

    async def set_settings(self, account: AccountId, settings: AccountSettings) -> Account:
        return await self._renamed(account, settings=msgspec.json.encode(settings).decode())

    async def set_disabled(self, account: AccountId, disabled: bool) -> Account:
        return await self._renamed(account, disabled=disabled)

    async def set_admin(self, account: AccountId, admin: bool) -> Account:
        return await self._change(account, admin=admin)

    async def close(self, account: AccountId, at: int) -> Account:
        keys = select(accounts.c.name_key, accounts.c.look_alike).where(accounts.c.id == account)
        found = (await self._connection.execute(keys)).first()
        if found is None:
            raise Refused(Code.NO_ACCOUNT)
        like = None if found.look_alike is None else closed_key(NameKey(found.look_alike))
        return await self._renamed(
            account,
            closed_at=at,
            name="",
            name_key=closed_key(NameKey(found.name_key)),
            look_alike=like,
            display_name="",
            about="",
            avatar="",
            settings="{}",
            password="",
            admin=False,
            profile_version=_ONE_MORE,
        )

    async def touch(self, account: AccountId) -> int:
        return (await self._change(account)).version

    async def _renamed(self, account: AccountId, **values: object) -> Account:
        """A change of what people find it by, or of who does."""
        changed = await self._change(account, **values)
        await keep_words(self._connection, changed)
        return changed

    async def _change(self, account: AccountId, **values: object) -> Account:
        statement = (
            update(accounts)
            .where(accounts.c.id == account)
            .values(version=accounts.c.version + 1, **values)
            .returning(*_COLUMNS)
        )
        row = (await self._connection.execute(statement)).first()
        if row is None:
            raise Refused(Code.NO_ACCOUNT)
        return _account(row)


def _account(row: Row[*tuple[Any, ...]]) -> Account:
    return Account(
        id=AccountId(row.id),
        name=row.name,
        display_name=row.display_name,
        about=row.about,
        settings=msgspec.json.decode(row.settings, type=AccountSettings),
        admin=row.admin,
        created_at=row.created_at,
        version=row.version,
        profile_version=row.profile_version,
        avatar=row.avatar,
        disabled=row.disabled,
        closed=row.closed_at is not None,
    )
