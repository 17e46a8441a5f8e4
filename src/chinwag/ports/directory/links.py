"""Join links of groups, and their uses."""

from typing import Protocol

import msgspec

from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId


class JoinLink(msgspec.Struct, frozen=True):
    """A link that lets people into a group. The code itself is not kept. Times are milliseconds since 1970.

    A use is one account, however often it comes in by this link.
    """

    id: str
    conversation: ConversationId
    digest: bytes
    created_by: AccountId
    created_at: int
    expires_at: int
    uses: int
    uses_left: int
    revoked_at: int | None = None


class LinkUse(msgspec.Struct, frozen=True):
    """One account's use of a link, and the command by which it comes in. Not `joined`: not known yet whether."""

    link: str
    account: AccountId
    device: DeviceId
    id: ClientId
    at: int
    joined: bool = False


class LinkRepository(Protocol):
    """Join links and their uses."""

    async def create(self, link: JoinLink) -> None:
        """Add a link."""
        ...

    async def by_digest(self, digest: bytes) -> JoinLink | None:
        """The link of a code, also one that nobody can use any more. Nobody else changes it in this transaction."""
        ...

    async def get(self, link: str) -> JoinLink | None:
        """One link. Until the transaction ends no other one changes it."""
        ...

    async def of(self, conversation: ConversationId, now: int) -> list[JoinLink]:
        """The links of a group that are neither revoked nor expired, newest first, at most `PAGE_MAX`."""
        ...

    async def revoke(self, link: str, at: int) -> None:
        """Nobody comes in by it any more. Revoking it again changes nothing."""
        ...

    async def used(self, link: str, account: AccountId) -> LinkUse | None:
        """The account's use of the link."""
        ...

    async def take(self, use: LinkUse) -> bool:
        """Store a use and count it; False if none is left. One use an account: never call it where there is one."""
        ...

    async def joined(self, link: str, account: AccountId) -> None:
        """The use has let its account in: it stays for ever."""
        ...

    async def give_back(self, link: str, account: AccountId) -> None:
        """The use came to nothing: forget it and count it back. Void for one that has let its account in."""
        ...

    async def unsettled(self, before: int, limit: int) -> list[LinkUse]:
        """The oldest uses from before `before` of which it is not known what became of them."""
        ...
