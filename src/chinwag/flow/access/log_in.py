"""Log in: a name and a password give a new device its tokens."""

from chinwag.domain.account import DEVICES_MAX, device_name_of, guessed_password, name_key
from chinwag.domain.account_change import DeviceAdded
from chinwag.domain.ids import DeviceId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.collaborators import Accounts
from chinwag.flow.access.logged_in import LoggedIn
from chinwag.flow.access.tokens import digest
from chinwag.flow.changes import post, post_revoked
from chinwag.ports.directory import Account, Device, RefreshToken, Transaction


async def log_in(accounts: Accounts, name: str, password: str, *, device_name: str = "", address: str = "") -> LoggedIn:
    """Make a device of the account and give it tokens. With `DEVICES_MAX` devices the one longest away is revoked.

    Raises `wrong_login` alike for a wrong name and a wrong password, after the same work; `rate_limited`,
    `overloaded`, `unavailable`; and `account_disabled` to who knows the password.
    """
    account, stored = await _check(accounts, name, password, address)
    outdated = accounts.passwords.outdated(stored)
    renewed = await accounts.passwords.hash(guessed_password(password) or "") if outdated else None
    now = accounts.clock()
    device = Device(
        id=DeviceId(accounts.ids.next(now)),
        account=account.id,
        name=device_name_of(device_name),
        created_at=now,
        last_seen_at=now,
    )
    refresh_token = accounts.tokens.refresh(device.id)
    refresh_expires_at = now + accounts.rules.refresh_token_ms
    async with accounts.directory.transaction() as transaction:
        # Between the check and here the password may have changed, or the account been disabled.
        if await transaction.accounts.password(account.id) != stored:
            raise Refused(Code.WRONG_LOGIN)
        _check_enabled(await transaction.accounts.get(account.id))
        if renewed is not None:
            await transaction.accounts.set_password(account.id, renewed)
        displaced = await _make_room(transaction, device)
        await transaction.devices.create(device)
        await transaction.refresh_tokens.put(RefreshToken(device.id, digest(refresh_token), None, refresh_expires_at))
        await post_revoked(transaction, account.id, displaced, now)
        version = await transaction.accounts.touch(account.id)
        await post(transaction, DeviceAdded(account.id, device.id, device.name, now, version), account.id)
    accounts.revoked(account.id, displaced)
    access_token, access_expires_at = accounts.tokens.access(account.id, device.id)
    return LoggedIn(account, device.id, access_token, access_expires_at, refresh_token, refresh_expires_at)


async def _check(accounts: Accounts, name: str, password: str, address: str) -> tuple[Account, str]:
    key = name_key(name)
    with accounts.throttle.guess(key, address) as attempt:
        async with accounts.directory.reading() as directory:
            account = await directory.accounts.named(key)
            stored = "" if account is None else await directory.accounts.password(account.id)
        if not await accounts.passwords.verify(stored, password) or account is None:
            attempt.failed()
            raise Refused(Code.WRONG_LOGIN)
    _check_enabled(account)
    return account, stored


def _check_enabled(account: Account | None) -> None:
    if account is None or account.closed:
        raise Refused(Code.WRONG_LOGIN)
    if account.disabled:
        raise Refused(Code.ACCOUNT_DISABLED)


async def _make_room(transaction: Transaction, device: Device) -> list[DeviceId]:
    present = await transaction.devices.of(device.account)
    longest_away = sorted(present, key=lambda one: (one.last_seen_at, one.id))[: len(present) - DEVICES_MAX + 1]
    displaced = [one.id for one in longest_away] if len(present) >= DEVICES_MAX else []
    for one in displaced:
        await transaction.devices.revoke(one, device.created_at)
    return displaced
