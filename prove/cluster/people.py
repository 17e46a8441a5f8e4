"""Accounts and devices of a storm, written straight into the Directory on PostgreSQL before any process starts."""

from typing import Final

from chinwag.adapters.relational.postgres import open_postgres_directory
from chinwag.adapters.relational.sealed_keys import SealedKeyStore
from chinwag.domain.account import AccountSettings, name_key
from chinwag.domain.ids import AccountId, DeviceId, Snowflake
from chinwag.flow.clock import system_clock
from chinwag.ports.directory import Account, Device
from prove.cluster.processes import Credentials
from prove.storm.people import WORKER, Passes, Person
from prove.storm.plan import Plan, keeps

TOGETHER: Final = 50
"""Accounts, or devices, that one transaction writes: it is bounded in time."""

Witness = tuple[Person, Person]
"""An account with two devices that only moments need, and that is in nobody's record."""


async def settle(credentials: Credentials, plan: Plan, witnesses: int = 0) -> tuple[list[Person], list[Witness]]:
    """Make the plan's accounts and devices; one person for each device, in the plan's order; and so many witnesses.
    The tables are there."""
    now, ids = system_clock(), Snowflake(WORKER)
    names = [AccountId(ids.next(now)) for _ in range(plan.accounts)]
    beside = [AccountId(ids.next(now)) for _ in range(witnesses)]
    theirs = [(account, DeviceId(ids.next(now))) for account in beside for _ in range(2)]
    made = [(names[device.account], DeviceId(ids.next(now))) for device in plan.devices]
    directory = await open_postgres_directory(credentials.database)
    try:
        every = list(enumerate((*names, *beside)))
        for first in range(0, len(every), TOGETHER):
            async with directory.transaction() as transaction:
                for number, account in every[first : first + TOGETHER]:
                    name = f"storm{number}"
                    settings = AccountSettings(share_read=number >= plan.accounts or not keeps(number))
                    one = Account(account, name, "", "", settings, admin=False, created_at=now)
                    await transaction.accounts.create(one, name_key(name), "")
        owned = [*made, *theirs]
        for first in range(0, len(owned), TOGETHER):
            async with directory.transaction() as transaction:
                for account, device in owned[first : first + TOGETHER]:
                    await transaction.devices.create(Device(device, account, "storm", now, now))
    finally:
        await directory.close()
    secret = credentials.secret.read_text().strip().encode()
    passes = Passes(SealedKeyStore(credentials.database, secret), system_clock)
    found = [Person(account, device, passes) for account, device in theirs]
    people = [Person(account, device, passes) for account, device in made]
    return people, list(zip(found[::2], found[1::2], strict=True))
