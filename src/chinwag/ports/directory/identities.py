"""Who an account is at providers, and what it has by them."""

from typing import Protocol

import msgspec

from chinwag.domain.conversation import Role
from chinwag.domain.ids import AccountId, ClientId, ConversationId


class Identity(msgspec.Struct, frozen=True):
    """Whoever `issuer` calls `subject` may log in to `account`. Only the two together name somebody, for ever.

    provider: the name under which this server knows the issuer. groups: those of the person's groups by which the
    configuration gives something. made_admin: it was by them that the account became an administrator. linked_at,
    said_at (when the provider last said which groups): milliseconds since 1970.
    """

    issuer: str
    subject: str
    account: AccountId
    provider: str
    linked_at: int
    groups: tuple[str, ...] = ()
    made_admin: bool = False
    said_at: int = 0


class PlacesDue(msgspec.Struct, frozen=True):
    """The places of `account` by `provider` may not be those that its identity's groups give. at: the last change
    (milliseconds since 1970)."""

    account: AccountId
    provider: str
    at: int


class GivenPlace(msgspec.Struct, frozen=True):
    """`account` is to be, or was made, a member of `conversation` because `provider` names a group.

    id: of the command that enters it, always the same, so that one under way can be given again. joined: the number of
    the notice with which it came in; 0 until that is known. Whoever came in with another one was not added by this.
    role: that it was given.
    """

    account: AccountId
    conversation: ConversationId
    provider: str
    id: ClientId
    joined: int
    role: Role


class IdentityRepository(Protocol):
    """Identities, and the places that groups have given."""

    async def get(self, issuer: str, subject: str) -> Identity | None:
        """Whom the two name."""
        ...

    async def of(self, account: AccountId) -> list[Identity]:
        """All identities of an account, in the order of their providers' names; one a provider."""
        ...

    async def put(self, identity: Identity) -> None:
        """Add or replace (by issuer and subject). Raises `identity_taken` if it is another account's, or if the
        account has another one of that issuer or provider."""
        ...

    async def remove(self, account: AccountId, provider: str) -> bool:
        """Forget the account's identity there; False if it has none."""
        ...

    async def change_places(self, due: PlacesDue) -> None:
        """There are places to give or to take; one row for each account and provider, the later one counts."""
        ...

    async def due(self, limit: int) -> list[PlacesDue]:
        """The oldest."""
        ...

    async def done(self, due: PlacesDue) -> None:
        """They are given and taken: forget it, unless there was a change since."""
        ...

    async def made_by_hand(self, account: AccountId) -> None:
        """From now on no identity has made it an administrator."""
        ...

    async def places(self, account: AccountId, provider: str) -> list[GivenPlace]:
        """All places of an account by a provider."""
        ...

    async def place(self, place: GivenPlace) -> bool:
        """Add or replace (by account and conversation); False, and nothing changes, if the place is by another
        provider."""
        ...

    async def unplace(self, account: AccountId, conversation: ConversationId) -> None:
        """Forget a place."""
        ...
