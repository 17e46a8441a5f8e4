"""Takes what was deleted out of PostgreSQL's tables."""

from typing import Final

from chinwag.adapters.postgres.database import connected
from chinwag.ports.scrub import Scrub

TABLES: Final = ("states", "send_keys", "spans", "mentions", "reactions", "heads", "inbox", "marks", "steps", "seen")
"""All but events, which stay with those they were sent to and are most of the store."""
SECONDS: Final = 600.0
"""The longest that one table may take."""


class PostgresScrub(Scrub):
    """Deleted and replaced rows lie in the tables until they are vacuumed. What a freed place on a page, the journal
    and backups hold for longer is the database's own matter, as docs/cluster.md says."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def scrub(self) -> None:
        async with connected(self._url, SECONDS) as connection:
            await connection.execute("SET application_name = 'chinwag scrub'")
            for table in TABLES:
                # A table that somebody else vacuums is waited for; each one alone, so that others' locks are short.
                await connection.execute(f"VACUUM messages.{table}")
