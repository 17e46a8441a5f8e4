"""Networks from which accounts have logged in."""

from typing import Final, Protocol

from chinwag.domain.ids import AccountId

KNOWN_MAX: Final = 20
"""Networks kept of one account; those longest unused go first."""
KNOWN_FRESH_MS: Final = 86_400_000
"""How old the note of a network may be before it is made anew."""


class KnownNetworkRepository(Protocol):
    """Where the owner of an account was before, each network as a digest."""

    async def has(self, account: AccountId, digest: bytes) -> bool:
        """Whether the account was there, of the `KNOWN_MAX` networks where it was last."""
        ...

    async def remember(self, account: AccountId, digest: bytes, at: int) -> None:
        """It is there now. Writes nothing where that was noted less than `KNOWN_FRESH_MS` ago."""
        ...
