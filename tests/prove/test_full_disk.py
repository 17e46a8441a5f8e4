"""A full disk takes nothing and gives all that it has: writes are refused, whatever can be read is served (P12)."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from prove.faults.disk import Disk, NoDiskError, small_disk
from prove.process import ServerProcess
from tests.support.device import Device, texts
from tests.support.machine import without
from tests.support.people import PASSWORD, Crowd

from chinwag.domain.ids import ClientId
from chinwag.wire.frames import Ack, Error, Send
from chinwag.wire.values import Text


@pytest.fixture
async def on_small_disk(tmp_path: Path) -> AsyncIterator[tuple[ServerProcess, Crowd, Disk]]:
    """A server on a disk of its own, with people."""
    try:
        async with small_disk(tmp_path / "data") as disk:
            server = ServerProcess(disk.folder, command=disk.command)
            people = Crowd(server)
            try:
                await server.start()
                yield server, people, disk
            finally:
                await people.leave()
                server.end()
                print(server.log())
    except NoDiskError as missing:
        without(missing)


async def _refused(sender: Device, reader: Device, times: int) -> None:
    """Send until so many are refused because the store is away."""
    refused = 0
    for turn in range(400):
        answer = await sender.ask(Send(ClientId(f"full-{turn}"), Text("x" * 20_000), to=reader.account))
        if isinstance(answer, Error):
            assert (answer.code, answer.retryable) == ("unavailable", True), answer
            refused += 1
            if refused == times:
                return
    raise AssertionError("a full disk took 400 messages")


async def _say(sender: Device, reader: Device, text: str) -> Ack:
    """Somebody says something, again and again while it is refused as something that passes, and it arrives."""
    while True:
        answer = await sender.ask(Send(ClientId(text), Text(text), to=reader.account))
        if isinstance(answer, Ack):
            await reader.until(lambda: text in texts(reader), text)
            return answer
        assert isinstance(answer, Error)
        assert answer.retryable, answer
        await asyncio.sleep(0.05)


async def _readiness(server: ServerProcess) -> tuple[int, dict[str, str]]:
    """Its status, and the causes of the checks that fail."""
    async with httpx2.AsyncClient(base_url=server.observe, trust_env=False) as operator:
        answer = await operator.get("/readyz")
    return answer.status_code, {one["name"]: one["cause"] for one in answer.json()["checks"] if not one["passed"]}


async def test_a_full_disk_refuses_and_heals_while_people_stay_connected(
    on_small_disk: tuple[ServerProcess, Crowd, Disk],
) -> None:
    server, people, disk = on_small_disk
    anna, ben = await people.people("anna", "ben")
    before = await _say(anna, ben, "before")
    async with disk.full():
        await _refused(anna, ben, 3)
    after = await _say(anna, ben, "after")
    assert after.number > before.number
    assert server.starts == 1
    renamed = await anna.place.request("PATCH", "/v1/me", token=anna.token, json={"display_name": "Anna"})
    assert renamed.status_code == 200, renamed.text
    assert (await people.person("carl")).account


async def test_on_a_full_disk_what_is_there_is_read_and_readiness_says_so(
    on_small_disk: tuple[ServerProcess, Crowd, Disk],
) -> None:
    server, people, disk = on_small_disk
    anna, ben = await people.people("anna", "ben")
    first = await _say(anna, ben, "before")
    assert await _readiness(server) == (200, {})
    async with disk.full():
        # Reads go on also after the store has tried to take writes again.
        for times in (1, 2):
            await _refused(anna, ben, times)
            await server.logged("the store takes nothing for now")
            assert await _readiness(server) == (503, {"store": "unavailable"})
            for path, holds in (
                ("/v1/conversations", str(first.conversation)),
                (f"/v1/conversations/{first.conversation}", str(first.conversation)),
                (f"/v1/conversations/{first.conversation}/messages", "before"),
                (f"/v1/sync?after={anna.epoch}.0", "before"),
                ("/v1/me", anna.name),
            ):
                page = await anna.place.request("GET", path, token=anna.token)
                assert (page.status_code, holds in page.text) == (200, True), (path, page.text)
            # Who comes again is welcome, and who comes for the first time loads all that there is.
            await ben.disconnect()
            await ben.connect()
            assert ben.welcome is not None, ben.byes
            await ben.load_again()
        # What writes is refused with a code that says to try again, in the directory as well.
        for method, path, body in (
            ("PATCH", "/v1/me", {"display_name": "Anna"}),
            ("POST", "/v1/accounts", {"name": "carlotta", "password": PASSWORD}),
            ("POST", f"/v1/conversations/{first.conversation}/messages", {"body": {"type": "text", "text": "full"}}),
        ):
            answer = await anna.place.request(method, path, token=anna.token, json=body)
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable"), (path, answer.text)
    await _say(ben, anna, "after")
    assert await _readiness(server) == (200, {})
    assert server.starts == 1
