"""Change a password: one's own, or as an operator somebody's."""

from chinwag.domain.account import password_of
from chinwag.domain.address import networks_of
from chinwag.domain.ids import AccountId, DeviceId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.claimant import Claimant
from chinwag.flow.access.collaborators import Accounts
from chinwag.flow.access.confirm import confirm
from chinwag.flow.act import act_upon
from chinwag.flow.changes import post_revoked
from chinwag.ports.directory import OPERATOR, Actor


async def change_password(
    accounts: Accounts,
    account: AccountId,
    device: DeviceId,
    current: str,
    new: str,
    *,
    keep_others: bool = False,
    address: str = "",
) -> None:
    """Change one's own password on `device`, which stays logged in. The other devices are revoked, unless
    `keep_others`: people change passwords when somebody else may have theirs.

    Raises as `confirm` does, and `bad_password`.
    """
    normal = password_of(new, accounts.rules.password_min, accounts.rules.password_max)
    stored = await confirm(accounts, account, device, current, address)
    hashed = await accounts.passwords.hash(normal, Claimant(networks=networks_of(address), known=f"device {device}"))
    await _store(accounts, account, hashed, stored, keep=device, keep_others=keep_others)


async def reset_password(accounts: Accounts, account: AccountId, new: str, *, by: Actor = OPERATOR) -> None:
    """Give an account a new password and revoke all its devices. For those who run the server. Raises `no_account`,
    `bad_password`, `forbidden`."""
    normal = password_of(new, accounts.rules.password_min, accounts.rules.password_max)
    await _store(accounts, account, await accounts.passwords.hash(normal), None, keep=None, keep_others=False, by=by)


async def _store(
    accounts: Accounts,
    account: AccountId,
    hashed: str,
    expected: str | None,
    *,
    keep: DeviceId | None,
    keep_others: bool,
    by: Actor | None = None,
) -> None:
    now = accounts.clock()
    revoked: list[DeviceId] = []
    async with accounts.directory.transaction() as transaction:
        found = await transaction.accounts.get(account)
        if found is None or found.closed:
            raise Refused(Code.NO_ACCOUNT)
        if expected is not None and await transaction.accounts.password(account) != expected:
            raise Refused(Code.WRONG_LOGIN, "the password has just been changed")
        if by is not None:
            await act_upon(transaction, now, by, "account.reset_password", account)
        await transaction.accounts.set_password(account, hashed)
        if not keep_others:
            revoked = await transaction.devices.revoke_all(account, now, but=keep)
            await post_revoked(transaction, account, revoked, now)
    accounts.revoked(account, revoked)
