"""Which nodes of Cassandra are late with erasing, for `chinwag status`."""

from chinwag.adapters.cassandra.database import Database
from chinwag.adapters.cassandra.erasures import Erasures
from chinwag.assembly.cluster.erased_by_nodes import overdue
from chinwag.assembly.cluster.opened import EngineAwayError
from chinwag.assembly.cluster.opened_streams import open_rows
from chinwag.config import Config
from chinwag.domain.refusal import Refused
from chinwag.flow.clock import system_clock


async def late_nodes(config: Config) -> tuple[str, ...] | None:
    """Their hosts; None if Cassandra cannot be asked now. Raises `SchemaError` and other `Told`."""
    try:
        rows = await open_rows(config)
        try:
            erasures = Erasures(Database(rows.driver))
            nodes, begun = await erasures.nodes(), await erasures.begun()
        finally:
            await rows.driver.close()
    except (EngineAwayError, Refused):
        return None
    return tuple(node.host for node in overdue(nodes, begun, system_clock(), config.erasure.days))
