"""A server that knows one provider, which is ours, and people who come by it. Time stands still until it is moved."""

import hashlib
import secrets
from collections.abc import AsyncIterator, Callable
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import httpx2
import msgspec
import pytest
from tests.api.conftest import LoggedInDevice, Process, Start, Time, bus, directory, start, time
from tests.openid.provider import CLIENT_ID, CLIENT_SECRET, OwnProvider, text

from chinwag.adapters.web import HttpWeb
from chinwag.flow.access.collaborators import Accounts
from chinwag.flow.openid.doors import OpenIdDoors
from chinwag.flow.openid.provider import Provider, ProviderRules
from chinwag.flow.openid.seal import Seal

__all__ = ["bus", "directory", "start", "time"]

PUBLIC: Final = "https://chat.example.org"
HOME: Final = PUBLIC + "/door"


class Trip:
    """Somebody's browser and client on the way to a provider and back."""

    def __init__(self, client: httpx2.AsyncClient, provider: OwnProvider, name: str = "staff") -> None:
        self.client = client
        self.provider = provider
        self.name = name
        self.secret = secrets.token_urlsafe(32)
        self.address = ""

    @property
    def binding(self) -> str:
        return text(hashlib.sha256(self.secret.encode()).digest())

    async def begin(self, by: LoggedInDevice | None = None) -> httpx2.Response:
        """Set out: to log in, or to link the account of `by`."""
        body = {"binding": self.binding, "return_to": HOME}
        if by is None:
            answer = await self.client.post(f"/v1/openid/{self.name}/begin", json=body)
        else:
            answer = await by.request("POST", f"/v1/me/identities/{self.name}", body)
        self.address = answer.json().get("url", "")
        return answer

    async def come_back(self) -> dict[str, str]:
        """What stands behind the `#` of where the browser ends."""
        answer = await self.call_back(self.provider.authorise(self.address))
        assert answer.status_code == 303, answer.text
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        place, _, said = answer.headers["location"].partition("#")
        assert place == HOME
        return dict(parse_qsl(said))

    async def call_back(self, said: dict[str, str]) -> httpx2.Response:
        """The browser opens the address that the provider sent it to."""
        redirect = dict(parse_qsl(urlsplit(self.address).query))["redirect_uri"]
        assert redirect == f"{PUBLIC}/v1/openid/{self.name}/callback"
        return await self.client.get(redirect.removeprefix(PUBLIC), params=said)

    async def log_in(self, code: str, secret: str | None = None, **more: Any) -> httpx2.Response:
        """The client logs in with what came back."""
        openid = {"code": code, "secret": self.secret if secret is None else secret, **more}
        return await self.client.post("/v1/sessions", json={"login_type": "openid", "openid": openid})

    async def device(self) -> LoggedInDevice:
        """All of it, which works."""
        begun = await self.begin()
        assert begun.status_code == 201, begun.text
        answer = await self.log_in((await self.come_back())["openid_code"])
        assert answer.status_code == 201, answer.text
        return LoggedInDevice(self.client, answer.json())


Begin = Callable[..., Any]


class House:
    """Processes that know the provider as `staff`."""

    def __init__(self, start: Start, provider: OwnProvider, time: Time) -> None:
        self._start = start
        self._time = time
        self.provider = provider
        self.doors: list[OpenIdDoors] = []

    async def process(self, **rules: Any) -> Process:
        """One more, with these rules for the provider."""
        given = {
            "name": "staff",
            "issuer": self.provider.issuer,
            "client_id": CLIENT_ID,
            "label": "Staff",
            "client_secret": CLIENT_SECRET,
            "scopes": ("openid", "profile"),
            "sign_up": "everybody",
        } | rules
        wanted = msgspec.convert(given, ProviderRules)

        def doors(accounts: Accounts) -> OpenIdDoors:
            web = HttpWeb()
            made = OpenIdDoors(
                accounts=accounts,
                providers={wanted.name: Provider(wanted, web, self._time)},
                seal=Seal(accounts.tokens.keys),
                public_url=PUBLIC,
                web=web,
            )
            self.doors.append(made)
            return made

        return await self._start(doors=doors)

    async def close(self) -> None:
        for doors in self.doors:
            assert doors.web is not None
            await doors.web.close()


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine makes nobody look away."""
    monkeypatch.setattr("chinwag.adapters.web.ANSWER_SECONDS", 60.0)
    monkeypatch.setattr("chinwag.adapters.relational.directory.BOUND", 60.0)


@pytest.fixture
async def provider(time: Time) -> AsyncIterator[OwnProvider]:
    async with OwnProvider(time).serving() as serving:
        yield serving


@pytest.fixture
async def house(start: Start, provider: OwnProvider, time: Time) -> AsyncIterator[House]:
    built = House(start, provider, time)
    yield built
    await built.close()
