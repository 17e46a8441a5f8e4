"""Who is locked out at a provider goes here too: by its word, or when it is asked again."""

import asyncio

import pytest
from tests.api.conftest import LoggedInDevice, Process, Time
from tests.openid.conftest import House, Trip
from tests.openid.provider import OwnProvider

from chinwag.ports.bus import REVOKED

HOUR = 3_600_000
DAY = 24 * HOUR


async def _stays(device: LoggedInDevice, attempt: str) -> bool:
    """Renew the tokens; whether that went well."""
    answer = await device.refresh(attempt)
    if answer.status_code == 200:
        device.take(answer.json())
        return True
    assert (answer.status_code, answer.json()["code"]) == (401, "revoked"), answer.text
    assert (await device.refresh(attempt + "-again")).json()["code"] == "revoked"
    return False


async def _log_out(server: Process, token: str) -> int:
    answer = await server.client.post("/v1/openid/staff/logout", data={"logout_token": token})
    return answer.status_code


async def test_the_provider_logs_a_session_out(house: House, provider: OwnProvider) -> None:
    server, other = await house.process(), await house.process()
    first = await Trip(server.client, provider).device()
    provider.session = "sid-2"
    second = await Trip(server.client, provider).device()
    by_password = await server.person("ben")
    heard: list[object] = []
    other.accounts.bus.subscribe(REVOKED, heard.append)
    assert await _log_out(other, provider.logout_token(sub=None)) == 200
    assert (await second.request("GET", "/v1/me")).json()["code"] == "revoked"
    assert (await first.request("GET", "/v1/me")).status_code == 200
    assert (await by_password.request("GET", "/v1/me")).status_code == 200
    assert len(heard) == 1, "every process hears of it at once"
    # both must fit, where both are named
    assert await _log_out(other, provider.logout_token(sub="s-2", sid="sid-1")) == 200
    assert (await first.request("GET", "/v1/me")).status_code == 200
    assert await _log_out(other, provider.logout_token(sid=None)) == 200
    assert (await first.request("GET", "/v1/me")).json()["code"] == "revoked"


async def test_a_logout_token_counts_once(house: House, provider: OwnProvider) -> None:
    server, other = await house.process(), await house.process()
    token = provider.logout_token(sid=None)
    assert await _log_out(server, token) == 200
    device = await Trip(server.client, provider).device()
    for process in (server, other):
        assert await _log_out(process, token) == 403
    assert (await device.request("GET", "/v1/me")).status_code == 200


async def test_a_device_is_asked_about_when_it_is_time(house: House, provider: OwnProvider, time: Time) -> None:
    server = await house.process()
    device = await Trip(server.client, provider).device()
    asked = provider.asked.count("/token")
    time.forward(DAY - 1)
    assert await _stays(device, "attempt-1")
    assert provider.asked.count("/token") == asked
    time.forward(1)
    assert await _stays(device, "attempt-2")
    assert await _stays(device, "attempt-3")
    assert provider.asked.count("/token") == asked + 1, "once, and not again before the next day"
    provider.refuse = "invalid_grant"
    time.forward(DAY)
    assert not await _stays(device, "attempt-4")


async def test_a_recheck_takes_and_gives_by_groups(house: House, provider: OwnProvider, time: Time) -> None:
    server = await house.process(admin_groups=["wheel"], recheck_ms=60_000)
    device = await Trip(server.client, provider).device()
    provider.person["groups"] = ["wheel"]
    time.forward(60_000)
    assert await _stays(device, "attempt-1")
    assert (await device.request("GET", "/v1/me")).json()["admin"] is True
    provider.person["groups"] = []
    time.forward(60_000)
    assert await _stays(device, "attempt-2")
    assert (await device.request("GET", "/v1/me")).json()["admin"] is False


async def test_only_one_asks_at_a_time(house: House, provider: OwnProvider, time: Time) -> None:
    """The provider takes a refresh token that comes twice for a stolen one, and refuses both then."""
    nodes = [await house.process(), await house.process()]
    device = await Trip(nodes[0].client, provider).device()
    time.forward(DAY)
    asked = provider.asked.count("/token")
    body = {"refresh_token": device.refresh_token, "attempt": "the same one"}
    answers = await asyncio.gather(*(node.client.post("/v1/sessions/refresh", json=body) for node in nodes * 5))
    assert {one.status_code for one in answers} == {200}
    assert provider.asked.count("/token") == asked + 1


async def test_a_provider_that_is_away_keeps_its_people_for_72_hours(
    house: House, provider: OwnProvider, time: Time
) -> None:
    server = await house.process()
    device = await Trip(server.client, provider).device()
    provider.replies["/token"] = (503, {}, b"")
    time.forward(DAY)
    assert await _stays(device, "attempt-1")
    time.forward(72 * HOUR - 1)
    assert await _stays(device, "attempt-2")
    del provider.replies["/token"]
    time.forward(HOUR)
    assert await _stays(device, "attempt-3"), "it is there again, and lets them in"
    provider.replies["/token"] = (503, {}, b"")
    time.forward(DAY)
    assert await _stays(device, "attempt-4"), "another 72 hours"
    time.forward(72 * HOUR)
    assert not await _stays(device, "attempt-5")


@pytest.mark.parametrize("error", ["invalid_client", "unauthorized_client", "temporarily_unavailable"])
async def test_a_refusal_of_the_server_itself_is_nobodys_fault(
    house: House, provider: OwnProvider, time: Time, error: str
) -> None:
    server = await house.process()
    device = await Trip(server.client, provider).device()
    provider.refuse = error
    time.forward(DAY)
    assert await _stays(device, "attempt-1")


async def test_what_cannot_be_believed_lets_nobody_go_and_gives_nothing(
    house: House, provider: OwnProvider, time: Time
) -> None:
    server = await house.process(admin_groups=["wheel"])
    device = await Trip(server.client, provider).device()
    provider.userinfo = lambda said: said | {"sub": "s-2", "groups": ["wheel"]}
    time.forward(DAY)
    assert await _stays(device, "attempt-1")
    assert (await device.request("GET", "/v1/me")).json()["admin"] is False


async def test_without_a_refresh_token_a_device_logs_in_anew(house: House, provider: OwnProvider, time: Time) -> None:
    provider.gives_refresh_tokens = False
    server = await house.process()
    device = await Trip(server.client, provider).device()
    time.forward(DAY - 1)
    assert await _stays(device, "attempt-1")
    time.forward(1)
    assert not await _stays(device, "attempt-2")


async def test_devices_of_passwords_are_nobodys_to_ask_about(house: House, provider: OwnProvider, time: Time) -> None:
    server = await house.process()
    device = await server.person("ben")
    time.forward(DAY)
    assert await _stays(device, "attempt-1")
    assert provider.asked == []
    assert (await device.request("DELETE", "/v1/sessions/current")).status_code == 204


async def test_logging_out_names_where_the_log_in_there_ends(house: House, provider: OwnProvider) -> None:
    server = await house.process()
    device = await Trip(server.client, provider).device()
    answer = await device.request("DELETE", "/v1/sessions/current")
    assert answer.status_code == 200
    assert answer.json()["end_session"].startswith(f"{provider.issuer}/end?client_id=chinwag&post_logout_redirect_uri=")
    assert (await device.request("GET", "/v1/me")).json()["code"] == "revoked"


async def _is_admin(device: LoggedInDevice) -> bool:
    return bool((await device.request("GET", "/v1/me")).json()["admin"])


async def _link(server: Process, provider: OwnProvider, device: LoggedInDevice) -> None:
    trip = Trip(server.client, provider)
    await trip.begin(by=device)
    body = {"code": (await trip.come_back())["openid_code"], "secret": trip.secret}
    assert (await device.request("PUT", "/v1/me/identities/staff", body)).status_code == 200


async def test_a_refusal_takes_what_the_groups_gave(house: House, provider: OwnProvider, time: Time) -> None:
    server = await house.process(admin_groups=["wheel"])
    provider.person["groups"] = ["wheel"]
    ben = await server.person("ben")
    await _link(server, provider, ben)
    at_work = await Trip(server.client, provider).device()
    assert at_work.account == ben.account
    assert await _is_admin(ben)
    provider.refuse = "invalid_grant"
    time.forward(DAY)
    assert not await _stays(at_work, "attempt-1")
    assert await _stays(ben, "attempt-1"), "it came in by a password"
    assert not await _is_admin(ben)
    async with server.accounts.directory.reading() as reading:
        (identity,) = await reading.identities.of(ben.account)
        assert identity.groups == ()
        assert [one.account for one in await reading.identities.due(9)] == [ben.account], "and places are seen to"
    provider.refuse = ""
    await Trip(server.client, provider).device()
    assert await _stays(ben, "attempt-2")
    assert await _is_admin(ben), "the next log-in there gives it back"


async def test_a_refusal_of_an_old_token_takes_nothing_that_was_said_since(
    house: House, provider: OwnProvider, time: Time
) -> None:
    server = await house.process(admin_groups=["wheel"])
    provider.person["groups"] = ["wheel"]
    old = await Trip(server.client, provider).device()
    time.forward(DAY - 1)
    new = await Trip(server.client, provider).device()
    provider.refuse = "invalid_grant"
    time.forward(1)
    assert not await _stays(old, "attempt-1")
    assert await _is_admin(new)


async def test_what_groups_gave_is_no_older_than_their_providers_word(
    house: House, provider: OwnProvider, time: Time
) -> None:
    """Somebody whom the provider has logged out, and who goes on with a password: nobody asks the provider."""
    server = await house.process(admin_groups=["wheel"])
    provider.person["groups"] = ["wheel"]
    ben = await server.person("ben")
    await _link(server, provider, ben)
    time.forward(DAY - 1)
    assert await _stays(ben, "attempt-1")
    assert await _is_admin(ben)
    time.forward(1)
    assert await _stays(ben, "attempt-2")
    assert not await _is_admin(ben)
    await Trip(server.client, provider).device()
    assert await _is_admin(ben)
    # with a device that may ask the provider yet, its word holds as long as one that is away is waited for
    time.forward(DAY + 72 * HOUR - 1)
    assert await _stays(ben, "attempt-3")
    assert await _is_admin(ben)
    time.forward(1)
    assert await _stays(ben, "attempt-4")
    assert not await _is_admin(ben)
