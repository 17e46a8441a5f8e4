"""A server that is stopped for a while, as by a machine that swaps or a virtual one that is moved."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator

from prove.process import ServerProcess


@contextlib.asynccontextmanager
async def stopped(server: ServerProcess) -> AsyncIterator[None]:
    """SIGSTOP, and on leaving SIGCONT. The process answers nobody inside the block; connections stay."""
    os.kill(server.pid, signal.SIGSTOP)
    # It has stopped when this returns; that it has is not taken from whoever waits for its end.
    os.waitid(os.P_PID, server.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)  # noqa: ASYNC222 - it does so at once
    try:
        yield
    finally:
        cont(server)


async def paused_for(server: ServerProcess, seconds: float) -> None:
    """Stop the server for that long."""
    async with stopped(server):
        await asyncio.sleep(seconds)


def cont(server: ServerProcess) -> None:
    """SIGCONT, if it still lives: also for one that stopped itself at a fail point."""
    if server.running:
        os.kill(server.pid, signal.SIGCONT)
