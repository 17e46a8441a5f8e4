"""One process of the demonstration: started, seen to be ready, started again when it dies, ended."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from chinwag.lasting import kept_log
from chinwag.told import Told

START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 30.0
AGAIN_SECONDS: Final = 1.0
"""From the death of a process to its next start."""
LINE_BYTES: Final = 1 << 24


class DemoProcessError(Told):
    """A process of the demonstration did not start; the message says where its log is."""


class DemoProcess:
    """`chinwag serve` with some roles. url, observe: where it listens, once it is ready; url is empty for roles that
    nobody connects to."""

    def __init__(
        self, name: str, roles: str, folder: Path, environment: Mapping[str, str], say: Callable[[str], None]
    ) -> None:
        self.name = name
        self.url = ""
        self.observe = ""
        self.begun = 0
        """How often it has been ready."""
        self._roles = roles
        self._environment = dict(environment)
        self._log = folder / f"{name}.log"
        self._say = say
        self._ready = asyncio.Event()
        self._ending = False
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int:
        """Of the process that runs now; 0 if none does."""
        return self._process.pid if self._process is not None and self._process.returncode is None else 0

    async def start(self) -> None:
        """Start it, and return when it is ready. Raises `DemoProcessError`."""
        self._task = asyncio.create_task(self._keep(), name=self.name)
        ready = asyncio.create_task(self._ready.wait())
        await asyncio.wait({ready, self._task}, timeout=START_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if not self._ready.is_set():
            ready.cancel()
            raise DemoProcessError(f"{self.name} did not start: its log is {self._log}")

    async def stop(self) -> None:
        """End it in good order, and by force where that takes too long."""
        self._ending = True
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(STOP_SECONDS):
                    await self._process.wait()
            except TimeoutError:
                self._process.kill()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _keep(self) -> None:
        while True:
            code = await self._run()
            if self._ending or not self._ready.is_set():
                return
            how = f"was ended by signal {-code}" if code < 0 else f"ended with {code}"
            self._say(f"{self.name} {how}; it is started again")
            await asyncio.sleep(AGAIN_SECONDS)

    async def _run(self) -> int:
        """One life."""
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "chinwag.cli", "serve", "--role", self._roles),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env=self._environment,
            limit=LINE_BYTES,
            # Ctrl-C in the terminal is for us alone: all of them at once would not be good order
            start_new_session=True,
        )
        process = self._process
        assert process.stderr is not None
        again = self._ready.is_set()
        with kept_log(self._log) as log:
            while line := await process.stderr.readline():
                log.write(line)
                log.flush()
                if b'"event":"ready"' in line:
                    said = json.loads(line)
                    self.url, self.observe = said.get("url", ""), said["observe"]
                    self.begun += 1
                    self._ready.set()
                    if again:
                        self._say(f"{self.name} is back (process {process.pid})")
        return await process.wait()


def clean_environment() -> dict[str, str]:
    """The environment, without settings of another server."""
    return {key: value for key, value in os.environ.items() if not key.startswith("CHINWAG_")}
