"""One process of the workbench, as the server sees it: started, asked, and ended whatever it does."""

import asyncio
import contextlib
import os
import signal
import sys
from typing import Final

import msgspec

from chinwag.domain.refusal import Code, Refused
from chinwag.workbench.messages import LINE_BYTES, Bounds, Done, Job

_BOOT: Final = "import sys; sys.path[:] = sys.argv[2:]; from chinwag.workbench.main import main; main(sys.argv[1])"
"""It looks for modules where the server does, and nowhere else: it has no environment to be told by."""
END_SECONDS: Final = 10.0


class Bench:
    """Begun by `begin`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.done = 0

    @classmethod
    async def begin(cls, bounds: Bounds) -> "Bench":
        """Start one. Raises `Refused(UNAVAILABLE)`."""
        places = [place for place in sys.path if place]
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-c", _BOOT, msgspec.json.encode(bounds).decode(), *places),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                cwd="/",
                env={},
                start_new_session=True,
                limit=LINE_BYTES,
            )
        except OSError as error:
            raise Refused(Code.UNAVAILABLE, "no process for media can be started", 5.0) from error
        return cls(process)

    @property
    def pid(self) -> int:
        return self._process.pid

    async def ask(self, job: Job) -> Done | None:
        """Its answer; None if it died over the job, or said what it cannot say. Then it is of no more use."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self.done += 1
        try:
            self._process.stdin.write(msgspec.json.encode(job) + b"\n")
            await self._process.stdin.drain()
            return msgspec.json.decode(await self._process.stdout.readline(), type=Done)
        except (OSError, ValueError, msgspec.MsgspecError):
            return None

    async def end(self) -> None:
        """It and the programs that it has started are gone on return."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        async with asyncio.timeout(END_SECONDS):
            await self._process.wait()
