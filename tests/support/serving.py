"""Processes of a cluster for tests, and what they say of themselves."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from prove.process import ServerProcess
from tests.support.clusters import Cluster
from tests.support.quick_server import COMMAND

PATIENCE = 90.0
"""Seconds after which a wait fails the test. Nothing is decided by them."""


@asynccontextmanager
async def serving(
    cluster: Cluster,
    name: str,
    *flags: str,
    environment: Mapping[str, str] | None = None,
    command: tuple[str, ...] = COMMAND,
) -> AsyncIterator[ServerProcess]:
    """A process of a cluster, with a log of its own. environment: variables besides. command: what is run."""
    own = cluster.environment | {"CHINWAG_CLUSTER_SECRET_FILE": str(cluster.data / "cluster.secret")}
    process = ServerProcess(cluster.folder / name, *flags, command=command, environment=own | dict(environment or {}))
    await process.start()
    try:
        yield process
    finally:
        process.end()


async def readiness(process: ServerProcess) -> tuple[int, Any]:
    """The status and the words of its `/readyz`."""
    async with httpx2.AsyncClient() as client:
        answer = await client.get(f"{process.observe}/readyz")
        return answer.status_code, json.loads(answer.text)


async def ready(process: ServerProcess) -> bool:
    """Whether it says that it is ready."""
    return (await readiness(process))[0] == 200


async def becomes(process: ServerProcess, wanted: bool) -> None:
    """Wait until it is ready, or no longer."""
    async with asyncio.timeout(PATIENCE):
        while await ready(process) is not wanted:
            pass
