"""Whom a provider stands by no longer, and whom it only seems to leave: blips, second ways in, names that change."""

from typing import Any

import msgspec
import pytest
from tests.api.conftest import PASSWORD, LoggedInDevice, Process, Start, Time
from tests.openid.conftest import House, Trip
from tests.openid.provider import OwnProvider

from chinwag.domain.conversation import Role
from chinwag.domain.ids import ClientId, ConversationId
from chinwag.ports.directory import GivenPlace, Transaction

HOUR = 3_600_000
DAY = 24 * HOUR
RULES: dict[str, Any] = {"admin_groups": ["wheel"], "groups": {"team": {"conversation": "g~1"}}}


async def _renewed(device: LoggedInDevice, attempt: str) -> str:
    """What renewing the tokens gives: nothing, or the code of the refusal."""
    answer = await device.refresh(attempt)
    if answer.status_code == 200:
        device.take(answer.json())
        return ""
    return str(answer.json()["code"])


async def _is_admin(device: LoggedInDevice) -> bool:
    answer = await device.request("GET", "/v1/me")
    assert answer.status_code == 200, answer.text
    return bool(answer.json()["admin"])


async def _places(server: Process, device: LoggedInDevice) -> tuple[tuple[str, ...], list[str]]:
    """The groups that are kept of somebody's, and the providers whose places are to be looked at."""
    async with server.accounts.directory.reading() as reading:
        (identity,) = await reading.identities.of(device.account)
        return identity.groups, [one.provider for one in await reading.identities.due(9)]


async def _seen_to(server: Process) -> None:
    async with server.accounts.directory.transaction() as transaction:
        for one in await transaction.identities.due(9):
            await transaction.identities.done(one)


async def _with_password(device: LoggedInDevice) -> None:
    new = {"current": "", "new": PASSWORD}
    assert (await device.request("PUT", "/v1/me/password", new)).status_code == 204


@pytest.mark.parametrize("fails", ["/userinfo", "/keys"])
async def test_a_failure_after_the_refresh_token_was_used_up_locks_nobody_out(
    house: House, provider: OwnProvider, time: Time, fails: str
) -> None:
    """The provider has given the next one by then, and takes the one before for stolen."""
    server = await house.process()
    device = await Trip(server.client, provider).device()
    provider.replies[fails] = (503, {}, b"")
    if fails == "/keys":
        provider.id_header = lambda header: header | {"kid": "the next"}
    time.forward(DAY)
    assert await _renewed(device, "attempt-1") == ""
    assert provider.forms[-1]["grant_type"] == "refresh_token"
    provider.replies.clear()
    provider.id_header = lambda header: header
    time.forward(HOUR)
    assert await _renewed(device, "attempt-2") == "", "it is there again, and lets them in"
    assert provider.forms[-1]["refresh_token"] != provider.forms[-2]["refresh_token"]


@pytest.mark.parametrize("why", ["no refresh token", "away for days"])
async def test_who_is_locked_out_keeps_nothing_by_a_password(
    house: House, provider: OwnProvider, time: Time, why: str
) -> None:
    provider.gives_refresh_tokens = why != "no refresh token"
    provider.person["groups"] = ["wheel", "team"]
    server = await house.process(**RULES)
    device = await Trip(server.client, provider).device()
    await _with_password(device)
    await _seen_to(server)
    by_password = await server.log_in("ann")
    assert await _is_admin(by_password)
    time.forward(DAY)
    if why == "away for days":
        provider.replies["/token"] = (503, {}, b"")
        assert await _renewed(device, "attempt-0") == ""
        assert await _renewed(by_password, "attempt-0") == ""
        assert await _is_admin(by_password), "it may be back soon"
        time.forward(72 * HOUR)
    assert await _renewed(device, "attempt-1") == "revoked"
    assert await _renewed(by_password, "attempt-2") == ""
    assert not await _is_admin(by_password)
    assert await _places(server, device) == ((), ["staff"])
    async with server.accounts.directory.reading() as reading:
        (last, *_) = await reading.audit.page(None, 9)
    assert (last.actor, last.act, last.target) == ("openid:staff", "account.demote", device.account)
    # and whoever it stands by again has all of it back
    provider.replies.clear()
    back = await Trip(server.client, provider).device()
    assert await _is_admin(back)
    assert await _places(server, back) == (("team", "wheel"), ["staff"])


async def test_an_administrator_by_hand_stays_one(house: House, provider: OwnProvider, time: Time) -> None:
    server = await house.process(**RULES)
    device = await Trip(server.client, provider).device()
    await _with_password(device)
    async with server.accounts.directory.transaction() as transaction:
        await transaction.accounts.set_admin(device.account, True)
    provider.refuse = "invalid_grant"
    time.forward(DAY)
    assert await _renewed(device, "attempt-1") == "revoked"
    assert await _is_admin(await server.log_in("ann"))


async def test_a_clock_that_is_set_back_makes_nobodys_word_last(
    house: House, provider: OwnProvider, time: Time
) -> None:
    server = await house.process()
    device = await Trip(server.client, provider).device()
    provider.refuse = "invalid_grant"
    time.forward(-30_000)
    assert await _renewed(device, "attempt-1") == "", "processes' clocks differ that much"
    time.forward(-DAY)
    assert await _renewed(device, "attempt-2") == "revoked"


async def test_a_log_out_between_the_provider_and_a_device_counts(house: House, provider: OwnProvider) -> None:
    server = await house.process()
    for changes in ({}, {"sub": None}, {"sid": None}):
        trip = Trip(server.client, provider)
        await trip.begin()
        code = (await trip.come_back())["openid_code"]
        answer = await server.client.post(
            "/v1/openid/staff/logout", data={"logout_token": provider.logout_token(**changes)}
        )
        assert answer.status_code == 200
        assert (await trip.log_in(code)).json()["code"] == "openid_state", changes
    trip = Trip(server.client, provider)
    await trip.begin()
    code = (await trip.come_back())["openid_code"]
    token = provider.logout_token(sid="of another session")
    assert (await server.client.post("/v1/openid/staff/logout", data={"logout_token": token})).status_code == 200
    assert (await trip.log_in(code)).status_code == 201


async def test_a_session_that_was_never_named_ends_with_any_of_its_person(house: House, provider: OwnProvider) -> None:
    """Some providers name sessions in logout tokens alone."""
    provider.id_claims = lambda claims: {name: one for name, one in claims.items() if name != "sid"}
    server = await house.process()
    device = await Trip(server.client, provider).device()
    for changes, code in (({"sub": "s-2"}, 200), ({"sub": None}, 200), ({}, 401)):
        token = provider.logout_token(**changes)
        assert (await server.client.post("/v1/openid/staff/logout", data={"logout_token": token})).status_code == 200
        assert (await device.request("GET", "/v1/me")).status_code == code, changes


async def test_a_provider_may_be_called_anew(house: House, provider: OwnProvider, time: Time) -> None:
    """What it gave is its own under the new name, and those whom it let in stay."""
    provider.person["groups"] = ["team"]
    before = await house.process(**RULES)
    device = await Trip(before.client, provider).device()
    await _seen_to(before)
    async with before.accounts.directory.transaction() as transaction:
        given = await _given(transaction, device, "staff")
    after = await house.process(**RULES, name="people")
    device.client = after.client
    time.forward(DAY)
    assert await _renewed(device, "attempt-1") == ""
    assert await _places(after, device) == (("team",), ["people"])
    async with after.accounts.directory.reading() as reading:
        assert await reading.identities.places(device.account, "staff") == []
        assert await reading.identities.places(device.account, "people") == [
            msgspec.structs.replace(given, provider="people")
        ]
    assert (await Trip(after.client, provider, name="people").device()).account == device.account
    answer = await device.request("DELETE", "/v1/sessions/current")
    assert answer.json()["end_session"].startswith(f"{provider.issuer}/end?")


async def _given(transaction: Transaction, device: LoggedInDevice, by: str) -> GivenPlace:
    place = GivenPlace(device.account, ConversationId("g~1"), by, ClientId("enter-1"), 7, Role.MEMBER)
    assert await transaction.identities.place(place)
    return place


async def test_a_provider_that_is_known_no_longer_can_be_let_go(house: House, provider: OwnProvider) -> None:
    provider.person["groups"] = ["wheel", "team"]
    before = await house.process(**RULES)
    device = await Trip(before.client, provider).device()
    await _seen_to(before)
    after = await house.process(**RULES, name="others", issuer="http://127.0.0.1:9")
    device.client = after.client
    assert (await device.request("DELETE", "/v1/me/identities/staff")).json()["code"] == "last_login"
    await _with_password(device)
    assert await _is_admin(device)
    assert (await device.request("DELETE", "/v1/me/identities/staff")).status_code == 204
    assert not await _is_admin(device)
    async with after.accounts.directory.reading() as reading:
        assert await reading.identities.of(device.account) == []
        assert [one.provider for one in await reading.identities.due(9)] == ["staff"]


@pytest.mark.parametrize("knows_another", [True, False])
async def test_a_provider_that_is_known_no_longer_gives_nothing(
    house: House, provider: OwnProvider, knows_another: bool, start: Start
) -> None:
    provider.person["groups"] = ["wheel", "team"]
    before = await house.process(**RULES)
    device = await Trip(before.client, provider).device()
    await _with_password(device)
    await _seen_to(before)
    by_password = await before.log_in("ann")
    after = await house.process(**RULES, name="others", issuer="http://127.0.0.1:9") if knows_another else await start()
    device.client = by_password.client = after.client
    assert await _renewed(by_password, "attempt-1") == ""
    assert not await _is_admin(by_password)
    assert await _places(after, device) == ((), ["staff"])
    assert await _renewed(device, "attempt-2") == "revoked"


async def test_a_provider_that_became_another_is_no_way_in(house: House, provider: OwnProvider) -> None:
    """Its name leads to another issuer now, which knows nobody of before."""
    before = await house.process()
    device = await Trip(before.client, provider).device()
    async with OwnProvider(before.accounts.clock).serving() as second:
        both = await house.process(name="second", issuer=second.issuer)
        trip, device.client = Trip(both.client, second, name="second"), both.client
        await trip.begin(by=device)
        body = {"code": (await trip.come_back())["openid_code"], "secret": trip.secret}
        assert (await device.request("PUT", "/v1/me/identities/second", body)).status_code == 200
        after = await house.process(issuer="http://127.0.0.1:9")
        device.client = after.client
        assert (await device.request("DELETE", "/v1/me/identities/second")).json()["code"] == "last_login"
