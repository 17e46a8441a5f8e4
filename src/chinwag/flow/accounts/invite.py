"""Invite: whoever runs the server makes a code with which people may sign up, lists them, and takes one back."""

import secrets
from typing import Final

import msgspec

from chinwag.domain.ids import AccountId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.collaborators import Accounts
from chinwag.flow.access.tokens import digest
from chinwag.flow.act import act
from chinwag.flow.clock import DAY_MS
from chinwag.ports.directory import OPERATOR, Actor, Invitation

USES_MAX: Final = 10_000
VALID_MAX_MS: Final = 366 * DAY_MS


class NewCode(msgspec.Struct, frozen=True):
    """An invitation just made: what it is listed and revoked by, and its code."""

    id: str
    code: str

    def __repr__(self) -> str:
        return f"NewCode({self.id}, …)"


async def invite(accounts: Accounts, *, uses: int, valid_ms: int, by: Actor = OPERATOR) -> NewCode:
    """A new code, good for so many accounts and so many milliseconds. Only its digest is kept.

    Raises `bad_request` beyond `USES_MAX` or `VALID_MAX_MS`, `forbidden`.
    """
    if not 1 <= uses <= USES_MAX or not 1 <= valid_ms <= VALID_MAX_MS:
        raise Refused(Code.BAD_REQUEST, f"1 to {USES_MAX} uses, valid for at most {VALID_MAX_MS // DAY_MS} days")
    code = secrets.token_urlsafe(16)
    hashed = digest(code)
    now = accounts.clock()
    maker = None if by == OPERATOR else AccountId(by)
    async with accounts.directory.transaction() as transaction:
        await act(transaction, now, by, "invitation.create", hashed.hex(), f"uses {uses}")
        await transaction.invitations.create(Invitation(hashed, uses, now + valid_ms, maker, now))
    return NewCode(hashed.hex(), code)


async def list_invitations(accounts: Accounts, after: bytes | None, limit: int) -> list[Invitation]:
    """All invitations, the newest first. One without uses left is used up or taken back."""
    async with accounts.directory.reading() as directory:
        return await directory.invitations.page(after, limit)


async def revoke_invitation(accounts: Accounts, hashed: bytes, *, by: Actor = OPERATOR) -> None:
    """Take the invitation of that digest back. Raises `not_found`, `forbidden`."""
    async with accounts.directory.transaction() as transaction:
        await act(transaction, accounts.clock(), by, "invitation.revoke", hashed.hex())
        if not await transaction.invitations.revoke(hashed):
            raise Refused(Code.NOT_FOUND)
