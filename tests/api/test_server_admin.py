"""Administration on a real server: who may, what happens, and what the audit log says of it."""

import re
import subprocess
import sys

import httpx2
import pytest
from prove.process import ServerProcess
from tests.support.people import PASSWORD, Crowd, settle_in
from tests.support.places import Sockets

from chinwag.assembly import open_directory_in
from chinwag.domain.account_change import Announced
from chinwag.domain.ids import AccountId
from chinwag.wire.values import AccountEvent

DONE_TO_BEN = ("device.revoke_all", "account.enable", "account.disable", "account.reset_password", "device.revoke")
"""The latest first."""


class Office:
    """A server with two administrators, `ada` and `max`, and two others, `ann` and `ben`."""

    def __init__(self, process: ServerProcess, people: dict[str, tuple[AccountId, str, str]]) -> None:
        self.process = process
        self.place = Sockets(process)
        self.people = people

    def id(self, name: str) -> AccountId:
        return self.people[name][0]

    async def ask(self, name: str, method: str, path: str, json: object = None) -> httpx2.Response:
        return await self.place.request(method, path, token=self.people[name][2], json=json)

    async def code(self, name: str, method: str, path: str, json: object = None) -> object:
        answer = await self.ask(name, method, path, json)
        return answer.json()["code"] if answer.status_code >= 400 else answer.status_code

    async def audit(self, query: str = "") -> list[tuple[str, str, str]]:
        answer = await self.ask("ada", "GET", f"/v1/admin/audit?limit=200{query}")
        return [(one["actor"], one["act"], one["target"]) for one in answer.json()["items"]]


@pytest.fixture
async def office(process: ServerProcess) -> Office:
    made = await settle_in(process.data, ["ada", "max", "ann", "ben"])
    directory = await open_directory_in(process.data)
    async with directory.transaction() as transaction:
        for _, account, _, _ in made[:2]:
            await transaction.accounts.set_admin(account, True)
    await directory.close()
    await process.start()
    return Office(process, {name: (account, device, token) for name, account, device, token in made})


async def test_every_address_of_administration_is_closed_to_everybody_else(office: Office) -> None:
    document = (await office.place.request("GET", "/v1/openapi.json")).json()
    cases = [
        (method.upper(), re.sub(r"\{[^}]*}", office.id("ben"), path))
        for path, operations in document["paths"].items()
        if path.startswith("/v1/admin/")
        for method in operations
        if method in ("get", "post", "put", "patch", "delete")
    ]
    assert len(cases) == 15
    for method, path in cases:
        body: object = {} if method in ("POST", "PUT") else None
        assert await office.code("ann", method, path, body) == "forbidden", (method, path)
        anonymous = await office.place.request(method, path, json=body)
        assert (anonymous.status_code, anonymous.json()["code"]) == (401, "unauthenticated")
    assert await office.audit() == [("operator", "account.add", office.id(one)) for one in ("ben", "ann", "max", "ada")]


async def test_an_administrator_acts_and_the_log_says_so(office: Office) -> None:
    ben = f"/v1/admin/accounts/{office.id('ben')}"
    assert await office.code("ada", "DELETE", f"{ben}/devices/{office.people['ben'][1]}") == 204
    assert await office.code("ben", "GET", "/v1/me") == "revoked"
    assert await office.code("ada", "PUT", f"{ben}/password", {"password": "another password"}) == 204
    again = {"name": "ben", "password": "another password"}
    assert (await office.place.request("POST", "/v1/sessions", json=again)).status_code == 201
    assert await office.code("ada", "POST", f"{ben}/disable") == 204
    refused = await office.place.request("POST", "/v1/sessions", json=again)
    assert refused.json()["code"] == "account_disabled"
    assert (await office.ask("ada", "GET", ben)).json()["disabled"]
    assert await office.code("ada", "POST", f"{ben}/enable") == 204
    assert (await office.place.request("POST", "/v1/sessions", json=again)).status_code == 201
    assert await office.code("ada", "DELETE", f"{ben}/devices") == 204
    added = {"name": "new", "password": "a long password"}
    new = (await office.ask("ada", "POST", "/v1/admin/accounts", added)).json()
    assert (await office.place.request("POST", "/v1/sessions", json=added)).status_code == 201
    assert await office.audit(f"&actor={office.id('ada')}") == [
        (office.id("ada"), "account.add", new["id"]),
        *((office.id("ada"), act, office.id("ben")) for act in DONE_TO_BEN),
    ]
    assert len(await office.audit(f"&target={new['id']}")) == 1


async def test_what_is_refused_is_not_in_the_log(office: Office) -> None:
    before = await office.audit()
    for method, path, body, code in [
        ("POST", "/accounts/1/disable", None, "no_account"),
        ("PUT", f"/accounts/{office.id('ben')}/password", {"password": "short"}, "bad_password"),
        ("GET", "/accounts/1/devices", None, "no_account"),
        ("DELETE", f"/accounts/{office.id('ben')}/devices/1", None, "no_device"),
        ("DELETE", f"/accounts/{office.id('ben')}/devices/{office.people['ann'][1]}", None, "no_device"),
        ("POST", "/invitations", {"uses": 0}, "bad_request"),
        ("POST", "/invitations", {"valid_days": 400}, "bad_request"),
        ("DELETE", "/invitations/abcd", None, "not_found"),
        ("DELETE", "/invitations/zz", None, "not_found"),
        ("POST", "/announcements", {"text": " "}, "bad_request"),
        ("POST", "/accounts", {"name": "ann", "password": PASSWORD}, "name_taken"),
    ]:
        assert await office.code("ada", method, f"/v1/admin{path}", body) == code, path
    assert await office.audit() == before


async def test_administrators_do_not_act_upon_each_other(office: Office) -> None:
    other = f"/v1/admin/accounts/{office.id('max')}"
    for method, path, body in [
        ("POST", f"{other}/disable", None),
        ("POST", f"{other}/enable", None),
        ("DELETE", f"{other}/devices", None),
        ("DELETE", f"{other}/devices/{office.people['max'][1]}", None),
        ("PUT", f"{other}/password", {"password": "another password"}),
    ]:
        assert await office.code("ada", method, path, body) == "forbidden"
    assert await office.code("max", "GET", "/v1/me") == 200


async def test_an_administrator_who_is_one_no_more_is_refused(office: Office) -> None:
    command(office.process, "user", "demote", "max")
    path = f"/v1/admin/accounts/{office.id('ben')}/disable"
    assert await office.code("max", "POST", path) == "forbidden"
    assert await office.code("ben", "GET", "/v1/me") == 200


async def test_accounts_are_searched_and_paged(office: Office) -> None:
    async def names(query: str) -> list[str]:
        answer = await office.ask("ada", "GET", f"/v1/admin/accounts?{query}")
        return [one["name"] for one in answer.json()["items"]]

    assert await names("") == ["ada", "max", "ann", "ben"]
    assert await names("search=A") == ["ada", "max", "ann"]
    first = (await office.ask("ada", "GET", "/v1/admin/accounts?limit=3")).json()
    assert await names(f"after={first['next']}") == ["ben"]


async def test_invitations_are_made_listed_used_and_revoked(office: Office) -> None:
    path = "/v1/admin/invitations"
    made = [(await office.ask("ada", "POST", path, {"uses": 1})).json() for _ in range(3)]
    await office.process.stop()
    await office.process.start("--accounts-sign-up", "invitation")
    assert await office.code("ada", "DELETE", f"{path}/{made[0]['id']}") == 204
    listed = (await office.ask("ada", "GET", path)).json()["items"]
    assert {one["id"]: one["uses_left"] for one in listed} == {made[0]["id"]: 0, made[1]["id"]: 1, made[2]["id"]: 1}
    assert all(one["code"] not in str(listed) for one in made)
    for code, status in ((made[0]["code"], 403), (made[1]["code"], 201), (made[1]["code"], 403)):
        body = {"name": f"guest{status}", "password": PASSWORD, "invitation": code}
        assert (await office.place.request("POST", "/v1/accounts", json=body)).status_code == status


async def test_an_announcement_reaches_devices_that_are_there_and_those_that_load_afresh(
    process: ServerProcess, office: Office, crowd_of: "Crowd"
) -> None:
    clo = await crowd_of.person("clo")
    answer = await office.ask("ada", "POST", "/v1/admin/announcements", {"text": "tea [is] ready"})
    made = answer.json()["id"]

    def heard() -> list[str]:
        events = [one.event for one in clo.seen if isinstance(one.event, AccountEvent)]
        return [one.change.text for one in events if isinstance(one.change, Announced) and one.change.id == made]

    await clo.until(heard, "the announcement")
    assert heard() == ["tea [is] ready"]
    listed = await office.place.request("GET", "/v1/announcements", token=clo.token)
    assert [one["id"] for one in listed.json()["items"]] == [made]
    command(process, "announce", "from the operator")
    await clo.until(lambda: len({m for m in map(_announced, clo.seen) if m}) == 2, "the operator's announcement")


async def test_an_operator_sees_where_devices_are_connected(office: Office, crowd_of: "Crowd") -> None:
    clo = await crowd_of.person("clo")
    path = f"/v1/admin/accounts/{clo.account}/devices"
    [device] = (await office.ask("ada", "GET", path)).json()["items"]
    assert device["id"] == clo.id
    assert device["node"].startswith("server-")
    assert device["since"] >= device["created_at"] - 1000
    other = await crowd_of.another(clo, connect=False)
    nodes = {one["id"]: one["node"] for one in (await office.ask("ada", "GET", path)).json()["items"]}
    assert nodes == {clo.id: device["node"], other.id: None}


async def test_the_operators_commands_work_beside_a_running_server(office: Office) -> None:
    code = command(office.process, "invite", "create", "--uses", "2").strip()
    assert len(code) == 22
    assert "2" in command(office.process, "invite", "list")
    assert "ben" in command(office.process, "user", "list", "--search", "B")
    command(office.process, "user", "revoke", "ben")
    command(office.process, "user", "promote", "ann")
    assert await office.code("ben", "GET", "/v1/me") == "revoked"
    said = command(office.process, "audit", "--last", "3")
    assert "operator" in said
    assert [act for actor, act, _ in await office.audit() if actor == "operator"][:3] == [
        "account.promote",
        "device.revoke_all",
        "invitation.create",
    ]


def _announced(seen: object) -> str:
    event = getattr(seen, "event", None)
    return event.change.id if isinstance(event, AccountEvent) and isinstance(event.change, Announced) else ""


def command(process: ServerProcess, *words: str) -> str:
    """Run a command of `chinwag` on the server's folder."""
    done = subprocess.run(
        [sys.executable, "-m", "chinwag.cli", *words, "--data-path", str(process.data)],
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


@pytest.fixture
async def crowd_of(office: Office):  # type: ignore[no-untyped-def]
    """More people on the office's server."""
    people = Crowd(office.process)
    yield people
    await people.leave()
