"""One's identities at providers: list them, link one more, let one go."""

from chinwag.domain.ids import AccountId
from chinwag.domain.openid import check_secret
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.tokens import digest
from chinwag.flow.openid.doors import OpenIdDoors, another_way_in
from chinwag.flow.openid.known_as import known_as, unknown_as
from chinwag.ports.directory import Identity


async def list_identities(doors: OpenIdDoors, account: AccountId) -> list[Identity]:
    """All of them, in the order of their providers' names."""
    async with doors.accounts.directory.reading() as directory:
        return await directory.identities.of(account)


async def link(doors: OpenIdDoors, account: AccountId, name: str, code: str, secret: str) -> Identity:
    """Link the identity that came back with `code`, after `begin` with `link`. Nothing but both at once does: being
    logged in here, and having been there.

    Raises `not_found`, `openid_state`, `identity_taken`, `unavailable`.
    """
    provider = doors.provider(name)
    now = doors.accounts.clock()
    async with doors.accounts.directory.transaction() as transaction:
        arrival = await transaction.openid_trips.redeem(digest(code), now)
        if arrival is None or arrival.link != account or arrival.provider != name:
            raise Refused(Code.OPENID_STATE)
        check_secret(secret, arrival.binding)
        found = await transaction.accounts.get(account)
        if found is None or found.closed:
            raise Refused(Code.NO_ACCOUNT)
        known = await transaction.identities.get(arrival.issuer, arrival.subject)
        if known is not None and known.account != account:
            raise Refused(Code.IDENTITY_TAKEN)
        identity = known or Identity(arrival.issuer, arrival.subject, account, name, now)
        await known_as(transaction, provider, found, identity, arrival.groups, now)
    doors.accounts.work_waits()
    return identity


async def unlink(doors: OpenIdDoors, account: AccountId, name: str) -> None:
    """Let the identity at a provider go, and what its groups gave; devices that it let in stay. A provider that this
    server knows no longer can be let go, too. Raises `not_found`, and `last_login` if nobody could log in to the
    account then."""
    now = doors.accounts.clock()
    async with doors.accounts.directory.transaction() as transaction:
        identities = await transaction.identities.of(account)
        going = next((one for one in identities if one.provider == name), None)
        found = await transaction.accounts.get(account)
        if going is None or found is None:
            raise Refused(Code.NOT_FOUND)
        if not await another_way_in(doors, transaction, found, going):
            raise Refused(Code.LAST_LOGIN)
        await unknown_as(transaction, found, going, now)
    doors.accounts.work_waits()
