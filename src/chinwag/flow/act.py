"""What every act of an administrator goes through: may they, and the entry in the audit log, in one transaction."""

from chinwag.domain.ids import AccountId
from chinwag.domain.refusal import Code, Refused
from chinwag.ports.directory import OPERATOR, Account, Actor, Transaction


async def act(transaction: Transaction, at: int, by: Actor, what: str, target: str = "", detail: str = "") -> None:
    """Write that `by` does `what` to `target`. Raises `forbidden` unless `by` administers this server now."""
    if by != OPERATOR:
        found = await transaction.accounts.get(AccountId(by))
        if found is None or not found.admin or found.disabled or found.closed:
            raise Refused(Code.FORBIDDEN)
    await transaction.audit.add(at, by, what, target, detail)


async def act_upon(
    transaction: Transaction, at: int, by: Actor, what: str, account: AccountId, detail: str = ""
) -> Account:
    """As `act`, to an account that is not closed; the account. Raises `no_account` besides.

    An administrator does nothing to another one, whose password it could take over: that is left to the operator.
    """
    await act(transaction, at, by, what, account, detail)
    found = await transaction.accounts.get(account)
    if found is None or found.closed:
        raise Refused(Code.NO_ACCOUNT)
    if found.admin and by not in (OPERATOR, found.id):
        raise Refused(Code.FORBIDDEN, "only the operator acts upon administrators")
    return found
