"""Rotate the keys: a new one beside the others, or, after a leak, one instead of all."""

from chinwag.flow.access.collaborators import Accounts
from chinwag.flow.act import act
from chinwag.ports.directory import OPERATOR, Actor


async def rotate_keys(accounts: Accounts, *, by: Actor = OPERATOR) -> str:
    """Sign with a new key from now on; its id. Tokens that are out stay good until they expire, and older keys verify
    only so long. Raises `unavailable`, `KeysExposed`, OSError."""
    ring = accounts.tokens.keys
    now = accounts.clock()
    key = ring.new_key(now)
    async with accounts.directory.transaction() as transaction:
        await act(transaction, now, by, "keys.rotate", key.id)
        ring.prune(now)
        return ring.begin(key)


async def replace_keys(accounts: Accounts, *, by: Actor = OPERATOR) -> str:
    """Replace all keys and the secret at once, as after a leak: every token, refresh token and ticket made before is
    void, sockets close, and every device has to log in again. The id of the new key. Raises as `rotate_keys`.

    A running server notices within a second. Accounts, devices and messages stay as they are.
    """
    ring = accounts.tokens.keys
    now = accounts.clock()
    key = ring.new_key(now)
    async with accounts.directory.transaction() as transaction:
        await act(transaction, now, by, "keys.replace", key.id, "leaked")
        return ring.replace(key)
