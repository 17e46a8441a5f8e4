"""Identities at providers, and the places that these have given, in their tables."""

from typing import Any, Final

import msgspec
from sqlalchemy import Row, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from chinwag.adapters.relational.schema import given_places, identities, places_due
from chinwag.domain.conversation import Role
from chinwag.domain.ids import AccountId, ClientId, ConversationId
from chinwag.domain.refusal import Code, Refused
from chinwag.ports.directory import PAGE_MAX, GivenPlace, Identity, PlacesDue

_groups: Final = msgspec.json.Decoder(tuple[str, ...]).decode


class RelationalIdentities:
    """`IdentityRepository` upon one transaction's connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def get(self, issuer: str, subject: str) -> Identity | None:
        mine = (identities.c.issuer == issuer, identities.c.subject == subject)
        row = (await self._connection.execute(select(identities).where(*mine))).first()
        return None if row is None else _identity(row)

    async def of(self, account: AccountId) -> list[Identity]:
        query = select(identities).where(identities.c.account == account).order_by(identities.c.provider)
        return [_identity(row) for row in await self._connection.execute(query.limit(PAGE_MAX))]

    async def put(self, identity: Identity) -> None:
        rows = identities.c
        same = (rows.issuer == identity.issuer, rows.subject == identity.subject)
        others = select(rows.subject).where(
            rows.account == identity.account,
            or_(rows.issuer == identity.issuer, rows.provider == identity.provider),
            or_(rows.issuer != identity.issuer, rows.subject != identity.subject),
        )
        owner = await self._connection.scalar(select(rows.account).where(*same))
        if owner not in (None, identity.account) or (await self._connection.execute(others.limit(1))).first():
            raise Refused(Code.IDENTITY_TAKEN)
        values = msgspec.structs.asdict(identity) | {"groups": msgspec.json.encode(identity.groups).decode()}
        if owner is not None:
            await self._rename(identity)
            await self._connection.execute(update(identities).where(*same).values(values))
            return
        try:
            await self._connection.execute(insert(identities).values(values))
        except IntegrityError:  # where transactions run side by side, another one put it just now
            raise Refused(Code.IDENTITY_TAKEN) from None

    async def _rename(self, identity: Identity) -> None:
        """What it gave under a name that its issuer had here before is its gift under the new one."""
        rows = identities.c
        same = (rows.issuer == identity.issuer, rows.subject == identity.subject)
        before = await self._connection.scalar(select(rows.provider).where(*same))
        if before != identity.provider:
            given = (given_places.c.account == identity.account, given_places.c.provider == before)
            await self._connection.execute(update(given_places).where(*given).values(provider=identity.provider))

    async def remove(self, account: AccountId, provider: str) -> bool:
        mine = (identities.c.account == account, identities.c.provider == provider)
        return bool((await self._connection.execute(delete(identities).where(*mine))).rowcount)

    async def made_by_hand(self, account: AccountId) -> None:
        mine = identities.c.account == account
        await self._connection.execute(update(identities).where(mine).values(made_admin=False))

    async def change_places(self, due: PlacesDue) -> None:
        mine = (places_due.c.account == due.account, places_due.c.provider == due.provider)
        await self._connection.execute(delete(places_due).where(*mine))
        await self._connection.execute(insert(places_due).values(msgspec.structs.asdict(due)))

    async def due(self, limit: int) -> list[PlacesDue]:
        query = select(places_due).order_by(places_due.c.at, places_due.c.account).limit(min(limit, PAGE_MAX))
        return [
            PlacesDue(AccountId(row.account), row.provider, row.at) for row in await self._connection.execute(query)
        ]

    async def done(self, due: PlacesDue) -> None:
        rows = places_due.c
        mine = (rows.account == due.account, rows.provider == due.provider, rows.at == due.at)
        await self._connection.execute(delete(places_due).where(*mine))

    async def places(self, account: AccountId, provider: str) -> list[GivenPlace]:
        rows = given_places.c
        query = select(given_places).where(rows.account == account, rows.provider == provider)
        return [_place(row) for row in await self._connection.execute(query.order_by(rows.conversation))]

    async def place(self, place: GivenPlace) -> bool:
        rows = given_places.c
        mine = (rows.account == place.account, rows.conversation == place.conversation)
        by = await self._connection.scalar(select(rows.provider).where(*mine))
        if by not in (None, place.provider):
            return False
        await self._connection.execute(delete(given_places).where(*mine))
        await self._connection.execute(insert(given_places).values(msgspec.structs.asdict(place)))
        return True

    async def unplace(self, account: AccountId, conversation: ConversationId) -> None:
        mine = (given_places.c.account == account, given_places.c.conversation == conversation)
        await self._connection.execute(delete(given_places).where(*mine))


def _identity(row: Row[Any]) -> Identity:
    return Identity(
        issuer=row.issuer,
        subject=row.subject,
        account=AccountId(row.account),
        provider=row.provider,
        linked_at=row.linked_at,
        groups=_groups(row.groups),
        made_admin=row.made_admin,
        said_at=row.said_at,
    )


def _place(row: Row[Any]) -> GivenPlace:
    return GivenPlace(
        account=AccountId(row.account),
        conversation=ConversationId(row.conversation),
        provider=row.provider,
        id=ClientId(row.id),
        joined=row.joined,
        role=Role(row.role),
    )
