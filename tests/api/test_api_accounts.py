"""Accounts over HTTP: sign up, log in, profile, settings, password, devices, closing."""

import msgspec
import pytest

from chinwag.domain.account_change import AccountChange, AccountClosed, DeviceAdded, DeviceRevoked, ProfileChanged
from chinwag.flow.access.collaborators import AccountRules
from chinwag.flow.accounts.disable import disable, enable
from chinwag.flow.accounts.invite import invite
from chinwag.flow.accounts.sign_up import create_account
from chinwag.ports.directory import Directory

from .conftest import PASSWORD, Process, Start, Time


async def changes(directory: Directory, account: str) -> list[AccountChange]:
    """What the outbox holds for one account, in order."""
    async with directory.reading() as transaction:
        rows = await transaction.outbox.pending(200)
    return [msgspec.json.decode(row.payload, type=AccountChange) for row in rows if row.account == account]


async def test_signs_up_logs_in_and_reads_oneself(server: Process, time: Time) -> None:
    answer = await server.client.post(
        "/v1/accounts", json={"name": "Ann.Lee", "password": PASSWORD, "display_name": " Ann "}
    )
    assert answer.status_code == 201
    session = await server.log_in("ann.LEE")
    me = (await session.request("GET", "/v1/me")).json()
    assert me == {
        "id": session.account,
        "name": "Ann.Lee",
        "display_name": "Ann",
        "about": "",
        "settings": {
            "direct_from": "everyone",
            "findable": True,
            "share_read": True,
            "share_last_seen": True,
            "share_typing": True,
            "push_preview": "",
            "quiet_hours": None,
        },
        "admin": False,
        "created_at": time.now,
        "version": 2,
        "avatar": "",
    }


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"name": "a", "password": PASSWORD}, 422, "bad_name"),
        ({"name": "-ann", "password": PASSWORD}, 422, "bad_name"),
        ({"name": "an n", "password": PASSWORD}, 422, "bad_name"),
        ({"name": "ann", "password": "short"}, 422, "bad_password"),
        ({"name": "ann", "password": "x" * 257}, 422, "bad_password"),
        ({"name": "ann", "password": PASSWORD, "display_name": "x" * 65}, 422, "bad_profile"),
        ({"name": "ann"}, 400, "bad_request"),
        ({"name": 7, "password": PASSWORD}, 400, "bad_request"),
    ],
)
async def test_refuses_what_breaks_a_rule(server: Process, body: object, status: int, code: str) -> None:
    answer = await server.client.post("/v1/accounts", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_name_is_taken_in_every_spelling(server: Process) -> None:
    await server.sign_up("straße")
    for other in ("STRASSE", "Straße", "ｓｔｒａßｅ"):
        answer = await server.client.post("/v1/accounts", json={"name": other, "password": PASSWORD})
        assert (answer.status_code, answer.json()["code"]) == (409, "name_taken")


async def test_a_closed_server_takes_accounts_from_operators_only(start: Start) -> None:
    server = await start(AccountRules(sign_up="closed"))
    answer = await server.client.post("/v1/accounts", json={"name": "ann", "password": PASSWORD})
    assert answer.json()["code"] == "sign_up_closed"
    await create_account(server.accounts, "root", PASSWORD, admin=True)
    session = await server.log_in("root")
    assert (await session.request("GET", "/v1/me")).json()["admin"] is True
    assert (await server.admission.check(session.access)).admin


async def test_an_invitation_is_good_for_its_uses_and_a_refusal_uses_none(start: Start, time: Time) -> None:
    server = await start(AccountRules(sign_up="invitation"))
    code = (await invite(server.accounts, uses=1, valid_ms=1000)).code
    late = (await invite(server.accounts, uses=1, valid_ms=1000)).code

    async def attempt(name: str, invitation: str) -> str:
        body = {"name": name, "password": PASSWORD, "invitation": invitation}
        answer = await server.client.post("/v1/accounts", json=body)
        return str(answer.json().get("code", "made"))

    await create_account(server.accounts, "taken", PASSWORD)
    assert await attempt("ann", "") == "bad_invitation"
    assert await attempt("ann", "guess") == "bad_invitation"
    assert await attempt("taken", code) == "name_taken"
    assert await attempt("ann", code) == "made"
    assert await attempt("bob", code) == "bad_invitation"
    time.forward(1000)
    assert await attempt("bob", late) == "bad_invitation"


async def test_changes_profile_and_tells_devices_and_friends(server: Process, directory: Directory) -> None:
    ann, bob = await server.person("ann"), await server.person("bob")
    await ann.request("PUT", f"/v1/friends/{bob.account}")
    await bob.request("PUT", f"/v1/friends/{ann.account}")
    changed = (await ann.request("PATCH", "/v1/me", {"about": "two\nlines"})).json()
    assert (changed["display_name"], changed["about"]) == ("", "two\nlines")
    news = ProfileChanged(ann.account, "ann", "", "two\nlines", changed["version"])
    assert (await changes(directory, ann.account))[-1] == news
    public = (await bob.request("GET", f"/v1/users/{ann.account}")).json()["version"]
    assert (await changes(directory, bob.account))[-1] == msgspec.structs.replace(news, version=public)
    again = (await ann.request("PATCH", "/v1/me", {"about": "two\nlines"})).json()
    assert again["version"] == changed["version"]
    user = (await bob.request("GET", f"/v1/users/{ann.account}")).json()
    assert (user["about"], user["closed"]) == ("two\nlines", False)


async def test_changes_settings(server: Process) -> None:
    ann = await server.person("ann")
    assert (await ann.request("PATCH", "/v1/me/settings", {"direct_from": "friends"})).status_code == 200
    chosen = {
        "direct_from": "friends",
        "findable": True,
        "share_read": True,
        "share_last_seen": True,
        "share_typing": True,
        "push_preview": "",
        "quiet_hours": None,
    }
    assert (await ann.request("GET", "/v1/me/settings")).json() == chosen
    for one in ("share_read", "share_last_seen", "share_typing"):
        chosen[one] = False
        assert (await ann.request("PATCH", "/v1/me/settings", {one: False})).json() == chosen
    assert (await ann.request("GET", "/v1/me/settings")).json() == chosen
    answer = await ann.request("PATCH", "/v1/me/settings", {"direct_from": "nobody"})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


async def test_a_new_password_logs_the_other_devices_out(server: Process) -> None:
    ann = await server.person("ann")
    other = await server.log_in("ann")
    wrong = await ann.request("PUT", "/v1/me/password", {"current": "wrong password", "new": "another password"})
    assert wrong.json()["code"] == "wrong_login"
    done = await ann.request("PUT", "/v1/me/password", {"current": PASSWORD, "new": "another password"})
    assert done.status_code == 204
    assert (await ann.request("GET", "/v1/me")).status_code == 200
    assert (await other.request("GET", "/v1/me")).json()["code"] == "revoked"
    assert (await other.refresh("attempt-1")).json()["code"] == "revoked"
    refused = await server.client.post("/v1/sessions", json={"name": "ann", "password": PASSWORD})
    assert refused.json()["code"] == "wrong_login"
    third = await server.log_in("ann", "another password")
    body = {"current": "another password", "new": PASSWORD, "keep_others": True}
    assert (await ann.request("PUT", "/v1/me/password", body)).status_code == 204
    assert (await third.request("GET", "/v1/me")).status_code == 200


async def test_lists_and_revokes_devices(server: Process, directory: Directory, time: Time) -> None:
    ann, bob = await server.person("ann"), await server.person("bob")
    time.forward(10)
    other = await server.log_in("ann")
    listed = (await ann.request("GET", "/v1/devices")).json()["items"]
    assert [(one["id"], one["current"]) for one in listed] == [(other.device, False), (ann.device, True)]
    foreign = await bob.request("DELETE", f"/v1/devices/{other.device}")
    assert (foreign.status_code, foreign.json()["code"]) == (404, "no_device")
    assert (await ann.request("DELETE", f"/v1/devices/{other.device}")).status_code == 204
    assert (await ann.request("DELETE", f"/v1/devices/{other.device}")).status_code == 204
    assert (await other.request("GET", "/v1/me")).json()["code"] == "revoked"
    kinds = [type(one) for one in await changes(directory, ann.account)]
    assert kinds == [DeviceAdded, DeviceAdded, DeviceRevoked]


async def test_logs_out(server: Process) -> None:
    ann = await server.person("ann")
    assert (await ann.request("DELETE", "/v1/sessions/current")).status_code == 204
    assert (await ann.request("GET", "/v1/me")).json()["code"] == "revoked"
    assert (await ann.refresh("attempt-1")).json()["code"] == "revoked"


async def test_closing_ends_all_and_keeps_the_name(server: Process, directory: Directory) -> None:
    ann, bob = await server.person("ann"), await server.person("bob")
    await ann.request("PATCH", "/v1/me", {"display_name": "Ann", "about": "me"})
    await ann.request("PUT", f"/v1/friends/{bob.account}")
    await bob.request("PUT", f"/v1/friends/{ann.account}")
    assert (await ann.request("DELETE", "/v1/me", {"password": "wrong password"})).json()["code"] == "wrong_login"
    assert (await ann.request("DELETE", "/v1/me", {"password": PASSWORD})).status_code == 204
    assert (await ann.request("GET", "/v1/me")).json()["code"] == "revoked"
    login = await server.client.post("/v1/sessions", json={"name": "ann", "password": PASSWORD})
    assert login.json()["code"] == "wrong_login"
    taken = await server.client.post("/v1/accounts", json={"name": "ann", "password": PASSWORD})
    assert taken.json()["code"] == "name_taken"
    assert (await bob.request("GET", "/v1/friends")).json()["items"] == []
    user = (await bob.request("GET", f"/v1/users/{ann.account}")).json()
    assert (user["name"], user["display_name"], user["about"], user["closed"]) == ("", "", "", True)
    assert (await bob.request("GET", "/v1/users?name=ann")).json()["items"] == []
    assert isinstance((await changes(directory, bob.account))[-1], AccountClosed)


async def test_a_disabled_account_is_out_until_enabled(server: Process) -> None:
    ann = await server.person("ann")
    await disable(server.accounts, ann.account)
    assert (await ann.request("GET", "/v1/me")).json()["code"] == "revoked"
    login = await server.client.post("/v1/sessions", json={"name": "ann", "password": PASSWORD})
    assert (login.status_code, login.json()["code"]) == (403, "account_disabled")
    wrong = await server.client.post("/v1/sessions", json={"name": "ann", "password": "wrong password"})
    assert wrong.json()["code"] == "wrong_login"
    await enable(server.accounts, ann.account)
    assert (await (await server.log_in("ann")).request("GET", "/v1/me")).status_code == 200
    assert (await ann.request("GET", "/v1/me")).json()["code"] == "revoked"


async def test_one_device_too_many_displaces_the_one_longest_away(server: Process, time: Time) -> None:
    first = await server.person("ann")
    for _ in range(49):
        time.forward(1)
        await server.log_in("ann")
    assert (await first.request("GET", "/v1/me")).status_code == 200
    time.forward(1)
    last = await server.log_in("ann")
    assert (await first.request("GET", "/v1/me")).json()["code"] == "revoked"
    assert len((await last.request("GET", "/v1/devices")).json()["items"]) == 50
