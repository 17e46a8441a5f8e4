"""What the HTTP addresses of groups that people can find, and of join links, take and give."""

import msgspec

from chinwag.domain.ids import AccountId, ConversationId


class GroupCard(msgspec.Struct, frozen=True):
    """What a stranger sees of a group. `members` is how many it has, as of its last notice."""

    id: ConversationId
    title: str
    description: str
    members: int


class CreateLinkRequest(msgspec.Struct, frozen=True):
    """POST /v1/conversations/{id}/links. A use is one account; without a choice it is good for a week."""

    uses: int = 100
    valid_hours: int = 168


class LinkEntry(msgspec.Struct, frozen=True):
    """A join link for owners and admins of its group. Times are milliseconds since 1970."""

    id: str
    created_by: AccountId
    created_at: int
    expires_at: int
    uses: int
    uses_left: int


class NewLink(msgspec.Struct, frozen=True):
    """A link just made. `code` is shown this once."""

    link: LinkEntry
    code: str

    def __repr__(self) -> str:
        return f"NewLink({self.link.id}, …)"


class Membership(msgspec.Struct, frozen=True):
    """One is a member of `conversation` since its event `number`."""

    conversation: ConversationId
    number: int
