"""A device whose session is over is told so by whatever it asks first, so that the application can log in again."""

import pytest

from chinwag.client import ApiError, Client, LoggedOut
from chinwag.wire.errors import Code, Refused, problem
from chinwag.wire.http import AccountSettings, Me, SessionTokens

from .conftest import credentials
from .scripted import ScriptedServer

pytestmark = pytest.mark.asyncio


def _refusing(server: ScriptedServer, route: str, code: Code) -> None:
    server.routes[route] = lambda _body, _headers: (401, problem(Refused(code)))


def _renewing(server: ScriptedServer) -> None:
    account = Me("1", "ada", "", "", AccountSettings("everyone"), False, 0, 1)
    tokens = SessionTokens(account, "9", "access-2", 1 << 50, "refresh-2", 1 << 51)
    server.routes["POST /v1/sessions/refresh"] = lambda _body, _headers: (200, tokens)


@pytest.mark.parametrize("code", [Code.REVOKED, Code.ACCOUNT_DISABLED])
async def test_a_revoked_device_is_logged_out_by_any_answer(scripted: ScriptedServer, code: Code) -> None:
    _refusing(scripted, "GET /v1/me", code)
    client = Client(credentials(scripted.url))
    with pytest.raises(LoggedOut) as told:
        await client.me()
    assert told.value.code == code
    assert "POST /v1/sessions/refresh" not in scripted.asked
    await client.close()


@pytest.mark.parametrize(
    "code", [Code.UNAUTHENTICATED, Code.REVOKED, Code.REFRESH_REUSED, Code.ACCOUNT_DISABLED, Code.NO_DEVICE]
)
async def test_a_server_that_knows_neither_token_logs_out(scripted: ScriptedServer, code: Code) -> None:
    """So it is with a new data folder, and after a restore of what was before this device."""
    _refusing(scripted, "GET /v1/me", Code.UNAUTHENTICATED)
    _refusing(scripted, "POST /v1/sessions/refresh", code)
    client = Client(credentials(scripted.url))
    with pytest.raises(LoggedOut):
        await client.me()
    await client.close()


async def test_a_new_token_that_is_not_taken_either_logs_out(scripted: ScriptedServer) -> None:
    _refusing(scripted, "GET /v1/me", Code.UNAUTHENTICATED)
    _renewing(scripted)
    client = Client(credentials(scripted.url))
    with pytest.raises(LoggedOut):
        await client.me()
    await client.close()


async def test_other_refusals_do_not(scripted: ScriptedServer) -> None:
    _refusing(scripted, "GET /v1/me", Code.FORBIDDEN)
    client = Client(credentials(scripted.url))
    with pytest.raises(ApiError) as told:
        await client.me()
    assert not isinstance(told.value, LoggedOut)
    await client.close()
