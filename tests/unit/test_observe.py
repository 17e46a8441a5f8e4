"""The operators' port, over real sockets."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import msgspec
import pytest
from prometheus_client import CollectorRegistry, Counter

from chinwag.domain.refusal import Code, Refused
from chinwag.roles import observe
from chinwag.roles.observe import Check, Observe, Readiness


class Part:
    """A part of a server that can be told to fail, or to hang until it is let go."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.gate: asyncio.Event | None = None
        self.probes = 0

    async def probe(self) -> None:
        self.probes += 1
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error


@pytest.fixture
def part() -> Part:
    return Part()


@pytest.fixture
async def served(part: Part) -> AsyncIterator[Observe]:
    registry = CollectorRegistry()
    Counter("chinwag_accepted", "Sends accepted.", registry=registry).inc(3)
    served = Observe("127.0.0.1", 0, [Check("part", part.probe, seconds=0.05)], registry)
    await served.start()
    yield served
    await served.stop()


async def get(served: Observe, path: str, method: str = "GET") -> httpx2.Response:
    async with httpx2.AsyncClient(trust_env=False) as client:
        return await client.request(method, f"http://127.0.0.1:{served.port}{path}")


async def raw(served: Observe, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    try:
        writer.write(request)
        return await reader.read()
    finally:
        writer.close()


async def test_metrics_are_in_the_format_of_prometheus(served: Observe) -> None:
    answer = await get(served, "/metrics?x=1")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "chinwag_accepted_total 3.0" in answer.text


async def test_alive_even_when_not_ready(served: Observe, part: Part) -> None:
    part.error = RuntimeError("away")
    assert (await get(served, "/healthz")).json() == {"alive": True}
    assert part.probes == 0


async def test_what_the_server_can_do_without_is_only_reported(part: Part) -> None:
    part.error = RuntimeError("away")
    served = Observe("127.0.0.1", 0, [Check("part", part.probe, needed=False)])
    readiness = await served.readiness()
    assert readiness.ready
    assert [(check.passed, check.needed) for check in readiness.checks] == [(False, False)]


async def test_ready_only_while_every_check_passes(served: Observe, part: Part) -> None:
    assert (await get(served, "/readyz")).status_code == 200
    part.error = RuntimeError("details that are nobody's business")
    answer = await get(served, "/readyz")
    readiness = msgspec.json.decode(answer.content, type=Readiness)
    assert (answer.status_code, readiness.ready) == (503, False)
    assert [(check.name, check.passed, check.cause) for check in readiness.checks] == [("part", False, "RuntimeError")]
    assert "business" not in answer.text
    part.error = Refused(Code.UNAVAILABLE)
    assert (await served.readiness()).checks[0].cause == "unavailable"
    part.error = None
    assert (await get(served, "/readyz")).status_code == 200


async def test_a_check_that_hangs_fails_and_is_not_started_again_meanwhile(served: Observe, part: Part) -> None:
    part.gate = asyncio.Event()
    first, second = await asyncio.gather(served.readiness(), served.readiness())
    assert part.probes == 1
    assert not first.ready
    assert not second.ready
    assert first.checks[0].cause == "no answer within 0.05 s"
    part.gate.set()
    assert (await served.readiness()).ready


async def test_a_probe_that_will_not_be_cancelled_does_not_hold_up_the_answer() -> None:
    gate = asyncio.Event()

    async def stubborn() -> None:
        while not gate.is_set():
            try:
                await gate.wait()
            except asyncio.CancelledError:
                continue

    served = Observe("127.0.0.1", 0, [Check("stubborn", stubborn, seconds=0.01)])
    assert not (await served.readiness()).ready
    assert not (await served.readiness()).ready
    gate.set()
    assert (await served.readiness()).ready


async def test_no_checks_is_ready() -> None:
    assert await Observe("127.0.0.1", 0).readiness() == Readiness(True, [])


def test_two_checks_of_one_name_are_a_mistake(part: Part) -> None:
    with pytest.raises(ValueError, match="two checks"):
        Observe("127.0.0.1", 0, [Check("part", part.probe), Check("part", part.probe)])


async def test_other_paths_and_methods_are_refused(served: Observe) -> None:
    assert (await get(served, "/")).status_code == 404
    refused = await get(served, "/metrics", "POST")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")
    head = await get(served, "/healthz", "HEAD")
    assert (head.status_code, head.content) == (200, b"")


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"\r\n\r\n", b"400"),
        (b"\xff\x00 \x01\r\n\r\n", b"400"),
        (b"GET /healthz SPDY/9\r\n\r\n", b"400"),
        (b"GET /healthz HTTP/1.1\r\n" + b"x" * (observe.REQUEST_BYTES + 1), b"431"),
    ],
)
async def test_nonsense_gets_an_answer_and_harms_nobody(served: Observe, request_bytes: bytes, status: bytes) -> None:
    assert (await raw(served, request_bytes)).split(b" ")[1] == status
    assert (await get(served, "/healthz")).status_code == 200


async def test_a_request_that_never_ends_is_cut_off(served: Observe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observe, "REQUEST_SECONDS", 0.05)
    assert (await raw(served, b"GET /healthz HTTP/1.1\r\n")).startswith(b"HTTP/1.1 408 ")


async def test_connections_are_bounded_and_come_free_again(served: Observe) -> None:
    idle = [await asyncio.open_connection("127.0.0.1", served.port) for _ in range(observe.CONNECTIONS)]
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    assert await reader.read() == b""
    writer.close()
    for held, held_writer in idle:
        held_writer.write(b"GET /healthz HTTP/1.1\r\n\r\n")
        assert await held.read()
        held_writer.close()
    assert (await get(served, "/healthz")).status_code == 200


async def test_a_port_that_is_taken_is_an_error_at_start(served: Observe) -> None:
    with pytest.raises(OSError, match="in use"):
        await Observe("127.0.0.1", served.port).start()


async def test_stop_ends_what_is_open_and_may_be_said_twice(served: Observe) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    await get(served, "/healthz")  # answered after the open one was accepted
    await served.stop()
    await served.stop()
    assert await reader.read() == b""
    writer.close()
    with pytest.raises(ConnectionError):
        await asyncio.open_connection("127.0.0.1", served.port)
