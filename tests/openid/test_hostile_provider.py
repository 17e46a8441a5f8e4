"""Nobody gets in by what a hostile provider says, and asking it costs little whatever it does."""

import asyncio

import httpx2
import pytest
from tests.openid.conftest import House, Trip
from tests.openid.flaws import BEGIN, FLAWS, LOGOUT_FLAWS
from tests.openid.provider import OwnProvider


@pytest.mark.parametrize("flaw", FLAWS)
async def test_each_flaw_gets_its_refusal(
    house: House, provider: OwnProvider, flaw: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant, wanted = FLAWS[flaw]
    plant(provider)
    server = await house.process()
    trip = Trip(server.client, provider)
    begun = await trip.begin()
    if wanted == BEGIN:
        assert (begun.status_code, begun.json()["code"]) == (502, "openid_unavailable")
        assert int(begun.headers["retry-after"]) > 0
        return
    assert begun.status_code == 201, begun.text
    if provider.hangs:
        monkeypatch.setattr("chinwag.adapters.web.ANSWER_SECONDS", 0.2)
    said = await trip.come_back()
    assert said.pop("openid_error") == wanted, said
    assert not set(said.pop("openid_detail")) & set('<>&"\r\n')
    assert said == {}, "no code beside an error"
    async with server.accounts.directory.reading() as reading:
        assert await reading.accounts.page(None, 9) == []


@pytest.mark.parametrize("flaw", LOGOUT_FLAWS)
async def test_a_logout_token_with_a_flaw_logs_nobody_out(house: House, provider: OwnProvider, flaw: str) -> None:
    server = await house.process()
    device = await Trip(server.client, provider).device()
    plant, changes = LOGOUT_FLAWS[flaw]
    plant(provider)
    answer = await _log_out(server.client, provider.logout_token(**changes))
    assert (answer.status_code, answer.json()["code"]) == (403, "openid_failed")
    assert (await device.request("GET", "/v1/me")).status_code == 200


async def test_made_up_keys_make_nobody_fetch(house: House, provider: OwnProvider) -> None:
    server = await house.process()
    device = await Trip(server.client, provider).device()
    provider.id_header = lambda said: said | {"kid": "of nobody"}
    answers = await asyncio.gather(*(_log_out(server.client, provider.logout_token()) for _ in range(20)))
    assert {one.json()["code"] for one in answers} == {"openid_failed"}
    assert provider.asked.count("/keys") == 1, "they were fetched less than a minute ago"
    assert (await device.request("GET", "/v1/me")).status_code == 200


async def test_a_provider_that_is_away_is_not_asked_by_each(house: House, provider: OwnProvider) -> None:
    server = await house.process()
    provider.replies["/.well-known/openid-configuration"] = (503, {}, b"")
    answers = await asyncio.gather(*(Trip(server.client, provider).begin() for _ in range(20)))
    assert {one.json()["code"] for one in answers} == {"openid_unavailable"}
    assert len(provider.asked) == 1
    answer = await _log_out(server.client, provider.logout_token())
    assert (answer.status_code, answer.json()["code"]) == (502, "openid_unavailable")


@pytest.mark.parametrize(
    "body", ["", "logout_token", "other=x", "logout_token=a&logout_token=b", "&" * 5000, "logout_token=%ff", "\u00e9=1"]
)
async def test_what_is_no_logout_form_is_refused(house: House, provider: OwnProvider, body: str) -> None:
    server = await house.process()
    answer = await server.client.post("/v1/openid/staff/logout", content=body.encode())
    assert answer.status_code in (400, 403), answer.text
    assert answer.json()["code"] in ("bad_request", "openid_failed")


async def test_one_network_keeps_nobody_elsewhere_from_setting_out(
    house: House, provider: OwnProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chinwag.flow.access.throttle.SET_OUTS", 3)
    server = await house.process()
    ben = await server.person("ben")
    for _ in range(3):
        assert (await Trip(server.client, provider).begin()).status_code == 201
    answer = await Trip(server.client, provider).begin()
    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    assert int(answer.headers["retry-after"]) > 0
    answer = await Trip(server.client, provider).begin(by=ben)
    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")


async def _log_out(client: httpx2.AsyncClient, token: str) -> httpx2.Response:
    return await client.post("/v1/openid/staff/logout", data={"logout_token": token})
