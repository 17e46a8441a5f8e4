"""A provider elsewhere sends this server to nothing on its own machine."""

import json
from collections.abc import Mapping

import pytest

from chinwag.flow.clock import system_clock
from chinwag.flow.openid.provider import Provider, ProviderRules
from chinwag.ports.web import AwayError, WebAnswer

ENDPOINTS = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "end_session_endpoint", "jwks_uri")


class Says:
    """A Web on which everything answers the same."""

    def __init__(self, said: Mapping[str, str]) -> None:
        self._body = json.dumps(said).encode()

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> WebAnswer:
        return WebAnswer(200, "application/json", self._body)

    async def post(self, url: str, form: Mapping[str, str], headers: Mapping[str, str] | None = None) -> WebAnswer:
        raise AssertionError

    async def close(self) -> None:
        pass


def provider(issuer: str, **changes: str) -> Provider:
    said = {"issuer": issuer} | {name: f"{issuer}/{name}" for name in ENDPOINTS} | changes
    return Provider(ProviderRules(name="staff", issuer=issuer, client_id="chinwag"), Says(said), system_clock)


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:8222/", "http://localhost/", "http://[::1]:1/", "https://127.8.9.1/", "https://LOCALHOST/"],
)
async def test_an_address_of_this_machine_is_only_one_of_its_own(endpoint: str, url: str) -> None:
    away = provider("https://id.example.org", **{endpoint: url})
    with pytest.raises(AwayError, match="this machine"):
        await away.discover()
    here = provider("http://127.0.0.1:9000", **{endpoint: url})
    assert getattr(await here.discover(), endpoint) == url


async def test_other_hosts_may_be_named() -> None:
    away = provider("https://id.example.org", token_endpoint="https://api.example.org/token")
    assert (await away.discover()).token_endpoint == "https://api.example.org/token"
