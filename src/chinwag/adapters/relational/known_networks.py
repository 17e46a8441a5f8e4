"""Networks from which accounts have logged in, in their table."""

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from chinwag.adapters.relational.schema import known_networks
from chinwag.domain.ids import AccountId
from chinwag.ports.directory import KNOWN_FRESH_MS, KNOWN_MAX


class RelationalKnownNetworks:
    """`KnownNetworkRepository` upon one transaction's connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def has(self, account: AccountId, digest: bytes) -> bool:
        rows = known_networks.c
        query = select(func.count()).where(rows.account == account, rows.digest == digest)
        return bool(await self._connection.scalar(query))

    async def remember(self, account: AccountId, digest: bytes, at: int) -> None:
        rows = known_networks.c
        mine = (rows.account == account, rows.digest == digest)
        noted = await self._connection.scalar(select(rows.at).where(*mine))
        if noted is None:
            await self._connection.execute(insert(known_networks).values(account=account, digest=digest, at=at))
            latest = select(rows.digest).where(rows.account == account).order_by(rows.at.desc(), rows.digest.desc())
            await self._connection.execute(
                delete(known_networks).where(rows.account == account, rows.digest.not_in(latest.limit(KNOWN_MAX)))
            )
        elif abs(at - noted) >= KNOWN_FRESH_MS:
            await self._connection.execute(update(known_networks).where(*mine).values(at=at))
