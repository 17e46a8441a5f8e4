"""Scrub: what was deleted goes from the files as well."""

from typing import Protocol


class Scrub(Protocol):
    """A store whose files hold for a while what was deleted from it: journals, and tables not yet rewritten."""

    async def scrub(self) -> None:
        """When it returns, none of the store's files holds a value that was deleted or replaced before the call; of
        messages and sends see `TextScrub`.

        Copies made before (a backup, a checkpoint that is held) are not the store's. Names inside keys (ids) may stay
        in its lists of files until these are written anew. May take minutes; reads and writes go on, or wait no longer
        than the store's own bound. Raises `Refused(UNAVAILABLE)`: do it again.
        """
        ...


class TextScrub(Protocol):
    """The store of messages, whose rows of messages and sends are rewritten when a message is edited or deleted. It
    keeps in mind which, over crashes and restarts, so that only the files concerned are written anew."""

    async def scrub_texts(self) -> bool:
        """When it returns False, none of the store's files holds a text, or a send's digest, that was replaced before
        the call; True if there is more to do. Costs next to nothing when nothing was. Otherwise as `Scrub.scrub`."""
        ...
