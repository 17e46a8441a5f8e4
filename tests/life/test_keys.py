"""`chinwag keys rotate` changes keys under a running server: nobody is logged out, and with `--leaked` everybody."""

import asyncio
from functools import partial
from pathlib import Path

from tests.life.commands import chinwag
from tests.support.people import Crowd, log_in_device


async def test_rotating_logs_nobody_out(crowd: Crowd, tmp_path: Path) -> None:
    ann = await crowd.person("ann")
    keys = crowd.process.data / "keys"
    before = set(keys.glob("access-*.pem"))
    ran = await chinwag("keys", "rotate", "--data-path", crowd.process.data, folder=tmp_path)
    assert ran.code == 0, ran.said
    new = set(keys.glob("access-*.pem")) - before
    assert len(new) == 1
    assert new.pop().stat().st_mode & 0o777 == 0o600
    answer = await ann.place.request("GET", "/v1/me", token=ann.token)
    assert answer.status_code == 200, answer.text
    assert "keys.rotate" in (await chinwag("audit", "--data-path", crowd.process.data, folder=tmp_path)).out


async def test_after_a_leak_nobody_stays_connected_and_no_old_token_is_good(crowd: Crowd, tmp_path: Path) -> None:
    """By socket, stream and request, in a server that runs on."""
    ann, bob = await crowd.people("ann", "bob")
    thief = await crowd.another(ann, connect=False)
    place = ann.place
    streaming = asyncio.create_task(place.request("GET", "/v1/events", token=thief.token))
    keys = crowd.process.data / "keys"
    before = {path.name: path.read_bytes() for path in keys.iterdir()}
    ran = await chinwag("keys", "rotate", "--leaked", "--data-path", crowd.process.data, folder=tmp_path)
    assert ran.code == 0, ran.said
    after = {path.name: path.read_bytes() for path in keys.iterdir()}
    assert len(after) == 2
    assert not set(before.values()) & set(after.values())
    for device in (ann, bob):
        await device.until(partial(bool, device.byes), "a goodbye")
        assert [bye.code for bye in device.byes] == ["unauthenticated"]
    ended = await streaming
    assert "unauthenticated" in ended.text
    for device in (ann, bob, thief):
        answer = await place.request("GET", "/v1/me", token=device.token)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    again = await log_in_device(place, ann.name)
    assert (await place.request("GET", "/v1/me", token=again.token)).status_code == 200
    assert "keys.replace" in (await chinwag("audit", "--data-path", crowd.process.data, folder=tmp_path)).out


async def test_a_key_of_pushes_is_rotated_by_itself(crowd: Crowd, tmp_path: Path) -> None:
    keys = crowd.process.data / "keys"
    before = {path.name for path in keys.iterdir()}
    for count in (1, 2):
        ran = await chinwag("keys", "rotate", "--push", "--data-path", crowd.process.data, folder=tmp_path)
        assert ran.code == 0, ran.said
        new = sorted(keys.glob("push-*.pem"))
        assert len(new) == count
        assert all(path.stat().st_mode & 0o777 == 0o600 for path in new)
    assert {path.name for path in keys.iterdir()} - {path.name for path in new} == before
    assert "keys.rotate_push" in (await chinwag("audit", "--data-path", crowd.process.data, folder=tmp_path)).out
    ran = await chinwag("keys", "rotate", "--push", "--leaked", "--data-path", crowd.process.data, folder=tmp_path)
    assert ran.code != 0
