"""Invite: an operator makes a code with which people may sign up."""

import secrets

from chinwag.domain.ids import AccountId
from chinwag.flow.accounts.accounts import Accounts
from chinwag.flow.accounts.tokens import digest
from chinwag.ports.directory import Invitation


async def invite(accounts: Accounts, *, uses: int, valid_ms: int, by: AccountId | None = None) -> str:
    """A new code, good for so many accounts and so many milliseconds. Only its digest is kept."""
    code = secrets.token_urlsafe(16)
    now = accounts.clock()
    async with accounts.directory.transaction() as transaction:
        await transaction.invitations.create(Invitation(digest(code), uses, now + valid_ms, by, now))
    return code
