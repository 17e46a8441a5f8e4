"""Log in by a provider: the code that somebody came back with, and the secret that their client kept, give a device."""

import secrets

from chinwag.domain.account import AccountSettings, name_key
from chinwag.domain.ids import AccountId
from chinwag.domain.look_alike import look_alike_key
from chinwag.domain.openid import check_secret, names_for
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.logged_in import LoggedIn
from chinwag.flow.access.new_device import add_device, let_in
from chinwag.flow.access.tokens import digest
from chinwag.flow.openid.doors import OpenIdDoors
from chinwag.flow.openid.known_as import known_as
from chinwag.flow.openid.provider import Provider
from chinwag.ports.directory import Account, Arrival, Identity, OpenIdSession, Transaction


async def log_in_by_provider(
    doors: OpenIdDoors,
    code: str,
    secret: str,
    *,
    invitation: str = "",
    device_name: str = "",
    address: str = "",
) -> LoggedIn:
    """Make a device of the account that the provider's is linked with, and give it tokens. A first log-in makes an
    account, if the provider's `sign_up` lets it; `invitation` is the code for one that asks for it.

    Raises `openid_state` for a code that is unknown, too old or used, or without its secret; `not_invited`;
    `account_disabled`; `rate_limited`, `overloaded`, `unavailable`. After a refusal the code is good as before.
    """
    accounts = doors.accounts
    async with accounts.directory.reading() as directory:
        arrival = _meant(await directory.openid_trips.find(digest(code), accounts.clock()), secret)
        first = await directory.identities.get(arrival.issuer, arrival.subject) is None
    provider = doors.providers.get(arrival.provider)
    if provider is None or provider.rules.issuer != arrival.issuer:
        raise Refused(Code.OPENID_STATE, "this server knows that provider no longer")
    if first:
        if provider.rules.sign_up == "nobody":
            raise Refused(Code.NOT_INVITED)
        await accounts.throttle.sign_up(address)
    now = accounts.clock()
    async with accounts.directory.transaction() as transaction:
        arrival = _meant(await transaction.openid_trips.redeem(digest(code), now), secret)
        identity = await transaction.identities.get(arrival.issuer, arrival.subject)
        account = None if identity is None else await transaction.accounts.get(identity.account)
        if account is None:
            account = await _sign_up(transaction, provider, arrival, invitation, AccountId(accounts.ids.next(now)), now)
        if account.disabled:
            raise Refused(Code.ACCOUNT_DISABLED)
        identity = identity or Identity(arrival.issuer, arrival.subject, account.id, arrival.provider, now)
        account = await known_as(transaction, provider, account, identity, arrival.groups, now)
        added = await add_device(accounts, transaction, account, device_name, now, address)
        await transaction.openid_sessions.put(
            OpenIdSession(
                device=added.device.id,
                provider=arrival.provider,
                issuer=arrival.issuer,
                subject=arrival.subject,
                session=arrival.session,
                refresh_token=arrival.refresh_token,
                checked_at=now,
            )
        )
    accounts.work_waits()
    return let_in(accounts, added)


def _meant(arrival: Arrival | None, secret: str) -> Arrival:
    """Only who set out to log in."""
    if arrival is None or arrival.link is not None:
        raise Refused(Code.OPENID_STATE)
    check_secret(secret, arrival.binding)
    return arrival


async def _sign_up(
    transaction: Transaction, provider: Provider, arrival: Arrival, invitation: str, account: AccountId, now: int
) -> Account:
    """An account without a password."""
    rule = provider.rules.sign_up
    if rule == "nobody" or (rule == "invited" and not await transaction.invitations.use(digest(invitation), now)):
        raise Refused(Code.NOT_INVITED)
    made = Account(
        id=account,
        name=await _free_name(transaction, arrival.name),
        display_name=arrival.display_name,
        about="",
        settings=AccountSettings(),
        admin=False,
        created_at=now,
    )
    await transaction.accounts.create(made, name_key(made.name), "")
    return made


async def _free_name(transaction: Transaction, preferred: str) -> str:
    for name in names_for(preferred):
        if not await transaction.accounts.taken(name_key(name), look_alike_key(name)):
            return name
    return f"person{secrets.randbelow(10**12)}"
