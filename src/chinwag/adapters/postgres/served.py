"""Which processes serve a database, as its registry has it."""

from typing import Any


async def live_processes(connection: Any) -> int:
    """How many processes of Chinwag, of whatever version, serve the database behind `connection` now."""
    if await connection.fetchval("SELECT to_regclass('registry.nodes') IS NULL"):
        return 0
    return int(await connection.fetchval("SELECT count(*) FROM registry.nodes WHERE until > clock_timestamp()"))
