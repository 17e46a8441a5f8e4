"""Data of past versions, opened by this one: the same history, keys, cursors and log-ins.

One folder for each kept state; `python -m tools.make_kept_data COMMIT` adds one, `tools.make_kept_cassandra` what is of
a server on Cassandra.
"""

import hashlib
import json
import tarfile
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from prove.process import ServerProcess
from tests.kept.restored import begun_on_dump
from tests.kept.wide import begun_on_rows
from tests.life.commands import chinwag
from tests.support.clusters import new_cluster
from tests.support.keeper import Urls

_PARTS = {"data": "expected.json", "backup": "expected.json", "cluster": "cluster.json", "wide": "wide.json"}
STATES = sorted({path.parent for expected in _PARTS.values() for path in Path(__file__).parent.glob(f"*/{expected}")})
_LONG = {"wide": [pytest.mark.cluster_prove]}
"""What is in `make test` of these: `test_kept_rows.py`."""
CASES = [(state, part) for state in STATES for part, expected in _PARTS.items() if (state / expected).exists()]


def test_there_are_kept_states_of_each_kind() -> None:
    assert {part for _, part in CASES} == _PARTS.keys()


class Kept:
    """A server of this version on kept data, and what must be found in it."""

    def __init__(self, process: ServerProcess, expected: dict[str, Any]) -> None:
        self.expected = expected
        self.people = expected["people"]
        self._http = httpx2.AsyncClient(base_url=process.url, timeout=90)

    async def ask(
        self, method: str, path: str, token: str = "", body: object = None, key: str = "", **parameters: str
    ) -> Any:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= {"Idempotency-Key": key} if key else {}
        answer = await self._http.request(method, path, json=body, params=parameters, headers=headers)
        assert answer.status_code < 300, answer.text
        return answer.json()

    async def get(self, path: str, token: str) -> httpx2.Response:
        """Whatever the answer is."""
        return await self._http.get(path, headers={"Authorization": f"Bearer {token}"})

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


@pytest.fixture(
    params=[pytest.param(case, marks=_LONG.get(case[1], []), id="-".join((case[0].name, case[1]))) for case in CASES]
)
async def kept(request: pytest.FixtureRequest, tmp_path: Path, engine_urls: Urls) -> AsyncIterator[tuple[str, Kept]]:
    """The kept data folder itself, the one that the kept backup becomes, the database of the kept dump, and that with
    the kept rows of Cassandra."""
    state, part = request.param
    async with AsyncExitStack() as stack:
        if part == "cluster":
            process = await stack.enter_async_context(_of_dump(state, tmp_path, engine_urls))
        elif part == "wide":
            on_rows: AbstractAsyncContextManager[ServerProcess] = begun_on_rows(
                state, tmp_path, engine_urls, request.getfixturevalue("cassandra_port")
            )
            process = await stack.enter_async_context(on_rows)
        else:
            process = ServerProcess(await _data(state, part, tmp_path))
        await process.start()
        kept = Kept(process, json.loads((state / _PARTS[part]).read_text()))
        yield part, kept
        await kept.close()
        assert await process.stop() == 0
        process.end()


async def _data(state: Path, part: str, folder: Path) -> Path:
    data = _unpacked(state, part, folder)
    if part == "data":
        return data
    ran = await chinwag("restore", data, "--data-path", folder / "restored", folder=folder)
    assert ran.code == 0, ran.said
    return folder / "restored"


@asynccontextmanager
async def _of_dump(state: Path, folder: Path, engines: Urls) -> AsyncIterator[ServerProcess]:
    async with (
        new_cluster(folder, engines) as cluster,
        begun_on_dump(cluster, state / "cluster.dump", (state / "cluster.secret").read_bytes(), folder) as process,
    ):
        yield process


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
    if part != "data":
        assert (page["reset"], page["events"]) == ("epoch", [])
    else:
        assert page.get("reset") is None
        seen = [one["event"] for one in page["events"] if one["event"].get("conversation") == expected["group"]]
        numbers = [event["number"] for event in seen if "number" in event and event["kind"] == "message"]
        assert numbers == sorted(set(numbers))
        kept_events = expected["history"][expected["group"]]
        assert set(numbers) >= {event["number"] for event in kept_events if event["kind"] == "message"}
        assert expected["after_backup"] in numbers
    for device, view in zip(devices, expected.get("views", ()), strict="views" in expected):
        assert await server.ask("GET", f"/v1/conversations/{expected['group']}", device["access_token"]) == view
    for number, receipts in expected.get("receipts", {}).items():
        path = f"/v1/conversations/{expected['group']}/messages/{number}/receipts"
        assert await server.ask("GET", path, token) == receipts
    before = await server.history(expected["group"], token)
    # What was asked under these keys is done: nothing of it is done again.
    for command in expected.get("commands", ()):
        path = f"/v1/conversations/{expected['group']}{command['path']}"
        again = devices[command["by"]]["access_token"]
        answer = await server.ask(command["method"], path, again, command["body"], command["key"])
        assert answer["number"] == command["number"], command
    await _media_and_subscriptions(server, [one["access_token"] for one in devices], files=part in ("data", "backup"))
    said = {"body": {"type": "text", "text": "and on it goes"}}
    placed = await server.ask("POST", f"/v1/conversations/{expected['group']}/messages", token, said)
    after = await server.history(expected["group"], token)
    assert after[: len(before)] == before
    assert [event["number"] for event in after[len(before) :]] == [placed["number"]]
    pins = await server.ask("GET", f"/v1/conversations/{expected['group']}/pins", token)
    assert pins["messages"] == expected.get("pins", [])
    for wide, members in expected.get("members", {}).items():
        shown = await server.ask("GET", f"/v1/conversations/{wide}", token)
        assert shown["wide"] is True
        assert (await server.ask("GET", f"/v1/conversations/{wide}/members", token))["members"] == members


async def _media_and_subscriptions(server: Kept, tokens: list[str], *, files: bool) -> None:
    """Where there were any: files are what they were; what was deleted stays so; a browser that had subscribed still
    has. files: whether they were kept; a dump of a database holds none."""
    expected = server.expected
    for path, digest in expected.get("media", {}).items() if files else ():
        for token in tokens:
            answer = await server.get(path, token)
            assert hashlib.sha256(answer.content).hexdigest() == digest, path
    if "media_gone" in expected:
        assert (await server.get(expected["media_gone"], tokens[0])).json()["code"] == "message_deleted"
        found = await server.ask("GET", "/v1/push/subscription", tokens[expected["subscription"]["by"]])
        assert found == expected["subscription"]["told"]
