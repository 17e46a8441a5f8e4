"""`chinwag cluster snapshot`: copies of all tables on Cassandra's nodes, in the order in which they may be of several
moments.

A row is written after all that it speaks of: a mark after the state that has its number, a state after its events, an
inbox's after its entries. So whatever speaks of others is copied first, on every node: what a state of the copies
speaks of is in them. What lies above it is void in the epoch that begins with a restore, and is taken back then where
that could not be seen (`adapters/cassandra/taken_back.py`). Of a mark it could not: so no mark of the copies is above
its state.
"""

from collections.abc import Callable
from typing import Final

from chinwag.adapters.cassandra import Database
from chinwag.adapters.cassandra.erasures import Erasures
from chinwag.adapters.cassandra.schema import TABLES
from chinwag.adapters.cassandra.stream_tables import TABLES as STREAM_TABLES
from chinwag.assembly.cluster.erase_nodes import wanted
from chinwag.assembly.cluster.nodetool import Nodetool
from chinwag.assembly.cluster.opened_streams import open_rows
from chinwag.config import Config

_EARLIER: Final = (("marks", "steps", "inbox_checkpoints", "inbox_state"), ("states",))
_MADE_AGAIN: Final = ("companions",)
PHASES: Final = (
    *_EARLIER,
    tuple(
        table
        for table in (*TABLES, *STREAM_TABLES)
        if table not in {each for some in (*_EARLIER, _MADE_AGAIN) for each in some}
    ),
)
"""The tables that are copied together, in order. Not among them is what is made from the others where it is missing: of
another moment than the states, it would be wrong for good."""


async def snapshot_nodes(config: Config, name: str, tool: Nodetool, say: Callable[[str], None]) -> list[str]:
    """Copy all tables on all nodes of the ring; the names of the snapshots, of which each has some of the tables. say:
    what is done now. Raises a `Told`, and `Refused`: what was copied before that stays, under those names."""
    rows = await open_rows(config)
    try:
        nodes = wanted(await Erasures(Database(rows.driver)).nodes(), tool, ())
    finally:
        await rows.driver.close()
    made = []
    for number, tables in enumerate(PHASES, 1):
        made.append(f"{name}-{number}")
        listed = ",".join(f"{config.cassandra.keyspace}.{table}" for table in tables)
        for node in nodes:
            say(f"{node.host}: {', '.join(tables)}")
            await tool.run(node.host, "snapshot", "-t", made[-1], "-kt", listed)
    return made
