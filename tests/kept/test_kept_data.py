"""Data of past versions, opened by this one: the same history, keys, cursors and log-ins.

One folder for each kept state; `tools/make_kept_data.py COMMIT` adds one.
"""

import json
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from prove.process import ServerProcess
from tests.life.commands import chinwag

STATES = sorted(path.parent for path in Path(__file__).parent.glob("*/expected.json"))


def test_there_are_kept_states() -> None:
    assert STATES


class Kept:
    """A server of this version on kept data, and what must be found in it."""

    def __init__(self, process: ServerProcess, expected: dict[str, Any]) -> None:
        self.expected = expected
        self.people = expected["people"]
        self._http = httpx2.AsyncClient(base_url=process.url, timeout=90)

    async def ask(self, method: str, path: str, token: str = "", body: object = None, **parameters: str) -> Any:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = await self._http.request(method, path, json=body, params=parameters, headers=headers)
        assert answer.status_code < 300, answer.text
        return answer.json()

    async def refreshed(self, person: dict[str, Any]) -> dict[str, Any]:
        """New tokens for a device that was logged in when the data were kept."""
        body = {"refresh_token": person["refresh_token"], "attempt": "kept attempt"}
        found: dict[str, Any] = await self.ask("POST", "/v1/sessions/refresh", body=body)
        return found

    async def history(self, conversation: str, token: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (
            await self.ask("GET", f"/v1/conversations/{conversation}/messages", token, limit="100")
        )["events"]
        return found

    async def close(self) -> None:
        await self._http.aclose()


def _unpacked(state: Path, part: str, into: Path) -> Path:
    with tarfile.open(state / f"{part}.tar.xz") as tar:
        tar.extractall(into, filter="tar")
    return into / part


@pytest.fixture(params=STATES, ids=lambda state: state.name)
def state(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


@pytest.fixture(params=["data", "backup"])
async def kept(request: pytest.FixtureRequest, state: Path, tmp_path: Path) -> AsyncIterator[tuple[str, Kept]]:
    """The kept data folder itself, and the one that the kept backup becomes."""
    data = _unpacked(state, request.param, tmp_path)
    if request.param == "backup":
        ran = await chinwag("restore", data, "--data-path", tmp_path / "restored", folder=tmp_path)
        assert ran.code == 0, ran.said
        data = tmp_path / "restored"
    process = ServerProcess(data)
    await process.start()
    kept = Kept(process, json.loads((state / "expected.json").read_text()))
    yield request.param, kept
    await kept.close()
    assert await process.stop() == 0
    process.end()


async def test_history_log_ins_and_cursors_are_what_they_were(kept: tuple[str, Kept]) -> None:
    part, server = kept
    expected = server.expected
    devices = [await server.refreshed(person) for person in server.people]
    for person, device in zip(server.people, devices, strict=True):
        assert device["device"] == person["device"]
        for field in ("id", "name", "display_name", "created_at"):
            assert device["account"][field] == person["account"][field]
        again = {"name": person["account"]["name"].upper(), "password": expected["password"]}
        entered = await server.ask("POST", "/v1/sessions", body=again)
        assert entered["account"]["id"] == person["account"]["id"]
    token = devices[0]["access_token"]
    for conversation, events in expected["history"].items():
        found = await server.history(conversation, token)
        assert found[: len(events)] == events
        assert len(found) == len(events) + (part == "data" and conversation == expected["group"])
    friends = await server.ask("GET", "/v1/friends", token)
    assert [one["user"]["id"] for one in friends["items"]] == [server.people[2]["account"]["id"]]
    # Lei's device comes back: to the data with the cursor that it had, to a restored server to load afresh.
    page = await server.ask("GET", "/v1/sync", devices[1]["access_token"], after=expected["begun"], limit="100")
    if part == "backup":
        assert (page["reset"], page["events"]) == ("epoch", [])
    else:
        assert page.get("reset") is None
        seen = [one["event"] for one in page["events"] if one["event"].get("conversation") == expected["group"]]
        numbers = [event["number"] for event in seen if "number" in event and event["kind"] == "message"]
        assert numbers == sorted(set(numbers))
        kept_events = expected["history"][expected["group"]]
        assert set(numbers) >= {event["number"] for event in kept_events if event["kind"] == "message"}
        assert expected["after_backup"] in numbers
    said = {"body": {"type": "text", "text": "and on it goes"}}
    placed = await server.ask("POST", f"/v1/conversations/{expected['group']}/messages", token, said)
    assert placed["number"] == len(await server.history(expected["group"], token))
