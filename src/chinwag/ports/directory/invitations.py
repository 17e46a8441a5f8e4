"""Invitations: codes with which people may sign up."""

from typing import Protocol

import msgspec

from chinwag.domain.ids import AccountId


class Invitation(msgspec.Struct, frozen=True):
    """A code with which people may sign up, as its SHA-256 digest."""

    digest: bytes
    uses_left: int
    expires_at: int
    created_by: AccountId | None
    created_at: int


class InvitationRepository(Protocol):
    """Codes for signing up."""

    async def create(self, invitation: Invitation) -> None:
        """Add an invitation."""
        ...

    async def usable(self, digest: bytes, now: int) -> bool:
        """Whether `use` would take one."""
        ...

    async def use(self, digest: bytes, now: int) -> bool:
        """Take one use; False if there is no such code, none is left, or it has expired."""
        ...

    async def page(self, after: bytes | None, limit: int) -> list[Invitation]:
        """All invitations, also the used-up and expired, the newest first, after the one of that digest."""
        ...

    async def revoke(self, digest: bytes) -> bool:
        """Let nobody use it any more; False if there is no such one."""
        ...
