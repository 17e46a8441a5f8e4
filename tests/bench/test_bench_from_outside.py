"""`chinwag bench` against a real server: what it finds, what it leaves behind, whom it refuses to load."""

import asyncio
import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from prove.process import ServerProcess
from tests.life.commands import BOUND, chinwag
from tests.support import quick_server

from chinwag.load.visit import WORKS

pytestmark = pytest.mark.measuring

FIGURES = {
    "B1.p50_ms",
    "B1.p99_ms",
    "B2.messages_s",
    "B2.p50_ms",
    "B2.p99_ms",
    "B3.deliveries_s",
    "B3.p99_ms",
    "B4.connects_s",
    "B5.events_s",
    "B5.live_p99_ms",
}
SMALL = ("--people", "6", "--seconds", "0.5", "--sessions", "12", "--json")
NO_LIMITS = ("--limits-sends-per-second", "100000", "--limits-sends-burst", "1000000")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    """One that hashes passwords cheaply, and all else by default."""
    process = ServerProcess(tmp_path / "data", command=quick_server.COMMAND)
    yield process
    process.end()
    print(process.log())


async def test_a_server_with_its_limits_is_measured_within_them_and_left_as_it_was(
    server: ServerProcess, tmp_path: Path
) -> None:
    await server.start()
    ran = await chinwag("bench", "--url", server.url, *SMALL, folder=tmp_path)
    assert ran.code == 0, ran.said
    results = {each["id"]: each for each in json.loads(ran.out)["results"]}
    assert set(results) == FIGURES
    assert not [each for each in results.values() if each["value"] <= 0]
    assert results["B2.messages_s"]["limited"]
    assert not results["B1.p50_ms"]["limited"]
    assert "--limits-sends-per-second" in ran.err, "it says which limits held it back"
    assert all(f"{work}:" in ran.err for work in WORKS), "progress is told"
    people = await chinwag("user", "list", "--data-path", server.data, folder=tmp_path)
    assert people.out.count("closed") == 6, people.said
    assert "left behind" not in ran.err


async def test_accounts_are_kept_and_used_again(server: ServerProcess, tmp_path: Path) -> None:
    await server.start(*NO_LIMITS)
    kept = tmp_path / "people.jsonl"
    first = await chinwag("bench", "B1", "--url", server.url, *SMALL, "--keep", kept, folder=tmp_path)
    assert first.code == 0, first.said
    assert kept.stat().st_mode & 0o777 == 0o600
    assert len(kept.read_text().splitlines()) == 6
    again = ("bench", "B2", "B3", "B5", "--url", server.url, *SMALL, "--accounts", kept)
    second = await chinwag(*again, folder=tmp_path)
    assert second.code == 0, second.said
    results = {each["id"]: each for each in json.loads(second.out)["results"]}
    assert not results["B2.messages_s"]["limited"]
    assert "--limits-sends-per-second" not in second.err
    people = await chinwag("user", "list", "--data-path", server.data, folder=tmp_path)
    assert "closed" not in people.out, "who was there before is not closed"


async def test_a_server_that_takes_nobody_is_told_how_to(server: ServerProcess, tmp_path: Path) -> None:
    await server.start("--accounts-sign-up", "closed")
    ran = await chinwag("bench", "--url", server.url, *SMALL, folder=tmp_path)
    assert ran.code == 1
    assert "--accounts FILE" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--url", "http://192.0.2.1:8420"), "--i-may-load-this-server"),
        (("--url", "http://chat.example.org"), "--i-may-load-this-server"),
        (("--url", "chat.example.org"), "Is http://chat.example.org meant?"),
        (("--url", "http://127.0.0.1:9"), "Is a server running there?"),
        (("--sessions", "100000"), "more --people"),
        (("B8",), "no such work: B8"),
    ],
)
async def test_what_cannot_be_measured_is_refused_in_words(
    arguments: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    ran = await chinwag("bench", *arguments, folder=tmp_path)
    assert ran.code == 1
    assert said in ran.err.replace("\n", " ")
    assert "Traceback" not in ran.err


async def test_interrupted_it_clears_up_all_the_same(server: ServerProcess, tmp_path: Path) -> None:
    await server.start()
    command = (sys.executable, "-m", "chinwag.cli", "bench", "B1", "--url", server.url, "--people", "6")
    process = await asyncio.create_subprocess_exec(
        *command, "--seconds", "60", stderr=asyncio.subprocess.PIPE, cwd=tmp_path
    )
    assert process.stderr is not None
    async with asyncio.timeout(BOUND):
        while b"B1:" not in await process.stderr.readline():
            pass
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 130
    people = await chinwag("user", "list", "--data-path", server.data, folder=tmp_path)
    assert people.out.count("closed") == 6, people.said
