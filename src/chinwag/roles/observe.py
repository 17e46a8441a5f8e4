"""The operators' port: `/metrics`, `/healthz` (the process lives) and `/readyz` (its checks pass).

A few lines over asyncio's own streams, apart from the public port's server, so that it answers when that is full.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec
import structlog
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, REGISTRY, CollectorRegistry, generate_latest

from chinwag.domain.refusal import Refused

REQUEST_BYTES: Final = 16 * 1024
REQUEST_SECONDS: Final = 5.0
CONNECTIONS: Final = 64

_REASONS: Final = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
_JSON: Final = "application/json"
_log = structlog.get_logger(__name__)


class Check(msgspec.Struct, frozen=True):
    """One condition of readiness. `probe` returns when it holds and raises when not; `seconds` bounds it.

    needed: whether the server is not ready without it. What it can do without is only reported.
    """

    name: str
    probe: Callable[[], Awaitable[None]]
    seconds: float = 2.0
    needed: bool = True


class CheckResult(msgspec.Struct, frozen=True):
    """What became of one check. `cause` names the kind of failure, never its details; `took_ms` in milliseconds.
    needed: whether `ready` rests on it."""

    name: str
    passed: bool
    took_ms: int
    cause: str = ""
    needed: bool = True


class Readiness(msgspec.Struct, frozen=True):
    """The answer of `/readyz`."""

    ready: bool
    checks: list[CheckResult]


class _Answer(msgspec.Struct, frozen=True):
    status: int
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"


class Observe:
    """Serves the operators' port from `start` to `stop`.

    At most 64 connections at once, one request each, within 5 s; more are closed unanswered. Each check runs at
    most once at a time, however many ask: one that outlasts its bound counts as failed until it has ended.
    """

    def __init__(
        self, host: str, port: int, checks: Sequence[Check] = (), registry: CollectorRegistry = REGISTRY
    ) -> None:
        self._host = host
        self._port = port
        self._checks = tuple(checks)
        if len({check.name for check in checks}) != len(self._checks):
            raise ValueError("two checks of one name")
        self._registry = registry
        self._running: dict[str, asyncio.Task[None]] = {}
        self._passed: dict[str, bool] = {}
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port listened on: after `start` the real one, also where 0 was asked for."""
        return self._port

    async def start(self) -> None:
        """Listen. Raises OSError if the address cannot be had."""
        self._server = await asyncio.start_server(self._accept, self._host, self._port, limit=REQUEST_BYTES)
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and end what is under way. Harmless when not started, or stopped already."""
        if self._server is None:
            return
        self._server.close()
        self._server = None
        ending = [*self._open, *self._running.values()]
        # a handler ends by its connection: asyncio 3.11 reports one that is cancelled as a failure
        for writer in self._open.values():
            writer.transport.abort()
        for task in self._running.values():
            task.cancel()
        if ending:
            await asyncio.wait(ending, timeout=REQUEST_SECONDS)

    async def readiness(self) -> Readiness:
        """Run all checks side by side."""
        results = await asyncio.gather(*(self._run(check) for check in self._checks))
        for result in results:
            if self._passed.get(result.name, True) != result.passed:
                say = _log.info if result.passed else _log.warning
                say("check passes again" if result.passed else "check fails", check=result.name, cause=result.cause)
            self._passed[result.name] = result.passed
        return Readiness(all(result.passed for result in results if result.needed), results)

    async def _run(self, check: Check) -> CheckResult:
        began = time.monotonic()
        task = self._running.get(check.name)
        if task is None:
            task = self._running[check.name] = asyncio.ensure_future(_probe(check))
            task.add_done_callback(lambda ended: self._ended(check, ended))
        # wait, unlike wait_for, does not hang on a probe that will not be cancelled
        await asyncio.wait([task], timeout=check.seconds)
        took_ms = round((time.monotonic() - began) * 1000)
        if not task.done() or task.cancelled():
            task.cancel()
            return CheckResult(check.name, False, took_ms, f"no answer within {check.seconds:g} s", check.needed)
        error = task.exception()
        if error is None:
            return CheckResult(check.name, True, took_ms, needed=check.needed)
        cause = str(error.code) if isinstance(error, Refused) else type(error).__name__
        return CheckResult(check.name, False, took_ms, cause, check.needed)

    def _ended(self, check: Check, task: asyncio.Task[None]) -> None:
        del self._running[check.name]
        if not task.cancelled():
            task.exception()  # seen, so that asyncio does not report it where nobody waits any more

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._open) >= CONNECTIONS:
            writer.transport.abort()
            return
        self._open[task] = writer
        try:
            async with asyncio.timeout(REQUEST_SECONDS + max((check.seconds for check in self._checks), default=0)):
                await self._converse(reader, writer)
            writer.close()
        except (OSError, TimeoutError):
            pass  # the other side went away, or does not read
        finally:
            del self._open[task]
            if not writer.is_closing():
                writer.transport.abort()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
        except TimeoutError:
            method, answer = "GET", _Answer(408)
        except asyncio.LimitOverrunError:
            method, answer = "GET", _Answer(431)
        except asyncio.IncompleteReadError:
            return
        else:
            method, answer = await self._answer(head)
        lines = [
            f"HTTP/1.1 {answer.status} {_REASONS[answer.status]}",
            f"Content-Type: {answer.content_type}",
            f"Content-Length: {len(answer.body)}",
            "Cache-Control: no-store",
            "X-Content-Type-Options: nosniff",
            "Connection: close",
        ]
        if answer.status == 405:
            lines.append("Allow: GET, HEAD")
        writer.write("\r\n".join([*lines, "", ""]).encode("ascii") + (b"" if method == "HEAD" else answer.body))
        await writer.drain()

    async def _answer(self, head: bytes) -> tuple[str, _Answer]:
        parts = head.split(b"\r\n", 1)[0].split(b" ")
        if len(parts) != 3 or not parts[2].startswith(b"HTTP/1."):
            return "GET", _Answer(400)
        method, path = parts[0].decode("latin-1"), parts[1].split(b"?", 1)[0]
        if path not in (b"/metrics", b"/healthz", b"/readyz"):
            return method, _Answer(404)
        if method not in ("GET", "HEAD"):
            return method, _Answer(405)
        try:
            return method, await self._document(path)
        except Exception:
            _log.exception("operators' page failed", path=path.decode("ascii"))
            return method, _Answer(500)

    async def _document(self, path: bytes) -> _Answer:
        if path == b"/metrics":
            return _Answer(200, generate_latest(self._registry), CONTENT_TYPE_PLAIN_0_0_4)
        if path == b"/healthz":
            return _Answer(200, b'{"alive":true}', _JSON)
        readiness = await self.readiness()
        return _Answer(200 if readiness.ready else 503, msgspec.json.encode(readiness), _JSON)


async def _probe(check: Check) -> None:
    await check.probe()
