"""Accounts and devices of a storm, written straight into the Directory on PostgreSQL before any process starts."""

from chinwag.adapters.relational.postgres import open_postgres_directory
from chinwag.adapters.relational.sealed_keys import SealedKeyStore
from chinwag.domain.account import AccountSettings, name_key
from chinwag.domain.ids import AccountId, DeviceId, Snowflake
from chinwag.flow.clock import system_clock
from chinwag.ports.directory import Account, Device
from prove.cluster.processes import Credentials
from prove.storm.people import WORKER, Passes, Person
from prove.storm.plan import Plan


async def settle(credentials: Credentials, plan: Plan) -> list[Person]:
    """Make the plan's accounts and devices; one person for each device, in the plan's order. The tables are there."""
    now, ids = system_clock(), Snowflake(WORKER)
    names = [AccountId(ids.next(now)) for _ in range(plan.accounts)]
    made = [(names[device.account], DeviceId(ids.next(now))) for device in plan.devices]
    directory = await open_postgres_directory(credentials.database)
    try:
        async with directory.transaction() as transaction:
            for number, account in enumerate(names):
                name = f"storm{number}"
                one = Account(account, name, "", "", AccountSettings(), admin=False, created_at=now)
                await transaction.accounts.create(one, name_key(name), "")
            for account, device in made:
                await transaction.devices.create(Device(device, account, "storm", now, now))
    finally:
        await directory.close()
    secret = credentials.secret.read_text().strip().encode()
    passes = Passes(SealedKeyStore(credentials.database, secret), system_clock)
    return [Person(account, device, passes) for account, device in made]
