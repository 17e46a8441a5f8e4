"""Recheck: a device that renews its tokens long after its provider was asked last is asked about first.

Providers give a new refresh token for each one used, and take one that comes twice for stolen; so only one asks at a
time, on whatever node, and the others let the device go on meanwhile.

What groups give holds no longer than their provider's word. So it goes with a refusal; and with each renewal of any
device of the account it is looked at how old that word is, as a device that a password let in asks no provider.
"""

from typing import Final

import msgspec
import structlog

from chinwag.domain.ids import AccountId, DeviceId
from chinwag.domain.openid import REFUSALS
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.devices import revoke_device
from chinwag.flow.openid.doors import OpenIdDoors, owner_of
from chinwag.flow.openid.known_as import known_as, no_longer_said
from chinwag.flow.openid.provider import Granted, Provider, ProviderError
from chinwag.ports.directory import Identity, OpenIdSession, Transaction
from chinwag.ports.web import AwayError

ASKING_MS: Final = 30_000
"""How long one may take to ask: longer than its requests may."""
AWAY_MS: Final = 72 * 3_600_000
"""How long a provider may be away before the devices that it let in go."""

_log = structlog.get_logger(__name__)


async def recheck(doors: OpenIdDoors, account: AccountId, device: DeviceId) -> None:
    """Ask the provider that let `device` in, if there is one and it was not asked for so long. To be called with a
    device that has just shown its own refresh token, before it gets anything for it. What groups gave its account by a
    word that is too old goes.

    Raises `revoked` once the provider has refused; and `unavailable`.
    """
    async with doors.accounts.directory.reading() as directory:
        session = await directory.openid_sessions.of(device)
        given = [one for one in await directory.identities.of(account) if one.groups or one.made_admin]
    if session is not None and _is_due(doors, session):
        await _recheck(doors, account, device)
    if given:
        await _drop_old_word(doors, account)


async def _recheck(doors: OpenIdDoors, account: AccountId, device: DeviceId) -> None:
    claimed = await _claim(doors, device)
    if claimed is None:
        return
    provider = doors.by_issuer(claimed.issuer)
    why = "this server knows its provider no longer" if provider is None else await _ask(doors, provider, claimed)
    if why:
        _log.info("a device is logged out by its provider", device=device, provider=claimed.provider, cause=why)
        await revoke_device(doors.accounts, account, device)
        raise Refused(Code.REVOKED, why)


async def _ask(doors: OpenIdDoors, provider: Provider, session: OpenIdSession) -> str:
    """Why the device goes, if it does."""
    refresh_token = doors.seal.open(session.refresh_token, owner_of(session.issuer, session.subject))
    if not refresh_token:
        return "its provider cannot be asked about it again"

    async def keep(given: str) -> None:
        await _change(doors, session.device, refresh_token=_sealed(doors, session, given))

    try:
        granted = await provider.again(refresh_token, session.subject, keep)
    except ProviderError as refusal:
        if refusal.error in REFUSALS:
            await _refused(doors, session)
            return f"its provider says {refusal.error}"
        return await _away(doors, session, f"it says {refusal.error}")
    except (AwayError, Refused) as away:
        return await _away(doors, session, str(away))
    return await _still(doors, provider, session, granted)


async def _still(doors: OpenIdDoors, provider: Provider, session: OpenIdSession, granted: Granted) -> str:
    """The provider lets the person in as before, with these groups."""
    now = doors.accounts.clock()
    groups = provider.rules.of_interest(granted.person.groups)
    sealed = _sealed(doors, session, granted.refresh_token)
    async with doors.accounts.directory.transaction() as transaction:
        identity = await transaction.identities.get(session.issuer, session.subject)
        held = await transaction.openid_sessions.of(session.device)
        if held is not None:
            kept = msgspec.structs.replace(held, refresh_token=sealed, checked_at=now, away_since=0, asking_until=0)
            await transaction.openid_sessions.put(kept)
        found = None if identity is None else await transaction.accounts.get(identity.account)
        if identity is not None and found is not None and not found.closed:
            await known_as(transaction, provider, found, identity, groups, now)
    doors.accounts.work_waits()
    return ""


async def _refused(doors: OpenIdDoors, session: OpenIdSession) -> None:
    """What the groups gave goes; unless by another device the provider has let the person in since."""
    async with doors.accounts.directory.transaction() as transaction:
        identity = await transaction.identities.get(session.issuer, session.subject)
        found = None if identity is None else await transaction.accounts.get(identity.account)
        if identity is None or found is None or found.closed or identity.said_at > session.checked_at:
            return
        await no_longer_said(transaction, found, identity, doors.accounts.clock())
    doors.accounts.work_waits()


async def _drop_old_word(doors: OpenIdDoors, account: AccountId) -> None:
    """What groups gave goes once their word is older than it may be, and nobody is there to ask for a new one."""
    now = doors.accounts.clock()
    async with doors.accounts.directory.reading() as directory:
        old = [one for one in await directory.identities.of(account) if await _is_old(doors, directory, one, now)]
    for one in old:
        async with doors.accounts.directory.transaction() as transaction:
            identity = await transaction.identities.get(one.issuer, one.subject)
            found = await transaction.accounts.get(account)
            if identity == one and found is not None and not found.closed:
                await no_longer_said(transaction, found, one, now)
                _log.info("what a provider's groups gave is too old", account=account, provider=one.provider)
        doors.accounts.work_waits()


async def _is_old(doors: OpenIdDoors, directory: Transaction, identity: Identity, now: int) -> bool:
    if not (identity.groups or identity.made_admin) or not doors.is_late(identity.issuer, identity.said_at):
        return False
    provider = doors.by_issuer(identity.issuer)
    if provider is None:  # and so nobody will ever ask
        return True
    old = now - identity.said_at - provider.rules.recheck_ms
    asks = await directory.openid_sessions.named(identity.issuer, identity.subject, "")
    return not asks or old >= AWAY_MS  # another device of the person's may ask until then


async def _away(doors: OpenIdDoors, session: OpenIdSession, why: str) -> str:
    now = doors.accounts.clock()
    since = min(session.away_since or now, now)
    _log.warning(
        "a provider cannot be asked about a device", provider=session.provider, device=session.device, cause=why
    )
    if now - since >= AWAY_MS:
        return "its provider has been away for too long"
    await _change(doors, session.device, away_since=since, asking_until=now + ASKING_MS)
    return ""


async def _change(doors: OpenIdDoors, device: DeviceId, **values: object) -> None:
    async with doors.accounts.directory.transaction(device=device) as transaction:
        held = await transaction.openid_sessions.of(device)
        if held is not None:
            await transaction.openid_sessions.put(msgspec.structs.replace(held, **values))


def _sealed(doors: OpenIdDoors, session: OpenIdSession, refresh_token: str) -> bytes:
    return doors.seal.close(refresh_token, owner_of(session.issuer, session.subject))


async def _claim(doors: OpenIdDoors, device: DeviceId) -> OpenIdSession | None:
    """The session, which nobody else asks about until it is answered or `ASKING_MS` have passed."""
    async with doors.accounts.directory.transaction(device=device) as transaction:
        session = await transaction.openid_sessions.of(device)
        if session is None or not _is_due(doors, session):
            return None
        now = doors.accounts.clock()
        await transaction.openid_sessions.put(msgspec.structs.replace(session, asking_until=now + ASKING_MS))
    return session


def _is_due(doors: OpenIdDoors, session: OpenIdSession) -> bool:
    late = doors.is_late(session.issuer, session.checked_at)
    return late and not 0 < session.asking_until - doors.accounts.clock() <= ASKING_MS
