"""Come back: a provider has sent somebody's browser here, which goes on to where it set out from, with a code."""

import secrets
from typing import Final
from urllib.parse import urlencode

from chinwag.domain.openid import CODE_MS, check_answerer, cleaned_error
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.tokens import digest
from chinwag.flow.openid.doors import OpenIdDoors, asking, owner_of
from chinwag.flow.openid.provider import Granted, Provider
from chinwag.ports.directory import Arrival, Trip

STATE_MAX: Final = 100
CODE_MAX: Final = 4_096
"""Characters of a provider's code."""


async def come_back(doors: OpenIdDoors, name: str, *, state: str, code: str, error: str, issuer: str | None) -> str:
    """The address at which the browser goes on; behind its `#` stands a code, good once and for `CODE_MS`, or why there
    is none. Only the first who comes with `state` gets any.

    Raises `not_found`, and `openid_state` for a state that is unknown, too old or used; `unavailable`.
    """
    provider = doors.provider(name)
    now = doors.accounts.clock()
    async with doors.accounts.directory.transaction() as transaction:
        trip = await transaction.openid_trips.take(digest(state), now) if 0 < len(state) <= STATE_MAX else None
    if trip is None or trip.provider != name:
        raise Refused(Code.OPENID_STATE)
    try:
        granted = await _granted(doors, provider, trip, code, error, issuer)
    except Refused as refusal:
        said = {"openid_error": str(refusal.code), "openid_detail": refusal.detail}
        return f"{trip.return_to}#{urlencode(said)}"
    return f"{trip.return_to}#{urlencode({'openid_code': await _arrive(doors, provider, trip, granted)})}"


async def _granted(
    doors: OpenIdDoors, provider: Provider, trip: Trip, code: str, error: str, issuer: str | None
) -> Granted:
    async with asking(provider):
        metadata = await provider.metadata()
        check_answerer(provider.rules.issuer, issuer, metadata.authorization_response_iss_parameter_supported)
        if error:
            raise Refused(Code.OPENID_FAILED, f"the provider says {cleaned_error(error)}")
        if not 0 < len(code) <= CODE_MAX:
            raise Refused(Code.OPENID_FAILED, "the provider gave no code")
        return await provider.exchange(code, doors.redirect_uri(provider), trip.verifier, trip.nonce)


async def _arrive(doors: OpenIdDoors, provider: Provider, trip: Trip, granted: Granted) -> str:
    code = secrets.token_urlsafe(32)
    issuer, person = provider.rules.issuer, granted.person
    arrival = Arrival(
        code=digest(code),
        provider=trip.provider,
        binding=trip.binding,
        link=trip.link,
        expires_at=doors.accounts.clock() + CODE_MS,
        issuer=issuer,
        subject=person.subject,
        session=granted.session,
        name=person.preferred_username,
        display_name=person.display_name,
        groups=provider.rules.of_interest(person.groups),
        refresh_token=doors.seal.close(granted.refresh_token, owner_of(issuer, person.subject)),
    )
    async with doors.accounts.directory.transaction() as transaction:
        await transaction.openid_trips.arrive(arrival)
    return code
