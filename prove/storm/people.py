"""Accounts and devices written straight into a data folder, before its server starts.

Each sign-up costs an argon2 hash, which is not what is tried here. These accounts have no password that anyone could
log in with; their tokens are signed with the folder's own key, and outlast a clock that is an hour off.
"""

from pathlib import Path
from typing import Final

import msgspec
from prove.storm.plan import Plan
from sqlalchemy import create_engine, insert

from chinwag.adapters.relational.schema import accounts, devices
from chinwag.assembly import open_directory_in, private_folder
from chinwag.domain.ids import AccountId, DeviceId, Snowflake
from chinwag.flow.access.keys import KeyRing
from chinwag.flow.access.tokens import Tokens
from chinwag.flow.clock import system_clock

WORKER: Final = 1021
"""The worker number of the ids that are made here."""
TOKEN_MS: Final = 12 * 3_600_000


class Person(msgspec.Struct, frozen=True):
    """An account with one of its devices, and that device's token."""

    account: AccountId
    device: DeviceId
    token: str


async def settle(data: Path, plan: Plan) -> list[Person]:
    """Make the plan's accounts and devices; one person for each device, in the plan's order."""
    await (await open_directory_in(private_folder(data))).close()  # makes the tables
    now = system_clock()
    ids = Snowflake(WORKER)
    names = [AccountId(ids.next(now)) for _ in range(plan.accounts)]
    made = [(names[device.account], DeviceId(ids.next(now))) for device in plan.devices]
    engine = create_engine(f"sqlite:///{data / 'directory.sqlite'}")
    with engine.begin() as connection:
        connection.execute(insert(accounts), [_account(name, number, now) for number, name in enumerate(names)])
        connection.execute(insert(devices), [_device(account, device, now) for account, device in made])
    engine.dispose()
    tokens = Tokens(KeyRing(data / "keys", now), system_clock, TOKEN_MS)
    return [Person(account, device, tokens.access(account, device)[0]) for account, device in made]


def _account(account: AccountId, number: int, now: int) -> dict[str, object]:
    name = f"storm{number}"
    return {
        "id": account,
        "name": name,
        "name_key": name,
        "display_name": "",
        "about": "",
        "settings": "{}",
        "password": "",
        "admin": False,
        "disabled": False,
        "closed_at": None,
        "created_at": now,
        "version": 1,
    }


def _device(account: AccountId, device: DeviceId, now: int) -> dict[str, object]:
    return {"id": device, "account": account, "name": "storm", "created_at": now, "last_seen_at": now}
