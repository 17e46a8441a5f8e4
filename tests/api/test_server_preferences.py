"""Preferences: the account's own, on all its devices, whatever became of the membership."""

from typing import Any

from tests.support.people import Crowd

from chinwag.domain.account_change import PreferencesChanged
from chinwag.domain.preferences import Preferences
from chinwag.wire.values import AccountEvent


async def _ask(who: Any, method: str, path: str, body: object = None) -> Any:
    return await who.place.request(method, path, token=who.token, json=body)


def _told(device: Any) -> list[PreferencesChanged]:
    return [
        one.event.change
        for one in device.seen
        if isinstance(one.event, AccountEvent) and isinstance(one.event.change, PreferencesChanged)
    ]


async def _hears(device: Any, count: int) -> None:
    await device.until(lambda: len(_told(device)) >= count, "its changes")


async def test_all_own_devices_are_told_and_nobody_else(crowd: Crowd) -> None:
    ann, ben = await crowd.people("ann", "ben")
    other = await crowd.another(ann)
    made = await _ask(ann, "POST", "/v1/conversations", {"title": "Tea", "members": [ben.account]})
    group = made.json()["conversation"]
    address = f"/v1/conversations/{group}/preferences"
    none = {"muted_until": 0, "notify": "all", "pinned": False, "archived_at": 0, "unread": False, "every": False}
    first = (await _ask(ann, "GET", address)).json()
    assert first == {"conversation": group, "preferences": none, "version": 0}
    wanted = none | {"muted_until": 5, "notify": "mentions", "pinned": True}
    put = (await _ask(ann, "PUT", address, {"muted_until": 5, "notify": "mentions", "pinned": True})).json()
    assert put["preferences"] == wanted
    # The same again is no change; what is left out becomes its default.
    assert (await _ask(other, "PUT", address, wanted)).json() == put
    last = (await _ask(other, "PUT", address, {"archived_at": 1})).json()
    assert last["preferences"] == none | {"archived_at": 1}
    assert last["version"] > put["version"] > 0
    expected = [Preferences(5, "mentions", True), Preferences(archived_at=1)]
    for device in (ann, other):
        await _hears(device, len(expected))
        assert [one.preferences for one in _told(device)] == expected
        assert [one.version for one in _told(device)] == [put["version"], last["version"]]
    assert (await _ask(ann, "GET", "/v1/preferences")).json()["items"] == [last]
    assert (await _ask(ben, "GET", "/v1/preferences")).json()["items"] == []
    assert (await _ask(ben, "GET", address)).json()["preferences"] == none
    await ben.reach_head()
    assert _told(ben) == []


async def test_bad_ones_are_refused_and_change_nothing(crowd: Crowd) -> None:
    ann, ben, cyd = await crowd.people("ann", "ben", "cyd")
    made = await _ask(ann, "POST", "/v1/conversations", {"title": "Tea", "members": [ben.account]})
    address = f"/v1/conversations/{made.json()['conversation']}/preferences"
    for body in (
        *({"muted_until": number} for number in (-1, 1 << 53, 1 << 64, 1.5, "x", None)),
        *({"archived_at": number} for number in (-1, 1 << 53)),
        *({"notify": "some"}, {"unread": "yes"}, [], "x"),
    ):
        assert (await _ask(ann, "PUT", address, body)).status_code == 400, body
    assert (await _ask(ann, "GET", address)).json()["version"] == 0
    assert (await _ask(cyd, "PUT", address, {"pinned": True})).json()["code"] == "no_conversation"
    left = await _ask(ben, "POST", address.replace("preferences", "changes"), {"change": {"type": "leave"}})
    assert left.status_code < 300, left.text
    assert (await _ask(ben, "PUT", address, {"archived_at": 2})).is_success


async def test_pages_hold_each_once(crowd: Crowd) -> None:
    (ann,) = await crowd.people("ann")
    groups = []
    for number in range(5):
        made = await _ask(ann, "POST", "/v1/conversations", {"title": f"Group {number}"})
        groups.append(made.json()["conversation"])
        await _ask(ann, "PUT", f"/v1/conversations/{groups[-1]}/preferences", {"archived_at": number + 1})
    found, after = [], ""
    while True:
        page = (await _ask(ann, "GET", f"/v1/preferences?limit=2{after}")).json()
        found += page["items"]
        if page.get("next") is None:
            break
        after = f"&after={page['next']}"
    assert sorted(one["conversation"] for one in found) == sorted(groups)
