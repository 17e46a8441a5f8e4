"""Accounts and devices written straight into a data folder, before its server starts.

Each sign-up costs an argon2 hash, which is not what is tried here. These accounts have no password that anyone could
log in with; their tokens are signed with the folder's own key, as a server would sign them whose clock is as wrong.
"""

from pathlib import Path
from typing import Final

import msgspec
from prove.storm.plan import Plan, keeps
from sqlalchemy import create_engine, insert

from chinwag.adapters.files import FileKeyStore
from chinwag.adapters.relational.schema import accounts, devices
from chinwag.assembly import begin_folder
from chinwag.clock_offset import Wrong
from chinwag.domain.account import AccountSettings
from chinwag.domain.ids import AccountId, DeviceId, Snowflake
from chinwag.flow.access.key_ring import KeyRing
from chinwag.flow.access.tokens import Tokens
from chinwag.flow.clock import Clock, system_clock
from chinwag.ports.key_store import KeyStore

WORKER: Final = 1021
"""The worker number of the ids that are made here."""
TOKEN_MINUTES: Final = 60
"""How long a token is good: no server lets it be longer."""
FRESH_MS: Final = 20 * 60_000
"""How old a token is at most that is shown."""


class Passes:
    """Tokens for devices, good by the server's clock."""

    def __init__(self, keys: KeyStore, clock: Clock) -> None:
        """keys: those that the server signs with. clock: its own, however far it is off."""
        self._clock = clock
        ring = KeyRing(keys, self._clock(), TOKEN_MINUTES * 60_000)
        self._tokens = Tokens(ring, self._clock)
        self._made: dict[DeviceId, tuple[str, int]] = {}

    def token(self, account: AccountId, device: DeviceId) -> str:
        """The device's token."""
        now = self._clock()
        token, at = self._made.get(device, ("", 0))
        if not 0 <= now - at < FRESH_MS:
            token = self._tokens.access(account, device)[0]
            self._made[device] = token, now
        return token


class Person(msgspec.Struct, frozen=True):
    """An account with one of its devices, and that device's tokens."""

    account: AccountId
    device: DeviceId
    passes: Passes

    def token(self) -> str:
        """A token that is good now."""
        return self.passes.token(self.account, self.device)


async def settle(data: Path, plan: Plan, offset: Path, beside: int = 0, each: int = 1) -> list[Person]:
    """Make the plan's accounts and devices; one person for each device, in the plan's order; then so many accounts
    beside the plan, with `each` devices. offset: the file that says how far the server's clock is off."""
    await begin_folder(data)
    now = system_clock()
    ids = Snowflake(WORKER)
    names = [AccountId(ids.next(now)) for _ in range(plan.accounts + beside)]
    made = [(names[device.account], DeviceId(ids.next(now))) for device in plan.devices]
    made += [(name, DeviceId(ids.next(now))) for name in names[plan.accounts :] for _ in range(each)]
    engine = create_engine(f"sqlite:///{data / 'directory.sqlite'}")
    with engine.begin() as connection:
        connection.execute(insert(accounts), [_account(name, number, now) for number, name in enumerate(names)])
        connection.execute(insert(devices), [_device(account, device, now) for account, device in made])
    engine.dispose()
    passes = Passes(FileKeyStore(data / "keys"), Wrong(system_clock, offset))
    return [Person(account, device, passes) for account, device in made]


def _account(account: AccountId, number: int, now: int) -> dict[str, object]:
    name = f"storm{number}"
    return {
        "id": account,
        "name": name,
        "name_key": name,
        "display_name": "",
        "about": "",
        "settings": msgspec.json.encode(AccountSettings(share_read=not keeps(number))).decode(),
        "password": "",
        "admin": False,
        "disabled": False,
        "closed_at": None,
        "created_at": now,
        "version": 1,
    }


def _device(account: AccountId, device: DeviceId, now: int) -> dict[str, object]:
    return {"id": device, "account": account, "name": "storm", "created_at": now, "last_seen_at": now}
