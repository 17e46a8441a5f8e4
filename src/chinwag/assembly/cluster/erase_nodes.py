"""`chinwag cluster erase`: takes what was overwritten or deleted out of the files of Cassandra's nodes, and notes that
it is done."""

import secrets
from collections.abc import Callable, Collection
from typing import Final

from chinwag.adapters.cassandra import Database, SchemaError
from chinwag.adapters.cassandra.driver import DriverError
from chinwag.adapters.cassandra.erasures import Erasures, RingNode
from chinwag.assembly.cluster.nodetool import Nodetool, NodetoolError
from chinwag.assembly.cluster.opened_streams import open_rows
from chinwag.config import Config
from chinwag.domain.refusal import Refused
from chinwag.flow.clock import DAY_MS, system_clock
from chinwag.life.doctor.finding import Finding, fail, ok, warn
from chinwag.told import Told

_PASSING: Final = "(one int PRIMARY KEY) WITH allow_auto_snapshot = false"


async def erase_nodes(
    config: Config, tool: Nodetool, hosts: Collection[str], say: Callable[[str], None]
) -> list[Finding]:
    """Erase on all nodes of the ring, or on those at `hosts`, one after the other; what came of it. say: what is done
    now. Raises a `Told`."""
    rows = await open_rows(config)
    try:
        erasures = Erasures(Database(rows.driver))
        nodes = wanted(await erasures.nodes(), tool, hosts)
        found: list[Finding] = []
        begun: dict[RingNode, int] = {}
        for node in nodes:
            at = system_clock()
            try:
                await _collect(tool, node, config.cassandra.keyspace, say)
            except NodetoolError as error:
                found.append(fail(_subject(node), str(error), "see to it, and run this again"))
            else:
                begun[node] = at
        if begun:
            # The log of what is in tables is given up once all of it is; a table that goes ends its latest file, on
            # every node.
            passing = f"{config.cassandra.keyspace}.erasing_{secrets.token_hex(4)}"
            say("ending the commit log's latest files")
            await rows.driver.define(f"CREATE TABLE {passing} {_PASSING}")
            await rows.driver.define(f"DROP TABLE {passing}")
        for node, at in begun.items():
            await erasures.note(node.id, at)
            found += await _beside(tool, node, config, at)
    except (DriverError, Refused) as error:
        raise SchemaError(f"Cassandra does not do what is asked: {error}. Run this again") from error
    else:
        return found
    finally:
        await rows.driver.close()


def wanted(nodes: Collection[RingNode], tool: Nodetool, hosts: Collection[str]) -> list[RingNode]:
    """Those at `hosts`, or all. Raises `NoNodeError`."""
    unknown = set(hosts) - {node.host for node in nodes}
    if unknown:
        there = ", ".join(node.host for node in nodes)
        raise NoNodeError(f"there is no node at {', '.join(sorted(unknown))}: the ring has {there}")
    wanted = [node for node in nodes if not hosts or node.host in hosts]
    if len(wanted) > 1 and not tool.for_any:
        raise NoNodeError("the command for nodetool is the same for each node: let {host} stand in it, or name --host")
    return wanted


class NoNodeError(Told):
    """What was named is no node of the ring."""


async def _collect(tool: Nodetool, node: RingNode, keyspace: str, say: Callable[[str], None]) -> None:
    if (answered := await tool.id_of(node.host)) != node.id:
        raise NodetoolError(f"nodetool for {node.host} leads to another node: {answered}, and not {node.id}")
    say(f"{node.host}: writing what is in memory to tables")
    await tool.run(node.host, "flush")
    say(f"{node.host}: writing the tables anew; this reads and writes all that the node has")
    await tool.run(node.host, "garbagecollect", "-g", "CELL", keyspace)


async def _beside(tool: Nodetool, node: RingNode, config: Config, at: int) -> list[Finding]:
    """What else a node may hold of what was erased: copies, and what waits for others."""
    found, late = [], at - config.erasure.days * DAY_MS
    try:
        copies = [one.name for one in await tool.snapshots(node.host, config.cassandra.keyspace) if one.made < late]
        hint = await tool.oldest_hint(node.host)
    except NodetoolError as error:
        return [warn(_subject(node), f"done; what it holds besides is not known: {error}", "look at its snapshots")]
    if copies:
        words = f"snapshots older than erasure.days hold what was erased: {', '.join(copies)}"
        found.append(fail(_subject(node), words, f"nodetool clearsnapshot -t {copies[0]}, on that node"))
    if hint is not None and hint < late:
        words = "hints for nodes that are away, older than erasure.days, hold what was erased"
        remedy = "bring those nodes back, or nodetool truncatehints on this one, and nodetool repair on those later"
        found.append(fail(_subject(node), words, remedy))
    return found or [ok(_subject(node), "what was erased before is in none of its files")]


def _subject(node: RingNode) -> str:
    return f"Cassandra, node {node.host}"
