"""Log-ins by providers under way: each is begun, comes back, and is used, once."""

from typing import Final, Protocol

import msgspec

from chinwag.domain.ids import AccountId

TRIPS_MAX: Final = 20_000
"""Under way at once; with one more, nobody begins any."""


class Trip(msgspec.Struct, frozen=True):
    """Somebody who was sent to a provider. Times are milliseconds since 1970.

    state: the digest of what comes back with them. binding: the digest of what their client keeps. verifier: PKCE's.
    link: the account that asked to be linked, if it is no log-in.
    """

    state: bytes
    provider: str
    binding: str
    return_to: str
    nonce: str
    verifier: str
    link: AccountId | None
    expires_at: int

    def __repr__(self) -> str:
        return f"Trip({self.provider}, …)"


class Arrival(msgspec.Struct, frozen=True):
    """Somebody who came back, and whom the provider has named. code: the digest of the code that they show.

    groups, name, display_name: what the provider says of them. session: its name for the log-in there. refresh_token:
    its token, sealed; empty if it gave none.
    """

    code: bytes
    provider: str
    binding: str
    link: AccountId | None
    expires_at: int
    issuer: str
    subject: str
    session: str
    name: str
    display_name: str
    groups: tuple[str, ...]
    refresh_token: bytes

    def __repr__(self) -> str:
        return f"Arrival({self.provider}, …)"


class OpenIdTripRepository(Protocol):
    """What is kept of log-ins under way, for minutes."""

    async def begin(self, trip: Trip, now: int) -> None:
        """Add one, once what has expired by `now` is gone. Raises `overloaded` if `TRIPS_MAX` are under way."""
        ...

    async def take(self, state: bytes, now: int) -> Trip | None:
        """The trip of that state, which is gone then; None if there is none, or it has expired."""
        ...

    async def arrive(self, arrival: Arrival) -> None:
        """Add somebody who came back."""
        ...

    async def find(self, code: bytes, now: int) -> Arrival | None:
        """Who has that code; None if there is none, or it has expired."""
        ...

    async def redeem(self, code: bytes, now: int) -> Arrival | None:
        """Who has that code, which is gone if the transaction commits; None if there is none, or it has expired."""
        ...

    async def turn_back(self, issuer: str, subject: str, session: str) -> None:
        """Forget those who came back as whom `OpenIdSessionRepository.named` would name."""
        ...

    async def expired(self, now: int) -> bool:
        """Whether anything has expired by `now` that is still kept."""
        ...

    async def expire(self, now: int) -> None:
        """Forget what has expired by `now`: trips, arrivals, and the logout tokens that nobody takes any more."""
        ...

    async def use(self, token: bytes, until: int, now: int) -> bool:
        """Note that a logout token of this digest was taken, which nobody takes after `until`; False if it was noted
        before."""
        ...
