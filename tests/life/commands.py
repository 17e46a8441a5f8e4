"""Running `chinwag` as an operator does: a process of its own."""

import asyncio
import os
import sys
from pathlib import Path

import msgspec

BOUND = 60.0


class Ran(msgspec.Struct, frozen=True):
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """All of it."""
        return self.out + self.err


async def chinwag(*arguments: object, folder: Path, **variables: str) -> Ran:
    """Run one command in `folder`; a bounded time."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("CHINWAG_")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "chinwag.cli", *map(str, arguments)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=folder,
        env={**environment, **variables},
    )
    try:
        async with asyncio.timeout(BOUND):
            out, err = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise AssertionError(f"chinwag {' '.join(map(str, arguments))} did not end") from None
    assert process.returncode is not None
    return Ran(process.returncode, out.decode(), err.decode())
