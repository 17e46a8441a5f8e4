"""What the suites of the Directory put into it."""

from collections.abc import Awaitable, Callable

from chinwag.domain.account import AccountSettings, name_key
from chinwag.domain.ids import AccountId, DeviceId
from chinwag.ports.directory import Account, Device, Directory

Open = Callable[[], Awaitable[Directory]]


def account(id_: str, name: str | None = None) -> Account:
    return Account(
        id=AccountId(id_),
        name=name or f"name{id_}",
        display_name="",
        about="",
        settings=AccountSettings(),
        admin=False,
        created_at=1,
    )


def device(id_: str, of: str, at: int = 1) -> Device:
    return Device(id=DeviceId(id_), account=AccountId(of), name="phone", created_at=at, last_seen_at=at)


async def people(directory: Directory, *ids: str) -> None:
    async with directory.transaction() as transaction:
        for one in ids:
            await transaction.accounts.create(account(one), name_key(f"name{one}"), f"hash{one}")
