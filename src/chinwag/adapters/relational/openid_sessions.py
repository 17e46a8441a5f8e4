"""Devices that providers let in, in their table."""

from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, Table, and_, delete, false, insert, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from chinwag.adapters.relational.schema import openid_sessions
from chinwag.domain.ids import DeviceId
from chinwag.ports.directory import PAGE_MAX, OpenIdSession


class RelationalOpenIdSessions:
    """`OpenIdSessionRepository` upon one transaction's connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def of(self, device: DeviceId) -> OpenIdSession | None:
        query = select(openid_sessions).where(openid_sessions.c.device == device)
        row = (await self._connection.execute(query)).first()
        return None if row is None else _session(row)

    async def put(self, session: OpenIdSession) -> None:
        await self._connection.execute(delete(openid_sessions).where(openid_sessions.c.device == session.device))
        await self._connection.execute(insert(openid_sessions).values(msgspec.structs.asdict(session)))

    async def named(self, issuer: str, subject: str, session: str) -> list[DeviceId]:
        rows = openid_sessions.c
        query = select(rows.device).where(meant(openid_sessions, issuer, subject, session))
        query = query.order_by(rows.device).limit(PAGE_MAX)
        return [DeviceId(device) for device in await self._connection.scalars(query)]


def meant(table: Table, issuer: str, subject: str, session: str) -> ColumnElement[bool]:
    """Those rows of a table with these three columns that a provider means, see `OpenIdSessionRepository.named`."""
    rows = table.c
    if not subject:
        return and_(rows.issuer == issuer, rows.session == session) if session else false()
    sessions = rows.session.in_((session, "")) if session else true()
    return and_(rows.issuer == issuer, rows.subject == subject, sessions)


def _session(row: Row[Any]) -> OpenIdSession:
    return OpenIdSession(
        device=DeviceId(row.device),
        provider=row.provider,
        issuer=row.issuer,
        subject=row.subject,
        session=row.session,
        refresh_token=row.refresh_token,
        checked_at=row.checked_at,
        away_since=row.away_since,
        asking_until=row.asking_until,
    )
