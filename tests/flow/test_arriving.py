"""A client that has said hello may wait longer than one that has said nothing; one that goes ends its wait."""

import asyncio
from pathlib import Path

from tests.support.link import MemoryLink

from chinwag.assembly import open_server
from chinwag.config import Config
from chinwag.config.sections import Data, Observe
from chinwag.config.sections import Server as ServerSection
from chinwag.roles.gateway.turns import Turns
from chinwag.wire.codec import encode
from chinwag.wire.frames import Hello


class Never(Turns):
    """A queue whose turn never comes, as if those before had no end."""

    def __init__(self) -> None:
        super().__init__()
        self.joined = asyncio.Event()

    async def take(self, size: int) -> None:
        self.joined.set()
        await asyncio.get_running_loop().create_future()


async def test_hello_is_answered_late_when_many_wait_and_not_at_all_when_its_sender_has_gone(tmp_path: Path) -> None:
    server = await open_server(
        Config(data=Data(path=tmp_path / "data"), server=ServerSection(port=0), observe=Observe(port=0))
    )
    await server.start()
    try:
        gateway = server.gateway
        gateway.common.turns = turns = Never()
        link = MemoryLink.open(gateway, lambda _: None)
        session, rules = link.session, gateway.common.rules
        opened = session.deadline() - rules.hello_seconds
        link.send(encode(Hello(token="a.b.c")))
        async with asyncio.timeout(60):
            await turns.joined.wait()
            assert session.deadline() == opened + rules.idle_seconds
            link.cut()
            await gateway.common.tasks.settled()
        assert not len(gateway)
    finally:
        await server.stop()
