"""What `chinwag cluster check` says of P13 (docs/guarantees.md): where PostgreSQL may keep what was deleted."""

from collections.abc import AsyncIterator
from typing import Any, Final

from chinwag.life.doctor.finding import Finding, ok, warn

_JOURNAL: Final = """
    SELECT has_function_privilege('pg_switch_wal()', 'execute')
    AND (pg_has_role('pg_checkpoint', 'usage') OR (SELECT rolsuper FROM pg_roles WHERE rolname = current_user))"""
_LOGGED: Final = """
    SELECT string_agg(name || ' = ' || setting, ', ' ORDER BY name) FROM pg_settings WHERE
    (name = 'log_statement' AND setting IN ('mod', 'all'))
    OR (name IN ('log_min_duration_statement', 'log_min_duration_sample') AND setting <> '-1')
    OR (name = 'log_transaction_sample_rate' AND setting <> '0')"""


async def erasing(subject: str, connection: Any) -> AsyncIterator[Finding]:
    """What keeps deleted texts longer than the housekeeping, one finding each."""
    yield await _journal(f"{subject}, journal", connection)
    yield await _archive(f"{subject}, archive", connection)
    yield await _logs(f"{subject}, logs", connection)


async def _journal(subject: str, connection: Any) -> Finding:
    if not await connection.fetchval(_JOURNAL):
        return warn(
            subject,
            "this user may not end a file of it",
            "what was deleted stays in pg_wal until the database gives its files up by itself: GRANT pg_checkpoint and "
            "GRANT EXECUTE ON FUNCTION pg_switch_wal() to this user",
        )
    if await connection.fetchval("SHOW wal_recycle") != "off":
        return warn(
            subject,
            "wal_recycle = on",
            "files of the journal are used again as they are, and keep what was deleted until they are written over: "
            "set wal_recycle = off, and reload",
        )
    return ok(subject, "files that are given up are removed")


async def _archive(subject: str, connection: Any) -> Finding:
    kept = []
    if await connection.fetchval("SHOW archive_mode") != "off":
        kept.append("the journal is archived")
    if slots := await connection.fetchval("SELECT count(*) FROM pg_replication_slots"):
        kept.append(f"{slots} replication slots hold it back while nobody reads them")
    if not kept:
        return ok(subject, "none, and no replication slot")
    return warn(
        subject,
        ", and ".join(kept),
        "archived journals, base backups and dumps hold what was deleted after they were made: delete them within the "
        "days that you promise (erasure.days)",
    )


async def _logs(subject: str, connection: Any) -> Finding:
    logged = await connection.fetchval(_LOGGED)
    if logged and await connection.fetchval("SHOW log_parameter_max_length") != "0":
        return warn(
            subject,
            logged,
            "the database's log gets the texts of messages: set log_parameter_max_length = 0, and reload",
        )
    if await connection.fetchval("SHOW log_parameter_max_length_on_error") != "0":
        return warn(
            subject,
            "log_parameter_max_length_on_error is not 0",
            "the log gets the texts of messages that could not be stored: set it to 0, its default, and reload",
        )
    return ok(subject, "no parameters in them")
