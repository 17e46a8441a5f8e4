"""Log out, at both ends: by the provider (back-channel), and where a device that goes ends its log-in there."""

import hashlib

import structlog

from chinwag.domain.ids import AccountId, DeviceId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.changes import post_revoked
from chinwag.flow.openid.doors import OpenIdDoors, asking
from chinwag.ports.web import AwayError

_log = structlog.get_logger(__name__)


async def log_out_by_provider(doors: OpenIdDoors, name: str, token: str) -> None:
    """Revoke the devices of the session, or of the person, that a logout token names (OpenID Connect Back-Channel
    Logout 1.0, 2.6), and turn back who is between the provider and a device just now. A token counts once.

    Raises `not_found`, `openid_failed`, `openid_unavailable`, `unavailable`.
    """
    provider = doors.provider(name)
    async with asking(provider):
        said = await provider.logout_token(token)
    issuer = provider.rules.issuer
    named = hashlib.sha256(f"{len(issuer)}:{issuer}{said.id}".encode()).digest()
    now = doors.accounts.clock()
    gone: dict[AccountId, list[DeviceId]] = {}
    async with doors.accounts.directory.transaction() as transaction:
        if not await transaction.openid_trips.use(named, said.until * 1000, now):
            raise Refused(Code.OPENID_FAILED, "the provider's token was used before")
        for device in await transaction.openid_sessions.named(issuer, said.subject, said.session):
            found = await transaction.devices.get(device)
            if found is not None and await transaction.devices.revoke(device, now):
                gone.setdefault(found.account, []).append(device)
        await transaction.openid_trips.turn_back(issuer, said.subject, said.session)
        for account, devices in gone.items():
            await post_revoked(transaction, account, devices, now)
    for account, devices in gone.items():
        doors.accounts.revoked(account, devices)
        _log.info("logged out by the provider", provider=name, account=account, devices=len(devices))


async def end_session(doors: OpenIdDoors, device: DeviceId) -> str:
    """Where the person at `device` ends their log-in at its provider; empty if there is no such place. Never raises for
    a provider that does not answer. Raises `unavailable`."""
    async with doors.accounts.directory.reading() as directory:
        session = await directory.openid_sessions.of(device)
    provider = None if session is None else doors.by_issuer(session.issuer)
    if provider is None:
        return ""
    try:
        return await provider.end_session(doors.public_url.rstrip("/") + "/")
    except AwayError:
        return ""
