"""A real server process on a data folder: started, hurt, stopped, killed and started again."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import httpx2

START_SECONDS: Final = 120.0
STOP_SECONDS: Final = 90.0

_started: Final[list["subprocess.Popen[bytes]"]] = []


def end_left() -> list[str]:
    """End the servers that this program has started and not ended; how each of those was called."""
    left = [one for one in _started if one.poll() is None]
    for one in left:
        one.kill()
        one.wait()
    return [str(one.args) for one in left]


class DidNotStartError(AssertionError):
    """The server ended before it was ready. code: its exit code, -9 if a fail point (or somebody) killed it."""

    def __init__(self, code: int, log: str) -> None:
        super().__init__(f"the server did not start, it ended with {code}:\n{log}")
        self.code = code


class ServerProcess:
    """`chinwag serve` on `data`. Ports are chosen by the system at each start; whoever connects asks for `url`."""

    def __init__(
        self,
        data: Path,
        *flags: str,
        command: tuple[str, ...] = (),
        environment: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        port: int = 0,
    ) -> None:
        """flags: settings besides. command: what to run instead of this interpreter's `chinwag`, before `serve`.
        environment: variables besides, which may be changed between starts. cwd: the folder beside `data` if None.
        port: of the public port; 0: the system's choice.
        """
        self.data = data
        self.flags = flags
        self.environment = dict(environment or {})
        self.url = ""
        self.observe = ""
        self.starts = 0
        self.died_at: float | None = None
        """When the process ended last, on the monotonic clock, as far as this one noticed."""
        self.recovery = 0.0
        """Seconds from the last end to the last `ready`; 0 at the first start."""
        self._command = command or (sys.executable, "-m", "chinwag.cli")
        self._port = str(port)
        self._cwd = cwd if cwd is not None else data.parent
        self._log_path = data.parent / f"{data.name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._lines: list[bytes] = []
        self._line = asyncio.Event()
        self._ended: asyncio.Task[int]

    @property
    def pid(self) -> int:
        """The process's id."""
        assert self._process is not None, "the server was not started"
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    async def start(self, *flags: str) -> None:
        """Start and wait until it says that it is ready. Raises `DidNotStartError` with its log if it ends instead."""
        assert not self.running
        reading, writing = os.pipe()
        loop = asyncio.get_running_loop()
        lines = asyncio.StreamReader(limit=1 << 24)
        transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), os.fdopen(reading))
        own = ("--data-path", self.data, "--server-port", self._port, "--observe-port", "0", "--log-format", "json")
        environment = {key: value for key, value in os.environ.items() if not key.startswith("CHINWAG_")}
        self._process = subprocess.Popen(  # noqa: ASYNC220 - returns at once
            [*self._command, "serve", *map(str, own), *self.flags, *flags],
            stdin=subprocess.DEVNULL,
            stdout=writing,
            stderr=writing,
            cwd=self._cwd,
            env=environment | self.environment,
        )
        os.close(writing)
        _started[:] = [*(one for one in _started if one.poll() is None), self._process]
        self.starts += 1
        self._lines.clear()
        ready = loop.create_future()
        self._ended = asyncio.create_task(self._watch(self._process, lines, transport, ready))
        async with asyncio.timeout(START_SECONDS):
            await ready
        if self.died_at is not None:
            self.recovery = time.monotonic() - self.died_at

    async def ended(self) -> int:
        """Wait, for ever, until the process has ended, by itself (at a fail point, say) or not; its exit code."""
        return await asyncio.shield(self._ended)

    async def exited(self) -> int:
        """Wait for the process to end by itself, not for ever; its exit code."""
        async with asyncio.timeout(STOP_SECONDS):
            return await self.ended()

    def terminate(self) -> None:
        """Send SIGTERM."""
        os.kill(self.pid, signal.SIGTERM)

    async def stop(self) -> int:
        """SIGTERM, and wait; the exit code."""
        self.terminate()
        return await self.exited()

    def freeze(self) -> None:
        """SIGSTOP: it answers nobody, and connections stay, until it is sent SIGCONT."""
        os.kill(self.pid, signal.SIGSTOP)

    async def kill(self) -> None:
        """kill -9, and wait until it is gone."""
        os.kill(self.pid, signal.SIGKILL)
        await self.exited()

    def end(self) -> None:
        """Leave no process behind."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def log(self) -> str:
        """All that it has written, over all starts."""
        return self._log_path.read_text() if self._log_path.exists() else ""

    async def logged(self, text: str) -> None:
        """Wait until a line of the log since the last start holds `text`."""
        async with asyncio.timeout(START_SECONDS):
            while not any(text.encode() in line for line in self._lines):
                self._line.clear()
                await self._line.wait()

    def has_logged(self, text: str) -> bool:
        """Whether a line of the log since the last start holds `text`."""
        return any(text.encode() in line for line in self._lines)

    async def figure(self, name: str) -> float:
        """One figure of `/metrics`, by its name there."""
        async with httpx2.AsyncClient() as client:
            text = (await client.get(f"{self.observe}/metrics")).text
        return float(next(line for line in text.splitlines() if line.split(" ")[0] == name).split(" ")[1])

    async def _watch(
        self,
        process: subprocess.Popen[bytes],
        lines: asyncio.StreamReader,
        transport: asyncio.BaseTransport,
        ready: "asyncio.Future[None]",
    ) -> int:
        """Read what the process says until its end; its exit code."""
        with self._log_path.open("ab", buffering=0) as log:
            while line := await lines.readline():
                log.write(line)
                self._lines.append(line)
                self._line.set()
                if not ready.done() and b'"event":"ready"' in line:
                    said = json.loads(line)
                    self.url, self.observe = said.get("url", ""), said["observe"]  # not all roles have a public port
                    ready.set_result(None)
        # It alone held the other end of the pipe: it is gone, or as good as.
        transport.close()
        code = await asyncio.to_thread(process.wait)
        self.died_at = time.monotonic()
        if not ready.done():
            with contextlib.suppress(asyncio.InvalidStateError):
                ready.set_exception(DidNotStartError(code, self.log()))
        return code
