"""Every script that needs no server at hand, on the postgres profile: clients say and hear the same there.

Over sockets: what else transports do is in the process, and is not asked twice.
"""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from prove.process import ServerProcess
from tests.conversations.conftest import POLLS, ended_well
from tests.conversations.notation import Script
from tests.conversations.scripts import SCRIPTS
from tests.conversations.test_conversations import play
from tests.support.clusters import new_cluster
from tests.support.keeper import Urls
from tests.support.places import Sockets
from tests.support.quick_server import COMMAND


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def clustered_process(
    tmp_path_factory: pytest.TempPathFactory, engine_urls: Urls
) -> AsyncIterator[ServerProcess]:
    """One process with every role, for all scripts."""
    async with new_cluster(tmp_path_factory.mktemp("conversations"), engine_urls) as cluster:
        await cluster.init()
        process = ServerProcess(cluster.data, *POLLS, command=COMMAND, environment=cluster.environment)
        await process.start()
        yield process
        await ended_well(process)


@pytest.mark.parametrize("told", [one for one in SCRIPTS if not one.at_hand], ids=lambda one: one.name)
@pytest.mark.asyncio(loop_scope="session")
async def test_over_sockets(told: Script, clustered_process: ServerProcess) -> None:
    await play(told, Sockets(clustered_process))
