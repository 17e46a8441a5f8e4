"""Subscriptions over HTTP: what is taken, what is refused, and whose an address is."""

import base64
import os
from pathlib import Path
from typing import Any

import pytest
from tests.support.push_browser import PushBrowser, base64url

from chinwag.adapters.files import FileKeyStore
from chinwag.flow.push.keys import PushKeys
from chinwag.flow.push.subscriptions import Subscriptions
from chinwag.roles.api.push import push_routes

from .conftest import LoggedInDevice, Process, Start, Time

ENDPOINT = "https://push.example/some/one"
APPS = {"fcm": {"token": "a:b-c_d"}}
IPHONE = {"apns": {"token": "ab" * 32, "topic": "org.example.chat"}}


def web(browser: PushBrowser | None = None, **changes: Any) -> dict[str, Any]:
    """A subscription of a browser."""
    keys = browser or PushBrowser()
    given = {"endpoint": ENDPOINT, "p256dh": base64url(keys.p256dh), "auth": base64url(keys.auth)}
    return {"web": given | changes}


class World:
    def __init__(self, process: Process, keys: PushKeys) -> None:
        self.process = process
        self.keys = keys


@pytest.fixture
async def world(start: Start, time: Time, tmp_path: Path) -> World:
    keys = PushKeys(FileKeyStore(tmp_path / "push keys"), time)
    keys.begin()

    def routes(accounts: Any) -> Any:
        return push_routes(
            Subscriptions(
                accounts.directory,
                accounts.bus,
                time,
                keys,
                ["web", "fcm", "apns"],
                lambda url: "//push.example/" in url,
            )
        )

    return World(await start(more=routes), keys)


async def put(device: LoggedInDevice, body: object) -> Any:
    return await device.request("PUT", "/v1/push/subscription", body)


async def test_a_device_subscribes_looks_and_leaves(world: World, time: Time) -> None:
    ann = await world.process.person("ann")
    kinds = (await ann.request("GET", "/v1/push")).json()
    newest = world.keys.newest()
    assert newest is not None
    assert kinds == {"web": {"key": newest.public}, "fcm": True, "apns": True}
    assert len(base64.urlsafe_b64decode(newest.public + "=")) == 65
    assert (await ann.request("GET", "/v1/push/subscription")).status_code == 404
    assert (await ann.request("POST", "/v1/push/test")).status_code == 404
    answer = await put(ann, web())
    shown = {"kind": "web", "registered_at": time.now, "endpoint": ENDPOINT, "key": newest.public}
    assert (answer.status_code, answer.json()) == (200, shown)
    assert (await ann.request("GET", "/v1/push/subscription")).json() == shown
    assert (await ann.request("POST", "/v1/push/test")).status_code == 202
    for body, kind in ((APPS, "fcm"), (IPHONE, "apns")):
        assert (await put(ann, body)).json() == {"kind": kind, "registered_at": time.now}
    assert (await ann.request("DELETE", "/v1/push/subscription")).status_code == 204
    assert (await ann.request("DELETE", "/v1/push/subscription")).status_code == 204
    assert (await ann.request("GET", "/v1/push/subscription")).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {},
        {**web(), **APPS},
        web(endpoint=""),
        web(endpoint="push.example/x"),
        web(endpoint="ftp://push.example/x"),
        web(endpoint="https://elsewhere.example/x"),
        web(endpoint="https://push.example/" + "x" * 2_048),
        web(endpoint="https://push.example/a b"),
        web(endpoint="https://push.example/ä"),
        web(p256dh=""),
        web(p256dh=base64url(b"\4" + b"\1" * 64)),
        web(p256dh=base64url(PushBrowser().p256dh[:64])),
        web(p256dh=base64url(b"\2" + PushBrowser().p256dh[1:33])),
        web(p256dh="!" * 87),
        web(p256dh="A" * 100_000),
        web(auth=base64url(os.urandom(15))),
        web(auth=base64url(os.urandom(17))),
        web(key="A" * 87),
        {"fcm": {"token": ""}},
        {"fcm": {"token": "a b"}},
        {"fcm": {"token": "a" * 4_097}},
        {"apns": {"token": "zz" * 32, "topic": "org.example"}},
        {"apns": {"token": "ab" * 3, "topic": "org.example"}},
        {"apns": {"token": "ab" * 32, "topic": "org/example"}},
        {"apns": {"token": "ab" * 32, "topic": ""}},
    ],
)
async def test_what_is_no_address_is_refused_and_the_one_before_stays(world: World, body: dict[str, Any]) -> None:
    ann = await world.process.person("ann")
    assert (await put(ann, APPS)).status_code == 200
    answer = await put(ann, body)
    assert (answer.status_code, answer.json()["code"]) in ((422, "bad_subscription"), (413, "too_large"))
    assert (await ann.request("GET", "/v1/push/subscription")).json()["kind"] == "fcm"


async def test_nobody_takes_an_address_that_it_only_knows(world: World) -> None:
    ann, ben = await world.process.person("ann"), await world.process.person("ben")
    browser = PushBrowser()
    assert (await put(ann, web(browser))).status_code == 200
    assert (await put(ann, web(browser))).status_code == 200, "the same again"
    answer = await put(ben, web(PushBrowser()))
    assert (answer.status_code, answer.json()["code"]) == (409, "endpoint_taken")
    answer = await put(ben, web(browser, auth=base64url(os.urandom(16))))
    assert answer.json()["code"] == "endpoint_taken"
    assert (await ann.request("GET", "/v1/push/subscription")).status_code == 200
    assert (await put(ben, web(browser))).status_code == 200, "the same browser, in which somebody else has logged in"
    assert (await ann.request("GET", "/v1/push/subscription")).status_code == 404
    assert (await put(ann, web(PushBrowser(), endpoint=ENDPOINT + "2"))).status_code == 200


async def test_logging_out_ends_the_subscription(world: World) -> None:
    ann = await world.process.person("ann")
    assert (await put(ann, web())).status_code == 200
    assert (await ann.request("DELETE", "/v1/sessions/current")).status_code == 204
    async with world.process.accounts.directory.reading() as directory:
        assert not await directory.push_subscriptions.any()


async def test_a_browser_may_have_subscribed_with_an_older_key(world: World) -> None:
    ann = await world.process.person("ann")
    older = world.keys.newest()
    assert older is not None
    world.keys.rotate()
    newest = world.keys.newest()
    assert newest is not None
    assert newest != older
    assert (await put(ann, web(key=older.public))).json()["key"] == older.public
    assert (await put(ann, web())).json()["key"] == newest.public


async def test_settings_of_pushes_are_an_accounts_own(world: World) -> None:
    ann = await world.process.person("ann")
    night = {"from": "22:00", "to": "07:00", "zone": "Europe/Berlin", "mentions": False, "direct": True}
    answer = await ann.request("PATCH", "/v1/me/settings", {"push_preview": "sender", "quiet_hours": night})
    assert (answer.json()["push_preview"], answer.json()["quiet_hours"]) == ("sender", night)
    answer = await ann.request("PATCH", "/v1/me/settings", {"findable": False})
    assert answer.json()["quiet_hours"] == night
    answer = await ann.request("PATCH", "/v1/me/settings", {"quiet_hours": None, "push_preview": ""})
    assert (answer.json()["push_preview"], answer.json()["quiet_hours"]) == ("", None)
    for wrong in (
        {"quiet_hours": night | {"zone": "Nowhere"}},
        {"quiet_hours": night | {"to": "7"}},
        {"push_preview": "all"},
    ):
        answer = await ann.request("PATCH", "/v1/me/settings", wrong)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
