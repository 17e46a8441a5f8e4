"""How an account wants to have a conversation: its own affair, the same on all its devices, and told to nobody else."""

from typing import Final, Literal

import msgspec

from chinwag.domain.ids import ConversationId
from chinwag.domain.refusal import Code, Refused

PREFERENCES_MAX: Final = 10_000
"""Conversations of one account for which anything is kept."""
_BOUND: Final = 1 << 53


class Preferences(msgspec.Struct, frozen=True, gc=False):
    """What is kept for one conversation. A stored value without a field has that field's default.

    muted_until: milliseconds since 1970; 0: it is not muted. notify: of which messages one is told. every: `all` is
    meant for a large group as well, where one is told without it of those alone that speak to one. pinned: it stands
    above the others. archived_at: a number of the conversation; 0: it is not archived. It counts as archived while its
    newest message or notice is not above that number, or while it is muted. unread: it is marked as unread, until it is
    opened.
    """

    muted_until: int = 0
    notify: Literal["all", "mentions", "none"] = "all"
    pinned: bool = False
    archived_at: int = 0
    unread: bool = False
    every: bool = False

    @property
    def wants_every(self) -> bool:
        """Whether one wants to be told of every message of a large group."""
        return self.every and self.notify == "all"


NONE: Final = Preferences()
"""Of a conversation for which nothing is kept."""


class Preferred(msgspec.Struct, frozen=True, gc=False):
    """The preferences for a conversation. version: as of the change that told of them."""

    conversation: ConversationId
    preferences: Preferences
    version: int


def check_preferences(preferences: Preferences) -> None:
    """Raise `bad_request` for numbers that no conversation and no clock comes to."""
    for name in ("muted_until", "archived_at"):
        if not 0 <= getattr(preferences, name) < _BOUND:
            raise Refused(Code.BAD_REQUEST, f"{name} is from 0 to 2^53 - 1")
