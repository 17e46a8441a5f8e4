"""What of a stored event can be searched for."""

from typing import Final

import msgspec

from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.terms import terms
from chinwag.ports.search_index import Findable, Gone, Has, Place

_LINKS: Final = ("http://", "https://")


class _Body(msgspec.Struct, gc=False):
    """Of any body what is looked at."""

    type: str
    text: str = ""
    caption: str = ""
    mentions: tuple[AccountId, ...] = ()


class _Edit(msgspec.Struct, gc=False):
    number: int


class SearchedEvent(msgspec.Struct, gc=False):
    """Of any event what is looked at. mentioned: whom it speaks to, as was decided when it was placed; of older events
    only what their texts name."""

    kind: str
    conversation: ConversationId
    number: int
    sent_at: int
    sender: AccountId = msgspec.field(name="from")
    body: _Body | None = None
    mentioned: tuple[str, ...] | None = None
    edited: _Edit | None = None
    target: int = 0

    @property
    def place(self) -> Place:
        """Where it stands among all others."""
        return Place(self.sent_at, self.conversation, self.number)

    @property
    def is_there(self) -> bool:
        """Whether this is a message that still says something."""
        return self.kind == "message" and self.body is not None and self.body.type not in ("deleted", "changed")

    @property
    def text(self) -> str:
        """What it says."""
        return self.body.text or self.body.caption if self.body is not None else ""

    @property
    def speaks_to(self) -> tuple[str, ...]:
        """The accounts that it mentions, "*" for all."""
        if self.mentioned is not None:
            return self.mentioned
        return self.body.mentions if self.body is not None else ()

    @property
    def has(self) -> tuple[Has, ...]:
        """What it has besides words."""
        lower = self.text.lower()
        found: list[Has] = ["link"] if any(link in lower for link in _LINKS) else []
        if self.body is not None and self.body.type == "media":
            found.append("media")
        return tuple(found)


searched_event: Final = msgspec.json.Decoder(SearchedEvent).decode
"""Of an event's JSON."""


def indexed(row: SearchedEvent) -> Findable | Gone:
    """A message as the index keeps it."""
    if not row.is_there:
        return Gone(row.conversation, row.number)
    return Findable(row.place, row.sender, terms(row.text), row.speaks_to, row.has)
