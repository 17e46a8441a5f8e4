"""Sign up: a person makes an account; or an operator makes one for somebody."""

from chinwag.domain.account import AccountSettings, display_name_of, name_key, name_of, password_of
from chinwag.domain.ids import AccountId
from chinwag.domain.look_alike import look_alike_key
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.claimant import stranger
from chinwag.flow.access.collaborators import Accounts
from chinwag.flow.access.logged_in import LoggedIn
from chinwag.flow.access.new_device import NewDevice, add_device, let_in
from chinwag.flow.access.tokens import digest
from chinwag.flow.act import act
from chinwag.ports.directory import OPERATOR, Account, Actor


async def sign_up(
    accounts: Accounts, name: str, password: str, *, display_name: str = "", invitation: str = "", address: str = ""
) -> Account:
    """Make an account, if the server lets people do so. `address` is where the request came from.

    Raises `sign_up_closed`, `bad_invitation`, `bad_name`, `bad_password`, `bad_profile`, `name_taken`,
    `rate_limited`, `overloaded`, `unavailable`. A refusal uses up no invitation.
    """
    await _check_open(accounts, address)
    code = invitation if accounts.rules.sign_up == "invitation" else None
    account, _ = await _create(
        accounts, name, password, display_name, admin=False, invitation=code, by=None, address=address
    )
    return account


async def sign_up_and_log_in(
    accounts: Accounts,
    name: str,
    password: str,
    *,
    display_name: str = "",
    invitation: str = "",
    device_name: str = "",
    address: str = "",
) -> LoggedIn:
    """As `sign_up`, and log in with a first device: one request, and one password hash instead of two."""
    await _check_open(accounts, address)
    code = invitation if accounts.rules.sign_up == "invitation" else None
    _, added = await _create(
        accounts,
        name,
        password,
        display_name,
        admin=False,
        invitation=code,
        by=None,
        address=address,
        device_name=device_name,
    )
    assert added is not None
    return let_in(accounts, added)


async def _check_open(accounts: Accounts, address: str) -> None:
    if accounts.rules.sign_up == "closed":
        raise Refused(Code.SIGN_UP_CLOSED)
    await accounts.throttle.sign_up(address)


async def create_account(
    accounts: Accounts,
    name: str,
    password: str,
    *,
    display_name: str = "",
    admin: bool = False,
    by: Actor = OPERATOR,
) -> Account:
    """Make an account for somebody, whatever the server says about signing up. For those who run the server; only
    the operator makes administrators. Raises as `sign_up`, and `forbidden`."""
    if admin and by != OPERATOR:
        raise Refused(Code.FORBIDDEN)
    account, _ = await _create(accounts, name, password, display_name, admin=admin, invitation=None, by=by)
    return account


async def _create(
    accounts: Accounts,
    name: str,
    password: str,
    display_name: str,
    *,
    admin: bool,
    invitation: str | None,
    by: Actor | None,
    address: str = "",
    device_name: str | None = None,
) -> tuple[Account, NewDevice | None]:
    now = accounts.clock()
    account = Account(
        id=AccountId(accounts.ids.next(now)),
        name=name_of(name),
        display_name=display_name_of(display_name),
        about="",
        settings=AccountSettings(),
        admin=admin,
        created_at=now,
    )
    normal = password_of(password, accounts.rules.password_min, accounts.rules.password_max)
    key = name_key(name)
    async with accounts.directory.reading() as directory:
        # Before the costly hash, and again with the act: nobody without an invitation makes the server hash.
        if invitation is not None and not await directory.invitations.usable(digest(invitation), now):
            raise Refused(Code.BAD_INVITATION)
        if await directory.accounts.taken(key, look_alike_key(account.name)):
            raise Refused(Code.NAME_TAKEN)
    hashed = await accounts.passwords.hash(normal, stranger(key, address))
    async with accounts.directory.transaction() as transaction:
        if invitation is not None and not await transaction.invitations.use(digest(invitation), now):
            raise Refused(Code.BAD_INVITATION)
        if by is not None:
            await act(transaction, now, by, "account.add", account.id, "administrator" if admin else "")
        await transaction.accounts.create(account, key, hashed)
        if device_name is None:
            return account, None
        return account, await add_device(accounts, transaction, account, device_name, now, address)
