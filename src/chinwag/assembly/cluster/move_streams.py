"""`chinwag move` on the cassandra profile: opens what the messages leave and where they go to."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from chinwag.adapters.cassandra.filling import CassandraFilling
from chinwag.adapters.cassandra.inbox_rows import kept_seconds
from chinwag.adapters.postgres.leaving import Leaving
from chinwag.adapters.postgres.moving import MoveError
from chinwag.assembly.cluster.credentials import messages_url
from chinwag.assembly.cluster.opened import EngineAwayError, cluster_of
from chinwag.assembly.cluster.opened_streams import open_registry, open_rows
from chinwag.assembly.roles import ROLES
from chinwag.config import Config
from chinwag.life.backup import Telling
from chinwag.life.move.onward import UNTOLD, Onward, come_back, move_onward
from chinwag.told import Told


async def move_streams(config: Config, telling: Telling) -> dict[str, int]:
    """As `move_onward`. Raises a `Told`."""
    cluster = await cluster_of(config)
    telling.doing("opening the engines")
    async with AsyncExitStack() as opened:
        target = await opened.enter_async_context(_target(config))
        source = await Leaving.open(messages_url(config))
        opened.push_async_callback(source.close)

        async def idle() -> None:
            await _refuse_served(config, cluster)

        seconds = kept_seconds(config.inbox.kept_days)
        return await move_onward(Onward(source, target, idle, seconds), telling)


async def back_from_streams(config: Config, say: Callable[[str], None]) -> bool:
    """As `come_back`. say: takes a warning. Raises a `Told`."""
    cluster = await cluster_of(config)
    async with AsyncExitStack() as opened:
        source = await Leaving.open(messages_url(config))
        opened.push_async_callback(source.close)
        target = None
        try:
            target = await opened.enter_async_context(_target(config))
        except Told as away:
            say(f"{away}. {UNTOLD}")
        try:
            await _refuse_served(config, cluster)
        except EngineAwayError as away:
            say(f"{away}. See for yourself that no server runs there")
        return await come_back(source, target, say)


@asynccontextmanager
async def _target(config: Config) -> AsyncIterator[CassandraFilling]:
    rows = await open_rows(config, filling=True)
    where = ", ".join(config.cassandra.hosts)
    try:
        name = f"keyspace {config.cassandra.keyspace} of Cassandra at {where}"
        yield CassandraFilling(rows.driver, rows.inbox_partitions, name)
    finally:
        await rows.driver.close()


async def _refuse_served(config: Config, cluster: str) -> None:
    async with AsyncExitStack() as opened:
        registry = await open_registry(config, cluster, opened)
        for role in ROLES:
            if there := await registry.nodes(role):
                raise MoveError(f"{there[0].id} runs on the cassandra profile: stop all servers first")
