"""Takes what was deleted or replaced out of PostgreSQL's files.

An UPDATE or a DELETE leaves the former row where it is, and VACUUM its bytes on the page. Only a table that is written
anew is without it; so each part that holds such (`parts.sql`) is, one after another. Its former rows were also in the
journal: the database is asked to begin another file of it, and to give up those before.
"""

import contextlib
from typing import Any, Final

import asyncpg
import structlog

from chinwag.adapters.postgres.database import connected
from chinwag.domain.refusal import Code, Refused
from chinwag.ports.scrub import Scrub, TextScrub

TABLES: Final = (
    *("states", "spans", "mentions", "reactions", "people", "wrote", "joinings"),
    *("heads", "marks", "steps", "seen"),
)
"""Of these hold closed accounts rows too: ids, numbers and times, no texts."""
SECONDS: Final = 3_600.0
"""The longest that one part may take."""
LOCK_SECONDS: Final = 5
"""How long a part is waited for. Whoever wants it meanwhile waits behind: no longer than a commit may."""
JOURNAL: Final = ("SELECT pg_switch_wal()", "CHECKPOINT")

HORIZON: Final = """(
    SELECT greatest(age(relfrozenxid), age(pg_snapshot_xmin(pg_current_snapshot())::xid))
    FROM pg_class WHERE oid = 'messages.life'::regclass)"""
"""Of what is older than this in transactions, nobody can read what was there before: no transaction here does already,
and none is open, in whatever database of the server, whose former state one that begins now would see."""
_PARTS: Final = "SELECT DISTINCT part FROM messages.replaced ORDER BY part"
_DONE: Final = """
    DELETE FROM messages.replaced WHERE part = $1::text
    AND age(xmin) > (
        SELECT age(relfrozenxid) FROM pg_class WHERE oid = to_regclass('messages.' || quote_ident($1::text)))"""
"""What was replaced by transactions that ended before all that the new files still keep older versions for."""
_USE: Final = f"SELECT EXISTS (SELECT FROM messages.replaced WHERE part = $1::text AND age(xmin) > {HORIZON})"  # noqa: S608 - our own
_LEFT: Final = "SELECT count(*) FROM (SELECT FROM messages.replaced WHERE part = $1::text LIMIT 1000) AS few"
_log = structlog.get_logger(__name__)


class PostgresScrub(Scrub, TextScrub):
    """What archives, base backups and standbys hold is theirs, as docs/erasure.md says."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def scrub(self) -> None:
        while await self.scrub_texts():
            pass
        async with connected(self._url, SECONDS) as connection:
            await connection.execute("SET application_name = 'chinwag scrub'")
            for table in TABLES:
                # A table that somebody else vacuums is waited for; each one alone, so that others' locks are short.
                await connection.execute(f"VACUUM messages.{table}")

    async def scrub_texts(self) -> bool:
        async with connected(self._url, SECONDS) as connection:
            parts = [part for (part,) in await connection.fetch(_PARTS)]
            if not parts:
                return False
            await connection.execute(f"SET application_name = 'chinwag scrub'; SET lock_timeout = '{LOCK_SECONDS}s'")
            await look_how_far_back(connection)
            kept = [part for part in parts if await _written_anew(connection, part)]
            await begin_journal(connection)
        if kept:
            # As long as a transaction runs that began before, such as that of a dump, its rows are copied.
            _log.warning("an old transaction keeps replaced texts in the database's files", parts=len(kept))
            raise Refused(Code.UNAVAILABLE, "replaced texts stay while an older transaction runs", 1.0)
        _log.info("replaced texts are out of the database's files", parts=len(parts))
        return False


async def look_how_far_back(connection: Any) -> None:
    """Find out what older transactions keep, before anybody is kept waiting: `HORIZON` says it from then on. A table of
    one row, for which nobody waits meanwhile, gets the horizon that all others would get."""
    with contextlib.suppress(asyncpg.LockNotAvailableError):
        await connection.execute("VACUUM (FREEZE) messages.life")


async def _written_anew(connection: Any, part: str) -> int:
    """Write a part and its indexes anew, if that takes anything out; how much of what was replaced in it is still
    there."""
    if await connection.fetchval(_USE, part):
        with contextlib.suppress(asyncpg.LockNotAvailableError):
            await connection.execute(f'VACUUM FULL messages."{part}"')
            await connection.execute(_DONE, part)
    return int(await connection.fetchval(_LEFT, part))


async def begin_journal(connection: Any) -> None:
    """Let the database give up the files of its journal that hold what was replaced, as far as that is allowed."""
    for statement in JOURNAL:
        try:
            await connection.execute(statement)
        except asyncpg.InsufficientPrivilegeError:
            # The database does both by itself, in its own time; `chinwag cluster check` says what to grant.
            _log.info("the database keeps its journal for now", statement=statement)
