"""Begin: send somebody to a provider. What they come back with counts once, within `TRIP_MS`, on any node."""

import secrets

from chinwag.domain.ids import AccountId
from chinwag.domain.openid import TRIP_MS, check_binding, check_return
from chinwag.flow.access.tokens import digest
from chinwag.flow.openid.doors import OpenIdDoors, asking
from chinwag.ports.directory import Trip


async def begin(
    doors: OpenIdDoors,
    name: str,
    binding: str,
    return_to: str,
    *,
    link: AccountId | None = None,
    address: str = "",
) -> str:
    """The address to open. binding: the digest of a secret that the client keeps, without which nobody can use what
    comes back to `return_to`. link: the account that asks to be linked; None: it is a log-in. address: where they set
    out from; empty if there is none.

    Raises `not_found`, `bad_request`, `rate_limited`, `openid_unavailable`, `overloaded`, `unavailable`.
    """
    provider = doors.provider(name)
    check_binding(binding)
    check_return(return_to, doors.public_url)
    await doors.accounts.throttle.set_out(address)
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    async with asking(provider):
        url = await provider.address(doors.redirect_uri(provider), state, nonce, verifier)
    now = doors.accounts.clock()
    trip = Trip(
        state=digest(state),
        provider=name,
        binding=binding,
        return_to=return_to,
        nonce=nonce,
        verifier=verifier,
        link=link,
        expires_at=now + TRIP_MS,
    )
    async with doors.accounts.directory.transaction() as transaction:
        await transaction.openid_trips.begin(trip, now)
    return url
