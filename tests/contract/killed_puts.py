"""Puts blobs as files and dies by SIGKILL before the n-th thing that it does with files, for each n until it gets
through: `python -m tests.contract.killed_puts FOLDER`. Each n has a folder of its own; what was said is printed."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from chinwag.adapters.files import FileMediaStore

CONTENTS: Final = [bytes([number]) * length for number, length in enumerate((10, 1_000_000, 0))]
MOST: Final = 200
_SEEN: Final = ("open", "os.rename", "os.mkdir", "os.remove", "fcntl.flock")


def main(folder: Path) -> None:
    """One line for each n: how that process ended, then what it said."""
    for moment in range(1, MOST):
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            os.dup2(writing, 1)
            asyncio.run(_put_and_die(folder / str(moment) / "media", moment))
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as said:
            words = said.read().split()
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(moment, status, *words, flush=True)
        if not status:
            return


async def _put_and_die(folder: Path, moment: int) -> None:
    store = FileMediaStore(folder)
    left = moment

    def seen(event: str, _words: object) -> None:
        nonlocal left
        if event in _SEEN:
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(seen)
    for content in CONTENTS:
        put = await store.put(_pieces(content))
        os.write(1, f"{put.hash} ".encode())
    os.write(1, b"deleting ")
    await store.delete(put.hash)
    os.write(1, b"deleted ")


async def _pieces(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), 300_000):
        yield content[start : start + 300_000]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
