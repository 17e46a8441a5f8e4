"""Log-ins by providers under way, in their tables."""

from typing import Any, Final

import msgspec
from sqlalchemy import Row, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from chinwag.adapters.relational.openid_sessions import meant
from chinwag.adapters.relational.schema import logout_tokens, openid_arrivals, openid_trips
from chinwag.domain.ids import AccountId
from chinwag.domain.refusal import Code, Refused
from chinwag.ports.directory import TRIPS_MAX, Arrival, Trip

_ENDS: Final = (
    (openid_trips, openid_trips.c.expires_at),
    (openid_arrivals, openid_arrivals.c.expires_at),
    (logout_tokens, logout_tokens.c.until),
)
"""When a row of each table is good for nothing any more."""
_groups: Final = msgspec.json.Decoder(tuple[str, ...]).decode


class RelationalOpenIdTrips:
    """`OpenIdTripRepository` upon one transaction's connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def begin(self, trip: Trip, now: int) -> None:
        await self.expire(now)
        if (await self._connection.scalar(select(func.count()).select_from(openid_trips)) or 0) >= TRIPS_MAX:
            raise Refused(Code.OVERLOADED, "too many log-ins are under way", 5.0)
        await self._connection.execute(insert(openid_trips).values(msgspec.structs.asdict(trip)))

    async def take(self, state: bytes, now: int) -> Trip | None:
        gone = delete(openid_trips).where(openid_trips.c.state == state).returning(*openid_trips.c)
        row = (await self._connection.execute(gone)).first()
        return None if row is None or row.expires_at <= now else _trip(row)

    async def arrive(self, arrival: Arrival) -> None:
        values = msgspec.structs.asdict(arrival) | {"groups": msgspec.json.encode(arrival.groups).decode()}
        await self._connection.execute(insert(openid_arrivals).values(values))

    async def find(self, code: bytes, now: int) -> Arrival | None:
        query = select(openid_arrivals).where(openid_arrivals.c.code == code)
        row = (await self._connection.execute(query)).first()
        return None if row is None or row.expires_at <= now else _arrival(row)

    async def redeem(self, code: bytes, now: int) -> Arrival | None:
        gone = delete(openid_arrivals).where(openid_arrivals.c.code == code).returning(*openid_arrivals.c)
        row = (await self._connection.execute(gone)).first()
        return None if row is None or row.expires_at <= now else _arrival(row)

    async def turn_back(self, issuer: str, subject: str, session: str) -> None:
        await self._connection.execute(delete(openid_arrivals).where(meant(openid_arrivals, issuer, subject, session)))

    async def expired(self, now: int) -> bool:
        for _, ends in _ENDS:
            if (await self._connection.execute(select(ends).where(ends <= now).limit(1))).first() is not None:
                return True
        return False

    async def expire(self, now: int) -> None:
        for table, ends in _ENDS:
            await self._connection.execute(delete(table).where(ends <= now))

    async def use(self, token: bytes, until: int, now: int) -> bool:
        await self._connection.execute(delete(logout_tokens).where(logout_tokens.c.until <= now))
        known = select(func.count()).select_from(logout_tokens).where(logout_tokens.c.digest == token)
        if await self._connection.scalar(known):
            return False
        await self._connection.execute(insert(logout_tokens).values(digest=token, until=until))
        return True


def _trip(row: Row[Any]) -> Trip:
    return Trip(
        state=row.state,
        provider=row.provider,
        binding=row.binding,
        return_to=row.return_to,
        nonce=row.nonce,
        verifier=row.verifier,
        link=None if row.link is None else AccountId(row.link),
        expires_at=row.expires_at,
    )


def _arrival(row: Row[Any]) -> Arrival:
    return Arrival(
        code=row.code,
        provider=row.provider,
        binding=row.binding,
        link=None if row.link is None else AccountId(row.link),
        expires_at=row.expires_at,
        issuer=row.issuer,
        subject=row.subject,
        session=row.session,
        name=row.name,
        display_name=row.display_name,
        groups=_groups(row.groups),
        refresh_token=row.refresh_token,
    )
