"""A server with one of each: owner, admin, member, former member, stranger, guest, operator; and a group of theirs."""

import asyncio
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, get_args

from argon2 import PasswordHasher
from litestar.routes import HTTPRoute
from prove.process import ServerProcess
from tests.support.device import Device
from tests.support.people import PASSWORD, Crowd

from chinwag.adapters.embedded import open_embedded
from chinwag.adapters.embedded.bus import EmbeddedBus
from chinwag.adapters.files import FileKeyStore
from chinwag.assembly import Server, begin_folder, open_directory_in, open_search_index_in
from chinwag.config import Config, Presence
from chinwag.domain.command import GroupAction
from chinwag.domain.ids import AccountId, DeviceId, Snowflake
from chinwag.flow.access.collaborators import AccountRules, open_accounts
from chinwag.flow.access.log_in import log_in
from chinwag.flow.access.passwords import Passwords
from chinwag.flow.accounts.sign_up import create_account
from chinwag.flow.clock import system_clock
from chinwag.wire.frames import ClientFrame

PATIENT = Presence(offline_seconds=600)
"""A busy machine may let devices wait for longer than the default."""
PEOPLE = ("owner", "admin", "member", "former", "stranger", "guest", "operator")


class World:
    """The people by name, and the ids that cases name."""

    def __init__(self, crowd: Crowd, people: dict[str, Device], ids: dict[str, str]) -> None:
        self.crowd = crowd
        self.people = people
        self.ids = ids

    def fill(self, template: Any) -> Any:
        """`template` with the ids in their places."""
        if isinstance(template, str):
            for name, value in self.ids.items():
                template = template.replace("{" + name + "}", value)
            return template
        if isinstance(template, dict):
            filled = {key: self.fill(value) for key, value in template.items()}
            return {key: int(value) if key == "number" else value for key, value in filled.items()}
        return template

    async def request(self, who: str, method: str, path: str, body: Any = None) -> tuple[int, str]:
        """Status, and the code of a refusal."""
        token = self.people[who].token if who in self.people else who
        answer = await self.crowd.place.request(method, self.fill(path), token=token, json=self.fill(body))
        problem = answer.headers.get("content-type", "").startswith("application/problem+json")
        return answer.status_code, answer.json()["code"] if problem else ""


async def found(process: ServerProcess) -> World:
    """Make it all, on a process that was not started yet."""
    settled = await settle(process.data)
    await process.start()
    crowd = Crowd(process)
    people: dict[str, Device] = {}
    for name, (account, device, token) in settled.items():
        person = people[name] = Device(crowd.place, name, account, device, token)
        crowd.devices.append(person)
        await person.load()
        await person.connect()
    ids = {name: str(person.account) for name, person in people.items()}
    ids["owner_device"] = people["owner"].id
    world = World(crowd, people, ids)
    owner = people["owner"].token
    answer = await crowd.place.request(
        "POST",
        "/v1/conversations",
        token=owner,
        json={"title": "the group", "members": [ids["admin"], ids["member"], ids["former"]]},
    )
    group = ids["group"] = answer.json()["conversation"]
    for change in (
        {"type": "role", "account": ids["admin"], "role": "admin"},
        {"type": "remove", "account": ids["former"]},
    ):
        await _posted(crowd, f"/v1/conversations/{group}/changes", owner, {"change": change})
    for name in ("message", "doomed", "doomed_too"):
        said = await _posted(
            crowd, f"/v1/conversations/{group}/messages", owner, {"body": {"type": "text", "text": name}}
        )
        ids[name] = str(said["number"])
    link = await _posted(crowd, f"/v1/conversations/{group}/links", owner, {})
    ids |= {"code": link["code"], "link": link["link"]["id"]}
    return world


async def _posted(crowd: Crowd, path: str, token: str, body: dict[str, Any]) -> Any:
    answer = await crowd.place.request("POST", path, token=token, json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def settle(data: Path) -> dict[str, tuple[AccountId, DeviceId, str]]:
    """Everybody with a device, made in the folder before the server starts: it has no way to make an operator."""
    await begin_folder(data)
    directory = await open_directory_in(data)
    cheap = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    accounts = open_accounts(
        directory, EmbeddedBus(), Snowflake(1023), system_clock, FileKeyStore(data / "keys"), AccountRules(), cheap
    )
    made: dict[str, tuple[AccountId, DeviceId, str]] = {}
    try:
        for name in PEOPLE:
            called = f"an-{name}"  # "operator" itself is a word that nobody may be called by
            await create_account(accounts, called, PASSWORD, admin=name == "operator")
            session = await log_in(accounts, called, PASSWORD)
            made[name] = (session.account.id, session.device, session.access_token)
    finally:
        cheap.close()
        await directory.close()
    return made


def routes() -> set[tuple[str, str]]:
    """Every method and address that the API answers, read off its routes."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_routes(Path(folder)))


async def _routes(data: Path) -> set[tuple[str, str]]:
    embedded = await open_embedded(data)
    directory = await open_directory_in(data)
    index = await open_search_index_in(data)
    try:
        app = Server(Config(presence=PATIENT), data, embedded, directory, index, 0).http
        return {
            (method, route.path_format)
            for route in app.routes
            if isinstance(route, HTTPRoute)
            for method in route.methods
            if method not in ("OPTIONS", "HEAD")
        }
    finally:
        await index.close()
        await directory.close()
        await embedded.close()


def frames() -> Iterable[type]:
    """Every frame that a client may send."""
    return get_args(ClientFrame)


def changes() -> Iterable[type]:
    """Every change that the frame `change` may ask for."""
    return get_args(GroupAction)
