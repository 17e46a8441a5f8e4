"""Look up accounts: one, many, by name, or all of them."""

from collections.abc import Sequence

from chinwag.domain.account import name_key
from chinwag.domain.ids import AccountId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.collaborators import Accounts
from chinwag.ports.directory import Account


async def get_account(accounts: Accounts, account: AccountId) -> Account:
    """One account, also a disabled or closed one: old messages name their authors. Raises `no_account`."""
    async with accounts.directory.reading() as directory:
        found = await directory.accounts.get(account)
    if found is None:
        raise Refused(Code.NO_ACCOUNT)
    return found


async def get_accounts(accounts: Accounts, ids: Sequence[AccountId]) -> list[Account]:
    """Those of `ids` (at most `PAGE_MAX`) that exist, in no order."""
    async with accounts.directory.reading() as directory:
        return await directory.accounts.many(ids)


async def find_account(accounts: Accounts, name: str) -> Account:
    """The open account of that name, in whatever case it is typed. Raises `no_account`."""
    async with accounts.directory.reading() as directory:
        found = await directory.accounts.named(name_key(name))
    if found is None or found.closed:
        raise Refused(Code.NO_ACCOUNT)
    return found


async def list_accounts(accounts: Accounts, after: AccountId | None, limit: int, *, search: str = "") -> list[Account]:
    """Accounts in the order of their ids as text, those whose name holds `search` in whatever case. For those who run
    the server."""
    async with accounts.directory.reading() as directory:
        return await directory.accounts.page(after, limit, name_key(search) if search else None)
