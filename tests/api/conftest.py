"""A real API server on loopback: uvicorn, a SQLite file, keys in a folder. Only time and the cost of hashing differ."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx2
import pytest
import uvicorn
from argon2 import PasswordHasher
from litestar import Router

from chinwag.adapters.embedded.bus import EmbeddedBus
from chinwag.adapters.files import FileKeyStore
from chinwag.adapters.relational import open_directory
from chinwag.domain.ids import AccountId, DeviceId, Snowflake
from chinwag.flow.access.admission import Admission
from chinwag.flow.access.collaborators import AccountRules, Accounts, open_accounts
from chinwag.flow.access.passwords import Passwords
from chinwag.flow.openid.doors import OpenIdDoors, no_doors
from chinwag.flow.own_allowances import OwnAllowances
from chinwag.flow.own_shown_people import OwnShownPeople
from chinwag.flow.people_search import PeopleSearch
from chinwag.ports.directory import Directory
from chinwag.roles.api.app import ApiSettings, account_routes, api
from chinwag.roles.api.openid import openid_routes

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD = "correct horse battery"


class Time:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_800_000_000_000

    def __call__(self) -> int:
        return self.now

    def forward(self, ms: int) -> None:
        self.now += ms


class Process:
    """One API process: its own bus side, admission and server; several may share a directory and keys."""

    def __init__(self, accounts: Accounts, admission: Admission, client: httpx2.AsyncClient) -> None:
        self.accounts = accounts
        self.admission = admission
        self.client = client

    async def sign_up(self, name: str, password: str = PASSWORD) -> str:
        answer = await self.client.post("/v1/accounts", json={"name": name, "password": password})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def log_in(self, name: str, password: str = PASSWORD) -> "LoggedInDevice":
        answer = await self.client.post("/v1/sessions", json={"name": name, "password": password, "device": "test"})
        assert answer.status_code == 201, answer.text
        return LoggedInDevice(self.client, answer.json())

    async def person(self, name: str) -> "LoggedInDevice":
        await self.sign_up(name)
        return await self.log_in(name)


class LoggedInDevice:
    """A device that is logged in."""

    def __init__(self, client: httpx2.AsyncClient, tokens: dict[str, object]) -> None:
        self.client = client
        self.take(tokens)

    def take(self, tokens: dict[str, object]) -> None:
        self.access = str(tokens["access_token"])
        self.refresh_token = str(tokens["refresh_token"])
        self.device = DeviceId(str(tokens["device"]))
        self.account = AccountId(str(tokens["account"]["id"]))  # type: ignore[index]

    async def request(self, method: str, path: str, json: object = None) -> httpx2.Response:
        headers = {"authorization": f"Bearer {self.access}"}
        return await self.client.request(method, path, json=json, headers=headers)

    async def refresh(self, attempt: str, token: str | None = None) -> httpx2.Response:
        body = {"refresh_token": self.refresh_token if token is None else token, "attempt": attempt}
        return await self.client.post("/v1/sessions/refresh", json=body)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
async def bus() -> EmbeddedBus:
    return EmbeddedBus()


@pytest.fixture
async def directory(tmp_path: Path) -> AsyncIterator[Directory]:
    opened = await open_directory(tmp_path / "directory/chinwag.db")
    yield opened
    await opened.close()


async def nobody_met(_account: AccountId) -> list[AccountId]:
    """These processes have no messages, so nobody has met in a conversation."""
    return []


class Start:
    """Starts processes upon the fixtures' directory, bus and clock."""

    def __init__(self, directory: Directory, bus: EmbeddedBus, time: Time, keys: Path) -> None:
        self._shared = (directory, bus, time, keys)
        self._running: list[tuple[uvicorn.Server, asyncio.Task[None], Process]] = []
        self.everybody = True
        """Whether searches show people who do not know one another."""

    async def __call__(
        self,
        rules: AccountRules | None = None,
        settings: ApiSettings | None = None,
        doors: Callable[[Accounts], OpenIdDoors] = no_doors,
        more: Callable[[Accounts], Router] | None = None,
    ) -> Process:
        directory, bus, time, keys = self._shared
        ids = Snowflake(len(self._running))
        passwords = Passwords(CHEAP)
        accounts = open_accounts(directory, bus, ids, time, FileKeyStore(keys), rules or AccountRules(), passwords)
        admission = Admission(accounts.tokens, directory, bus, time)
        search = PeopleSearch(directory, nobody_met, OwnAllowances(time), OwnShownPeople(), everybody=self.everybody)
        openid = doors(accounts)
        routes = [account_routes(accounts, search, settings, openid), openid_routes(openid)]
        if more is not None:
            routes.append(more(accounts))
        app = api(admission, routes, settings or ApiSettings())
        config = uvicorn.Config(app, port=0, lifespan="off", log_config=None, proxy_headers=False, ws="none")
        server = uvicorn.Server(config)
        config.load()
        server.lifespan = config.lifespan_class(config)
        await server.startup()
        task = asyncio.create_task(server.main_loop())
        port = server.servers[0].sockets[0].getsockname()[1]
        client = httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30)
        process = Process(accounts, admission, client)
        self._running.append((server, task, process))
        return process

    async def stop(self) -> None:
        for server, task, process in self._running:
            await process.client.aclose()
            server.should_exit = True
            await task
            await server.shutdown()
            process.admission.close()
            process.accounts.passwords.close()


@pytest.fixture
async def start(directory: Directory, bus: EmbeddedBus, time: Time, tmp_path: Path) -> AsyncIterator[Start]:
    starter = Start(directory, bus, time, tmp_path / "keys")
    yield starter
    await starter.stop()


@pytest.fixture
async def server(start: Start) -> Process:
    return await start()
