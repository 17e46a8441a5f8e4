"""Whose turn it is to write, where transactions run side by side: PostgreSQL's advisory locks."""

from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from chinwag.domain.ids import AccountId

ACCOUNT_LOCKS: Final = 0x63776101
"""The first half of the advisory locks of single accounts."""
_OF_ACCOUNT: Final = text("SELECT pg_advisory_xact_lock(:space, hashtext(:account))")


async def turn_of(connection: AsyncConnection, account: AccountId) -> None:
    """Wait for the transactions that are `account`'s, and keep others waiting until this one ends. Where one runs at a
    time anyway, as in SQLite, nothing is done.

    Two that wait for one another for ever would be the end of one of them: whoever holds the turn of `PUSHES` must not
    ask for another.
    """
    if connection.dialect.name == "postgresql":
        await connection.execute(_OF_ACCOUNT, {"space": ACCOUNT_LOCKS, "account": account})
