"""PostgreSQL and NATS of one run, each to be killed, stopped and started again at its place."""

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from chinwag.engines import Nats, Place, Postgres, fetch
from chinwag.engines.errors import EngineError, StillEndingError
from chinwag.engines.process import LOOK_SECONDS, Running, lives, wait_until
from chinwag.engines.programs import cache_folder

HOST: Final = "127.0.0.1"
GONE_SECONDS: Final = 30.0
SETTINGS: Final = {"max_connections": "300"}
"""Of PostgreSQL, for nine processes."""


class Engine:
    """One of them. Its port and its password stay the same over all its lives."""

    def __init__(self, kind: Postgres | Nats, port: int, password: str) -> None:
        self.port = port
        self.password = password
        self._kind = kind
        self._running: Running | None = None

    @property
    def name(self) -> str:
        """Its own, for people."""
        return self._kind.name

    async def start(self) -> None:
        """Start it, and wait until it is ready. Raises `EngineError`."""
        await asyncio.to_thread(self._start)

    async def stop(self) -> None:
        """End it in good order."""
        if self._running is not None:
            await asyncio.to_thread(self._kind.stop, self._running)

    async def kill(self) -> None:
        """kill -9 of its first process, and wait until that is gone; what it has begun besides ends by itself."""
        assert self._running is not None, f"{self.name} was not started"
        os.kill(self._running.pid, signal.SIGKILL)
        running = self._running
        if not await asyncio.to_thread(wait_until, lambda: not lives(running), GONE_SECONDS):
            raise EngineError(f"{self.name} does not die")

    def freeze(self) -> None:
        """Stop its first process where it stands, until `thaw`. NATS then answers nobody; of PostgreSQL only new
        connections wait."""
        assert self._running is not None, f"{self.name} was not started"
        os.kill(self._running.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on, if it lives."""
        if self._running is not None and lives(self._running):
            os.kill(self._running.pid, signal.SIGCONT)

    def _start(self) -> None:
        while True:
            one = self._running = self._kind.launch(HOST, self.port, self.password)
            try:
                self._kind.wait(one)
            except StillEndingError:
                wait_until(lambda: False, LOOK_SECONDS)
            else:
                self.port = one.port
                return


class ProofEngines:
    """Both. PostgreSQL syncs as it does for people."""

    def __init__(self, postgres: Engine, nats: Engine) -> None:
        self.postgres = postgres
        self.nats = nats

    @classmethod
    @contextlib.asynccontextmanager
    async def running(cls) -> AsyncIterator["ProofEngines"]:
        """Both, ready, in a folder of their own that is gone afterwards. Raises `EngineError`."""
        # Not in the run's folder: root's engines run as another user, who may not enter that.
        home = Path(tempfile.mkdtemp(prefix="chinwag-engines-"))
        try:
            place, programs = Place.make(home), await asyncio.to_thread(fetch, cache_folder(), print)
            database = Postgres(programs.postgres, place, settings=SETTINGS)
            both = cls(
                Engine(database, free_port(), secrets.token_urlsafe(24)),
                Engine(Nats(programs.nats, place), free_port(), secrets.token_urlsafe(24)),
            )
            try:
                await asyncio.gather(both.postgres.start(), both.nats.start())
                yield both
            finally:
                for engine in (both.nats, both.postgres):
                    engine.thaw()
                    await engine.stop()
        finally:
            shutil.rmtree(home, ignore_errors=True)

    @property
    def bus(self) -> str:
        """NATS's address, with its password."""
        return f"nats://chinwag:{self.nats.password}@{HOST}:{self.nats.port}"

    @property
    def nats_password(self) -> str:
        """What opens NATS."""
        return self.nats.password


def free_port() -> int:
    """A port of this machine that nothing uses."""
    import socket

    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
