"""One server for all attacks: what one leaves behind, the next would show."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from prove.process import ServerProcess
from tests.hostile.crowd import Town, settled

FLAGS = (
    "--server-trusted-proxies=127.0.0.1",  # so that attackers can come from many addresses
    "--server-connections-per-address=50",
    "--server-origins=https://embed.example.org,https://other.example.org:8443",
    "--server-public-url=https://public.example.org",
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    process = ServerProcess(tmp_path_factory.mktemp("hostile") / "data")
    try:
        made = await settled(process, *FLAGS)
        yield made
        await made.crowd.leave()
    finally:
        process.end()
