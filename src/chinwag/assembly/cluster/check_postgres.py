"""What `chinwag cluster check` looks at in a PostgreSQL database: its version, its settings and its sessions."""

from collections.abc import AsyncIterator
from typing import Any, Final

import asyncpg

from chinwag.adapters.postgres.said import said
from chinwag.assembly.cluster.erasing import erasing
from chinwag.life.doctor.finding import Finding, fail, ok, warn

POSTGRES_LEAST: Final = 150_000
"""The oldest PostgreSQL on which all of this was tried, as `server_version_num`."""
WEAK: Final = ("off", "local", "remote_write")
_ON: Final = {
    "fsync": "a cut of power may take messages that were acked: set fsync = on in postgresql.conf, and restart it",
    "full_page_writes": "a cut of power may damage the database: set full_page_writes = on, and reload",
}
_TRIAL: Final = """
    SET LOCAL temp_tablespaces = '';
    CREATE TEMPORARY TABLE chinwag_trial ON COMMIT DROP AS
        SELECT repeat(md5(number::text), 50) AS words FROM generate_series(1, 2500) AS number"""
"""Four megabytes, of which the journal gets nothing, and which are gone with their transaction."""


async def database_findings(subject: str, connection: Any) -> AsyncIterator[Finding]:
    """One finding after another. connection: of asyncpg, as servers make them."""
    number = int(await connection.fetchval("SHOW server_version_num"))
    version = await connection.fetchval("SHOW server_version")
    if number < POSTGRES_LEAST:
        yield fail(subject, f"version {version}", f"{POSTGRES_LEAST // 10_000} is the oldest that will do: update it")
    else:
        yield ok(subject, f"version {version}")
    for name, otherwise in _ON.items():
        value = await connection.fetchval(f"SHOW {name}")
        yield ok(f"{subject}, {name}", value) if value == "on" else fail(f"{subject}, {name}", value, otherwise)
    yield await _commits(subject, connection)
    yield await _standby(subject, connection)
    yield await _read_only(subject, connection)
    yield await _disk(subject, connection)
    encoding, locale = await connection.fetchrow(
        "SELECT pg_encoding_to_char(encoding), datcollate FROM pg_database WHERE datname = current_database()"
    )
    if encoding == "UTF8":
        yield ok(f"{subject}, encoding", f"{encoding}, ordered as {locale}; what counts is ordered by code points")
    else:
        yield fail(
            f"{subject}, encoding",
            encoding,
            "make a database with ENCODING 'UTF8' TEMPLATE template0, and name that one",
        )
    yield await _pooled(subject, connection)
    async for finding in erasing(subject, connection):
        yield finding


async def _commits(subject: str, connection: Any) -> Finding:
    subject = f"{subject}, synchronous_commit"
    value = await connection.fetchval("SHOW synchronous_commit")
    if value in WEAK:
        return fail(
            subject,
            value,
            "acks would not wait for the disk: set synchronous_commit = on in postgresql.conf, and reload (servers set "
            "it for their own commits of messages, but not for accounts)",
        )
    return ok(subject, value)


async def _standby(subject: str, connection: Any) -> Finding:
    subject = f"{subject}, standbys"
    if await connection.fetchval("SELECT pg_is_in_recovery()"):
        return fail(subject, "this is a standby itself", "let postgres.url lead to the primary")
    names = await connection.fetchval("SHOW synchronous_standby_names")
    if not names:
        return warn(
            subject,
            "none is synchronous",
            "if this server's disk is lost, so are its latest acked messages, also with a standby that takes over: "
            "name one in synchronous_standby_names, or know that you do without",
        )
    count = await connection.fetchval(
        "SELECT count(*) FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum') AND state = 'streaming'"
    )
    if not count:
        return fail(subject, f"{names}: none of them is there", "start one: until then no commit ends")
    return ok(subject, f"{names}: {count} of them synchronous now")


async def _read_only(subject: str, connection: Any) -> Finding:
    subject = f"{subject}, default_transaction_read_only"
    value = await connection.fetchval("SHOW default_transaction_read_only")
    if value == "on":
        return fail(
            subject,
            "on: nothing can be written",
            "find out who has set it and why (a disk that is about to be full, say), then ALTER SYSTEM RESET "
            "default_transaction_read_only, ALTER DATABASE … RESET and ALTER ROLE … RESET likewise, and reload",
        )
    return ok(subject, value)


async def _disk(subject: str, connection: Any) -> Finding:
    """Whether the disk takes some megabytes, which are given back: the server tells nobody how much room it has."""
    subject = f"{subject}, disk"
    trial = connection.transaction()
    await trial.start()
    try:
        await connection.execute(_TRIAL)
    except asyncpg.DiskFullError as error:
        return fail(
            subject,
            f"it is full: {said(error)}",
            "make room: sends are `unavailable` until then, and go on by themselves. Do not wait: if the journal needs "
            "a file meanwhile, the server ends itself",
        )
    except asyncpg.PostgresError as error:  # of a standby, say, or of a user who may not make such a table
        return warn(subject, f"it could not be tried: {said(error)}", "see on its machine that it has room")
    finally:
        await trial.rollback()
    return ok(subject, "it has room")


async def _pooled(subject: str, connection: Any) -> Finding:
    """Whether two statements reach the same session: a pooler that parts them breaks locks and prepared statements."""
    subject = f"{subject}, sessions"
    try:
        await connection.execute("SET application_name = 'chinwag cluster check'")
        kept = await connection.fetchval("SHOW application_name") == "chinwag cluster check"
        first, second = [await connection.fetchval("SELECT pg_backend_pid()") for _ in range(2)]
    except asyncpg.PostgresError as error:
        return fail(
            subject, f"a prepared statement failed: {said(error)}", "connect to PostgreSQL itself, not to a pooler"
        )
    if kept and first == second:
        return ok(subject, "a connection keeps its session")
    return fail(
        subject,
        "statements of one connection reach several sessions",
        "a pooler by transaction (PgBouncer's) will not do: connect to PostgreSQL itself, or pool by session",
    )
