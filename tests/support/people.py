"""People: accounts and their devices, made over HTTP or, where there are many, in the data folder before a start."""

import asyncio
import secrets
from collections.abc import Sequence
from pathlib import Path

import httpx2
from argon2 import PasswordHasher
from prove.process import ServerProcess
from tests.support.device import Device
from tests.support.notes import Notes
from tests.support.places import Place, Sockets

from chinwag.adapters.embedded.bus import EmbeddedBus
from chinwag.adapters.files import FileKeyStore
from chinwag.assembly import begin_folder, open_directory_in
from chinwag.domain.ids import AccountId, ConversationId, DeviceId, Snowflake
from chinwag.flow.access.collaborators import AccountRules, open_accounts
from chinwag.flow.access.log_in import log_in
from chinwag.flow.access.passwords import Passwords
from chinwag.flow.accounts.sign_up import create_account
from chinwag.flow.clock import system_clock

PASSWORD = "correct horse battery"
_CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


ASKED_SECONDS = 60.0
"""How long a busy server is asked again."""


async def asked(
    place: Place, method: str, path: str, *, token: str = "", json: object = None, key: str | None = None
) -> httpx2.Response:
    """A request that prepares something, made again when the server says so: on a busy machine its own bounds come
    first. What a test is about it asks by itself."""
    async with asyncio.timeout(ASKED_SECONDS):
        while True:
            answer = await place.request(method, path, token=token, json=json, key=key)
            if answer.status_code != 503:
                return answer
            await asyncio.sleep(float(answer.headers.get("retry-after", 1)))


async def sign_up(place: Place, name: str) -> str:
    """Make an account; its id."""
    answer = await asked(place, "POST", "/v1/accounts", json={"name": name, "password": PASSWORD})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def log_in_device(place: Place, name: str, label: str = "", notes: Notes | None = None) -> Device:
    """Log a new device in; it has loaded, and is not connected yet. notes: the record of the run, if it is kept."""
    answer = await asked(place, "POST", "/v1/sessions", json={"name": name, "password": PASSWORD, "device": label})
    assert answer.status_code == 201, answer.text
    given = answer.json()
    account, device_id = AccountId(given["account"]["id"]), DeviceId(given["device"])
    device = Device(place, label or name, account, device_id, given["access_token"], notes)
    await device.load()
    return device


class Crowd:
    """Devices on one server process, all ended together."""

    def __init__(self, process: ServerProcess) -> None:
        self.process = process
        self.place = Sockets(process)
        self.devices: list[Device] = []

    async def person(self, name: str, *, connect: bool = True) -> Device:
        """A new account with one device, which is connected."""
        name = f"{name}-{secrets.token_hex(4)}"
        await sign_up(self.place, name)
        device = await log_in_device(self.place, name)
        self.devices.append(device)
        if connect:
            await device.connect()
        return device

    async def people(self, *names: str) -> list[Device]:
        """Several."""
        return list(await asyncio.gather(*(self.person(name) for name in names)))

    async def another(self, device: Device, *, connect: bool = True) -> Device:
        """Another device of the same account."""
        answer = await asked(self.place, "GET", "/v1/me", token=device.token)
        other = await log_in_device(self.place, answer.json()["name"])
        self.devices.append(other)
        if connect:
            await other.connect()
        return other

    async def leave(self) -> None:
        """Everybody goes."""
        for device in self.devices:
            await device.close()
        await self.place.close()


async def begin_group(owner: Device, *others: Device, title: str = "group") -> ConversationId:
    """A group of `owner` with `others`, made over HTTP."""
    body = {"title": title, "members": [other.account for other in others]}
    made = await asked(owner.place, "POST", "/v1/conversations", token=owner.token, json=body, key=secrets.token_hex(8))
    assert made.status_code == 201, made.text
    return ConversationId(made.json()["conversation"])


async def settle_in(data: Path, names: Sequence[str], devices: int = 1) -> list[tuple[str, AccountId, DeviceId, str]]:
    """Make accounts with devices in the folder of a server that does not run: (name, account, device, token) each.

    By the server's own verbs, with a cheap hash: hundreds of real ones would take the machine a minute.
    """
    await begin_folder(data)
    directory = await open_directory_in(data)
    passwords = Passwords(_CHEAP)
    accounts = open_accounts(
        directory, EmbeddedBus(), Snowflake(1023), system_clock, FileKeyStore(data / "keys"), AccountRules(), passwords
    )
    made: list[tuple[str, AccountId, DeviceId, str]] = []
    try:
        for name in names:
            await create_account(accounts, name, PASSWORD)
            for _ in range(devices):
                session = await log_in(accounts, name, PASSWORD)
                made.append((name, session.account.id, session.device, session.access_token))
    finally:
        passwords.close()
        await directory.close()
    return made
