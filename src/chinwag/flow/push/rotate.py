"""Rotate the key with which browsers subscribe."""

from chinwag.flow.access.collaborators import Accounts
from chinwag.flow.act import act
from chinwag.flow.push.keys import PushKeys
from chinwag.ports.directory import OPERATOR, Actor


async def rotate_push_keys(accounts: Accounts, *, by: Actor = OPERATOR) -> str:
    """Browsers subscribe with a new key from now on; its id. Those that have subscribed are pushed by theirs. Raises
    `unavailable`, `KeysExposed`, OSError."""
    keys = PushKeys(accounts.tokens.keys.store, accounts.clock)
    async with accounts.directory.transaction() as transaction:
        key = keys.rotate()
        await act(transaction, accounts.clock(), by, "keys.rotate_push", key)
    return key
