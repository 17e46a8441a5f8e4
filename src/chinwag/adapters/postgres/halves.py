"""Which two databases are one cluster's: a word that both are given when they are made together.

A cluster's name alone does not tell: an empty database for accounts beside messages that have theirs elsewhere would be
a second half under the same name, and so would two addresses that were swapped.
"""

import secrets
from typing import Any, Final, Literal

import msgspec

from chinwag.adapters.postgres.database import connected
from chinwag.adapters.postgres.schema import SchemaError

_LOCK: Final = 0x68616C66
_TABLE: Final = """
    CREATE TABLE IF NOT EXISTS cluster.half (
        one boolean PRIMARY KEY DEFAULT true CHECK (one),
        kind text COLLATE "C" NOT NULL,
        pair text COLLATE "C" NOT NULL,
        joined boolean NOT NULL
    )"""
_PUT: Final = """
    INSERT INTO cluster.half (kind, pair, joined) VALUES ($1, $2, $3)
    ON CONFLICT (one) DO UPDATE SET joined = excluded.joined WHERE cluster.half.pair = excluded.pair"""

Kind = Literal["both", "messages", "accounts"]
_HOLDS: Final[dict[Kind, str]] = {
    "both": "messages and accounts",
    "messages": "messages alone, its accounts being in another database",
    "accounts": "accounts alone, its messages being in another database",
}


class _Half(msgspec.Struct, frozen=True):
    """What a database says of itself. joined: its other half knows it as well."""

    kind: Kind
    pair: str
    joined: bool


async def join_halves(messages: str, accounts: str) -> None:
    """Make the databases at both addresses, which may be one, the halves of one cluster, if they are none yet.

    Both have their cluster's name already. May be done again after a crash at any point. Raises `SchemaError` if one of
    them has another half, or is the other one, and `Refused(UNAVAILABLE)`.
    """
    async with connected(messages) as first:
        # For whoever joins these messages to anything: of several at once one does it.
        await first.execute("SELECT pg_advisory_lock($1)", _LOCK)
        if messages == accounts:
            if await _seen_right(first, None) is None:
                await _put(first, _Half("both", secrets.token_hex(8), joined=True))
            return
        async with connected(accounts) as second:
            pair = await _seen_right(first, second)
            if pair is None:
                await _expect_tables(first, second)
                pair = secrets.token_hex(8)
            elif await _half(first) is not None:
                return  # both know it: the second is told last
            await _put(second, _Half("accounts", pair, joined=False))
            await _put(first, _Half("messages", pair, joined=True))
            await _put(second, _Half("accounts", pair, joined=True))


async def check_halves(messages: str, accounts: str) -> None:
    """Raise `SchemaError` if the databases at these addresses are not the halves of one cluster. Two that an older
    version made know of no halves, and pass."""
    async with connected(messages) as first:
        if messages == accounts:
            await _seen_right(first, None)
            return
        async with connected(accounts) as second:
            await _seen_right(first, second)


async def _seen_right(first: Any, second: Any | None) -> str | None:
    """The word of both; None if neither has one. Raises `SchemaError`. second: None where there is one database."""
    one = await _half(first)
    _expect("postgres.url", one, "both" if second is None else "messages")
    if second is None:
        return None if one is None else one.pair
    other = await _half(second)
    _expect("postgres.directory_url", other, "accounts")
    if one is None:
        if other is not None and other.joined:
            raise SchemaError(
                "postgres.directory_url leads to accounts whose messages are in another database than postgres.url "
                "leads to: correct postgres.url"
            )
        return None if other is None else other.pair
    if other is None or other.pair != one.pair:
        raise SchemaError(
            "postgres.url leads to messages whose accounts are in another database than postgres.directory_url leads "
            "to: correct postgres.directory_url"
        )
    return one.pair


def _expect(setting: str, found: _Half | None, kind: Kind) -> None:
    if found is not None and found.kind != kind:
        raise SchemaError(
            f"{setting} leads to a database that holds {_HOLDS[found.kind]}: postgres.url is where messages are, and "
            "postgres.directory_url where accounts are, if those have a database of their own"
        )


async def _expect_tables(first: Any, second: Any) -> None:
    """Of databases that an older version made, which knew of no halves: see by their tables that they are not swapped,
    and that accounts are where they are said to be."""
    messages, accounts = [
        await connection.fetchrow(
            "SELECT to_regclass('messages.life') IS NOT NULL, to_regclass('accounts') IS NOT NULL"
        )
        for connection in (first, second)
    ]
    if accounts[0] or (messages[1] and not messages[0]):
        raise SchemaError("postgres.url and postgres.directory_url lead to one another's databases: swap them")
    if messages[0] and not accounts[1]:
        raise SchemaError(
            "postgres.directory_url leads to no accounts, and those of these messages are in another database: correct "
            "postgres.directory_url"
        )


async def _half(connection: Any) -> _Half | None:
    if await connection.fetchval("SELECT to_regclass('cluster.half') IS NULL"):
        return None
    row = await connection.fetchrow("SELECT kind, pair, joined FROM cluster.half")
    return None if row is None else _Half(row["kind"], row["pair"], row["joined"])


async def _put(connection: Any, half: _Half) -> None:
    await connection.execute(_TABLE)
    await connection.execute(_PUT, half.kind, half.pair, half.joined)
