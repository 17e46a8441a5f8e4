"""Refresh tokens in their table."""

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from chinwag.adapters.relational.schema import refresh_tokens
from chinwag.domain.ids import DeviceId
from chinwag.ports.directory import RefreshToken


class RelationalRefreshTokens:
    """`RefreshTokenRepository` upon one transaction's connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def of(self, device: DeviceId) -> RefreshToken | None:
        query = select(refresh_tokens).where(refresh_tokens.c.device == device)
        row = (await self._connection.execute(query)).first()
        if row is None:
            return None
        return RefreshToken(
            device=DeviceId(row.device), digest=row.digest, previous=row.previous, expires_at=row.expires_at
        )

    async def put(self, token: RefreshToken) -> None:
        values = {"digest": token.digest, "previous": token.previous, "expires_at": token.expires_at}
        result = await self._connection.execute(
            update(refresh_tokens).where(refresh_tokens.c.device == token.device).values(values)
        )
        if not result.rowcount:
            await self._connection.execute(insert(refresh_tokens).values(device=token.device, **values))
