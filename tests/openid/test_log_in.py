"""Logging in by a provider: who gets in as whom, and what a thief of any one part has."""

import msgspec
import pytest
from tests.api.conftest import LoggedInDevice, Start, Time
from tests.openid.conftest import HOME, PUBLIC, House, Trip
from tests.openid.provider import OwnProvider

from chinwag.flow.access.confirm import FRESH_MS
from chinwag.flow.accounts.disable import disable, set_admin
from chinwag.flow.accounts.invite import invite
from chinwag.flow.openid.doors import owner_of


async def _me(device: LoggedInDevice) -> dict[str, object]:
    answer = await device.request("GET", "/v1/me")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_first_log_in_makes_an_account_and_the_next_finds_it(house: House, provider: OwnProvider) -> None:
    server = await house.process()
    first = await Trip(server.client, provider).device()
    assert (await _me(first))["name"] == "ann"
    assert (await _me(first))["display_name"] == "Ann Lee"
    # another name and e-mail address there are the same person: the issuer and the subject alone count
    provider.person |= {"preferred_username": "ann.smith", "email": "other@example.org"}
    second = await Trip(server.client, provider).device()
    assert second.account == first.account
    assert second.device != first.device
    # and the same name with another subject is somebody else
    provider.person |= {"sub": "s-2", "preferred_username": "ann", "email": "ann@example.org"}
    third = await Trip(server.client, provider).device()
    assert (await _me(third))["name"] == "ann2"
    answer = await server.client.post("/v1/sessions", json={"name": "ann", "password": ""})
    assert answer.json()["code"] == "wrong_login", "there is no password to guess"


async def test_what_was_begun_on_one_node_is_finished_on_others(house: House, provider: OwnProvider) -> None:
    nodes = [await house.process() for _ in range(3)]
    trip = Trip(nodes[0].client, provider)
    await trip.begin()
    trip.client = nodes[1].client
    code = (await trip.come_back())["openid_code"]
    trip.client = nodes[2].client
    assert (await trip.log_in(code)).status_code == 201


async def test_a_code_is_good_for_its_secret_alone_and_once(house: House, provider: OwnProvider, time: Time) -> None:
    server = await house.process()
    trip, thief = (Trip(server.client, provider) for _ in range(2))
    await trip.begin()
    await thief.begin()
    code, other = (await trip.come_back())["openid_code"], (await thief.come_back())["openid_code"]
    for secret in (thief.secret, "", trip.secret[:-1], trip.binding):
        answer = await trip.log_in(code, secret)
        assert (answer.status_code, answer.json()["code"]) == (400, "openid_state")
    # somebody whose browser is made to come back with a thief's code is not logged in as the thief
    assert (await trip.log_in(other)).json()["code"] == "openid_state"
    assert (await trip.log_in(code)).status_code == 201
    assert (await trip.log_in(code)).json()["code"] == "openid_state", "it is used up"
    time.forward(60_000)
    assert (await thief.log_in(other)).json()["code"] == "openid_state", "it is too old"
    assert (await thief.log_in("made up")).json()["code"] == "openid_state"


async def test_a_state_is_good_once_and_for_its_provider(house: House, provider: OwnProvider, time: Time) -> None:
    server = await house.process()
    trip = Trip(server.client, provider)
    await trip.begin()
    said = provider.authorise(trip.address)
    assert "openid_code" in (await trip.call_back(said)).headers["location"]
    for state in (said["state"], "made up", "", "x" * 10_000):
        answer = await trip.call_back(said | {"state": state})
        assert answer.status_code == 400, answer.text
        assert answer.json()["code"] == "openid_state"
    late = Trip(server.client, provider)
    await late.begin()
    time.forward(600_000)
    assert (await late.call_back(provider.authorise(late.address))).json()["code"] == "openid_state"
    assert (await server.client.get("/v1/openid/other/callback", params=said)).json()["code"] == "not_found"


async def test_who_stayed_away_too_long_or_went_back_is_told_so_at_the_door(
    house: House, provider: OwnProvider, time: Time
) -> None:
    """A browser shows them a page of this server, and not an answer for programs."""
    server = await house.process()
    late, used = Trip(server.client, provider), Trip(server.client, provider)
    await late.begin()
    await used.begin()
    again = provider.authorise(used.address)
    await used.call_back(again)
    time.forward(600_000)
    for said in (provider.authorise(late.address), again, {}):
        answer = await server.client.get(
            "/v1/openid/staff/callback", params=said, headers={"accept": "text/html,application/xhtml+xml"}
        )
        assert answer.status_code == 303
        assert answer.headers["location"] == f"{PUBLIC}/#openid_error=openid_state"
        assert answer.headers["cache-control"] == "no-store"
    assert provider.forms[1:] == [], "the provider is not asked"


async def test_a_code_of_another_log_in_is_not_taken(house: House, provider: OwnProvider) -> None:
    """Somebody who puts the provider's code of one log-in into the answer for another: PKCE, and the nonce."""
    server = await house.process()
    mine, thiefs = (Trip(server.client, provider) for _ in range(2))
    await mine.begin()
    await thiefs.begin()
    stolen, own = provider.authorise(mine.address), provider.authorise(thiefs.address)
    answer = await thiefs.call_back(own | {"code": stolen["code"]})
    assert "openid_error=openid_failed" in answer.headers["location"]


@pytest.mark.parametrize(
    "return_to",
    [
        "https://evil.example.org/",
        "https://chat.example.org.evil.example.org/",
        "https://chat.example.org@evil.example.org/",
        "http://chat.example.org/",
        "https://chat.example.org:444/",
        "https://chat.example.org/#x",
        "https://chat.example.org/\\evil",
        "http://localhost:9/",
        "http://127.0.0.1/",
        "https://127.0.0.1:9/",
        "javascript:alert(1)",
        "//chat.example.org/",
        "/door",
        "",
        "https://chat.example.org/" + "x" * 1_000,
        "https://[::1",
    ],
)
async def test_nobody_is_sent_back_to_elsewhere(house: House, provider: OwnProvider, return_to: str) -> None:
    server = await house.process()
    body = {"binding": Trip(server.client, provider).binding, "return_to": return_to}
    answer = await server.client.post("/v1/openid/staff/begin", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
    assert provider.asked == []


@pytest.mark.parametrize(
    "return_to", [HOME, "https://chat.example.org:443/?a=b", "http://127.0.0.1:9/", "http://[::1]:9"]
)
async def test_one_comes_back_to_the_server_or_to_ones_own_machine(
    house: House, provider: OwnProvider, return_to: str
) -> None:
    server = await house.process()
    body = {"binding": Trip(server.client, provider).binding, "return_to": return_to}
    assert (await server.client.post("/v1/openid/staff/begin", json=body)).status_code == 201


@pytest.mark.parametrize("sign_up", ["nobody", "invited", "everybody"])
async def test_who_may_have_an_account(house: House, provider: OwnProvider, sign_up: str) -> None:
    server = await house.process(sign_up=sign_up)
    trip = Trip(server.client, provider)
    await trip.begin()
    code = (await trip.come_back())["openid_code"]
    answer = await trip.log_in(code)
    if sign_up == "everybody":
        assert answer.status_code == 201
        return
    assert (answer.status_code, answer.json()["code"]) == (403, "not_invited")
    assert (await trip.log_in(code, invitation="made up")).json()["code"] == "not_invited"
    invitation = await invite(server.accounts, uses=1, valid_ms=60_000)
    answer = await trip.log_in(code, invitation=invitation.code)
    assert (answer.status_code, answer.json().get("code")) == (
        (201, None) if sign_up == "invited" else (403, "not_invited")
    )


async def test_a_disabled_account_stays_out(house: House, provider: OwnProvider) -> None:
    server = await house.process()
    device = await Trip(server.client, provider).device()
    await disable(server.accounts, device.account)
    trip = Trip(server.client, provider)
    await trip.begin()
    assert (await trip.log_in((await trip.come_back())["openid_code"])).json()["code"] == "account_disabled"


async def test_log_in_types_do_not_mix(house: House, provider: OwnProvider) -> None:
    server = await house.process()
    await server.sign_up("ben")
    for body in (
        {"login_type": "openid"},
        {"login_type": "openid", "name": "ben", "password": "correct horse battery"},
        {"login_type": "password", "openid": {"code": "c", "secret": "s"}},
        {"login_type": "other", "name": "ben", "password": "correct horse battery"},
        {"name": "ben"},
        {"password": "correct horse battery"},
    ):
        assert (await server.client.post("/v1/sessions", json=body)).json()["code"] == "bad_request", body
    assert (await server.log_in("ben")).device


@pytest.mark.parametrize("openid", [{}, {"code": "c"}, {"code": 1, "secret": "s"}, [], "x"])
@pytest.mark.parametrize("login_type", ["openid", "password"])
async def test_what_is_no_openid_is_bad_input(house: House, login_type: str, openid: object) -> None:
    server = await house.process()
    answer = await server.client.post("/v1/sessions", json={"login_type": login_type, "openid": openid})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


async def test_linking_needs_both_at_once(house: House, provider: OwnProvider, start: Start) -> None:
    server = await house.process(sign_up="nobody")
    ben, cem = await server.person("ben"), await server.person("cem")
    trip = Trip(server.client, provider)
    assert (await trip.begin(by=ben)).status_code == 201
    code = (await trip.come_back())["openid_code"]
    body = {"code": code, "secret": trip.secret}
    assert (await trip.log_in(code)).json()["code"] == "openid_state", "it logs nobody in"
    answer = await cem.request("PUT", "/v1/me/identities/staff", body)
    assert answer.json()["code"] == "openid_state", "who set out is who links"
    answer = await ben.request("PUT", "/v1/me/identities/staff", body | {"secret": "x" * 40})
    assert answer.json()["code"] == "openid_state"
    answer = await ben.request("PUT", "/v1/me/identities/staff", body)
    assert (answer.status_code, answer.json()["provider"]) == (200, "staff"), answer.text
    assert (await ben.request("PUT", "/v1/me/identities/staff", body)).json()["code"] == "openid_state"
    assert (await Trip(server.client, provider).device()).account == ben.account
    # what logs in does not link
    trip = Trip(server.client, provider)
    await trip.begin()
    body = {"code": (await trip.come_back())["openid_code"], "secret": trip.secret}
    assert (await ben.request("PUT", "/v1/me/identities/staff", body)).json()["code"] == "openid_state"


async def test_an_identity_is_one_accounts_and_an_account_has_one_a_provider(
    house: House, provider: OwnProvider
) -> None:
    server = await house.process()
    await Trip(server.client, provider).device()
    ben = await server.person("ben")

    async def link() -> str:
        trip = Trip(server.client, provider)
        await trip.begin(by=ben)
        body = {"code": (await trip.come_back())["openid_code"], "secret": trip.secret}
        return str((await ben.request("PUT", "/v1/me/identities/staff", body)).json().get("code"))

    assert await link() == "identity_taken"
    provider.person["sub"] = "s-2"
    assert await link() == "None"
    provider.person["sub"] = "s-3"
    assert await link() == "identity_taken"
    listed = (await ben.request("GET", "/v1/me/identities")).json()["items"]
    assert [(one["provider"], one["label"]) for one in listed] == [("staff", "Staff")]


async def test_the_last_way_in_stays(house: House, provider: OwnProvider, time: Time) -> None:
    server = await house.process()
    ann = await Trip(server.client, provider).device()
    assert (await ann.request("DELETE", "/v1/me/identities/staff")).json()["code"] == "last_login"
    assert (await ann.request("DELETE", "/v1/me/identities/other")).json()["code"] == "not_found"
    new = {"current": "", "new": "correct horse battery"}
    time.forward(FRESH_MS)
    stale = await ann.refresh("attempt-1")
    ann.take(stale.json())
    assert (await ann.request("PUT", "/v1/me/password", new)).json()["code"] == "wrong_login"
    ann = await Trip(server.client, provider).device()
    assert (await ann.request("PUT", "/v1/me/password", new)).status_code == 204
    assert (await ann.request("DELETE", "/v1/me/identities/staff")).status_code == 204
    assert (await server.log_in("ann")).account == ann.account


async def test_a_closed_account_takes_all_with_it_and_comes_back_as_a_new_one(
    house: House, provider: OwnProvider
) -> None:
    server = await house.process()
    ann = await Trip(server.client, provider).device()
    async with server.accounts.directory.reading() as reading:
        session = await reading.openid_sessions.of(ann.device)
        assert session is not None
    doors = house.doors[0]
    assert doors.seal.open(session.refresh_token, owner_of(session.issuer, session.subject)), "it can be opened"
    assert doors.seal.open(session.refresh_token, owner_of(session.issuer, "s-2")) == "", "by its owner's name alone"
    assert (await ann.request("DELETE", "/v1/me", {"password": ""})).status_code == 204
    async with server.accounts.directory.reading() as reading:
        assert await reading.openid_sessions.of(ann.device) is None
        assert await reading.identities.get(session.issuer, session.subject) is None
    again = await Trip(server.client, provider).device()
    assert again.account != ann.account
    assert (await _me(again))["name"] == "ann2", "a closed account's name stays taken"
    strict = await house.process(sign_up="nobody")
    assert (await again.request("DELETE", "/v1/me", {"password": ""})).status_code == 204
    trip = Trip(strict.client, provider)
    await trip.begin()
    assert (await trip.log_in((await trip.come_back())["openid_code"])).json()["code"] == "not_invited"


async def test_admin_groups_make_and_unmake_administrators(house: House, provider: OwnProvider) -> None:
    server = await house.process(admin_groups=["wheel"])
    provider.person["groups"] = ["wheel"]
    ann = await Trip(server.client, provider).device()
    assert (await _me(ann))["admin"] is True
    provider.person["groups"] = []
    await Trip(server.client, provider).device()
    assert (await _me(ann))["admin"] is False
    async with server.accounts.directory.reading() as reading:
        acts = [(one.actor, one.act, one.target) for one in await reading.audit.page(None, 9)]
    assert acts == [("openid:staff", "account.demote", ann.account), ("openid:staff", "account.promote", ann.account)]
    # by hand: no group unmakes it
    await set_admin(server.accounts, ann.account, True)
    await Trip(server.client, provider).device()
    assert (await _me(ann))["admin"] is True
    provider.person["groups"] = ["wheel"]
    await Trip(server.client, provider).device()
    provider.person["groups"] = []
    await Trip(server.client, provider).device()
    assert (await _me(ann))["admin"] is True


async def test_only_groups_that_give_something_are_kept(house: House, provider: OwnProvider) -> None:
    rule = {"conversation": "g~1"}
    server = await house.process(groups={"team": rule}, admin_groups=["wheel"])
    provider.person["groups"] = ["team", "private matters"]
    ann = await Trip(server.client, provider).device()
    async with server.accounts.directory.reading() as reading:
        (identity,) = await reading.identities.of(ann.account)
        assert identity.groups == ("team",)
        assert [one.provider for one in await reading.identities.due(9)] == ["staff"]
    assert msgspec.to_builtins(identity)["account"] == ann.account


async def test_thousands_of_groups_are_looked_at(house: House, provider: OwnProvider) -> None:
    """Directories give them in any order: whose place came behind others would lose it."""
    provider.person["groups"] = [f"group-{number}" for number in range(5_000)] + [None, 7, {}, "wheel"]
    server = await house.process(admin_groups=["wheel"])
    assert (await _me(await Trip(server.client, provider).device()))["admin"] is True
