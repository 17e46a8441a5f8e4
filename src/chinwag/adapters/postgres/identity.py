"""Which cluster a database belongs to: a name that is given once, so that two clusters never mistake one another's
database, or their own words on one NATS."""

import secrets
from typing import Any, Final

from chinwag.adapters.postgres.database import connected
from chinwag.adapters.postgres.schema import MissingSchemaError, NewerSchemaError, SchemaError

VERSION: Final = 1
_LOCK: Final = 0x636C7573
_TABLE: Final = """
    CREATE SCHEMA cluster;
    CREATE TABLE cluster.identity (
        one boolean PRIMARY KEY DEFAULT true CHECK (one),
        version integer NOT NULL,
        id text COLLATE "C" NOT NULL
    )"""


async def make_identity(url: str, wanted: str) -> str:
    """Name the database at `url` if it has no name yet: `wanted`, or one that is drawn if that is empty; its name.

    Of several at once one names it. Raises `SchemaError` if it has another name than `wanted`, `NewerSchemaError`, and
    `Refused(UNAVAILABLE)`.
    """
    async with connected(url) as connection, connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        found = await _found(connection)
        if found is None:
            found = wanted or secrets.token_hex(6)
            await connection.execute(_TABLE)
            await connection.execute("INSERT INTO cluster.identity (version, id) VALUES ($1, $2)", VERSION, found)
        _refuse_another(found, wanted)
        return found


async def identity_of(url: str, wanted: str = "") -> str:
    """The name of the database at `url`. Raises as `make_identity`, and `MissingSchemaError` if it has none."""
    async with connected(url) as connection:
        found = await _found(connection)
    if found is None:
        raise MissingSchemaError("this database belongs to no cluster yet: run `chinwag cluster init`")
    _refuse_another(found, wanted)
    return found


def _refuse_another(found: str, wanted: str) -> None:
    if wanted not in ("", found):
        raise SchemaError(
            f"this database belongs to the cluster {found}, and cluster.id says {wanted}: correct postgres.url if it "
            f"leads to another cluster's database, else set cluster.id to {found}"
        )


async def _found(connection: Any) -> str | None:
    if await connection.fetchval("SELECT to_regclass('cluster.identity') IS NULL"):
        return None
    row = await connection.fetchrow("SELECT version, id FROM cluster.identity")
    if row["version"] > VERSION:
        raise NewerSchemaError(
            f"the cluster's tables are of schema {row['version']}, and this version of Chinwag knows {VERSION} at "
            "most: use the version that made them, or a newer one"
        )
    name: str = row["id"]
    return name
