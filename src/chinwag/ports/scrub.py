"""Scrub: what was deleted goes from the files as well."""

from typing import Protocol


class Scrub(Protocol):
    """A store whose files hold for a while what was deleted from it: journals, and tables not yet rewritten."""

    async def scrub(self) -> None:
        """When it returns, none of the store's files holds a value that was deleted or replaced before the call.

        Copies made before (a backup, a checkpoint that is held) are not the store's. Names inside keys (ids) may stay
        in its lists of files until these are written anew. May take minutes; reads and writes go on, or wait no longer
        than the store's own bound. Raises `Refused(UNAVAILABLE)`: do it again.
        """
        ...
