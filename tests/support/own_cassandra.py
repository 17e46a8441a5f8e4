"""Cassandra nodes of one file of tests alone, one or three, which may be killed, stopped and begun again."""

import os
import shlex
import shutil
import signal
import socket
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from chinwag.engines import Place
from chinwag.engines.cassandra import Cassandra, Ring, hosts_of
from chinwag.engines.jars import CASSANDRA, fetch_jars, java
from chinwag.engines.process import Running, lives, wait_until

SETTINGS: Final = {
    # Tests kill processes, never the machine: what is with the system is safe.
    "commitlog_sync": "periodic",
    "commitlog_sync_period": "10000ms",
    # one that is stopped is told from one that is slow sooner than in ten seconds
    "request_timeout": "2000ms",
    "read_request_timeout": "1500ms",
    "write_request_timeout": "1500ms",
}


class OwnCassandra:
    """One node, begun by `own_cassandra`. home: the folder in which all nodes have theirs; between: the port at which
    nodes reach one another."""

    def __init__(self, engine: Cassandra, host: str, port: int, home: Path, between: int) -> None:
        self.home: Final = home
        self.between: Final = between
        self.engine: Final = engine
        self._running: Running
        self.host: Final = host
        self.port: Final = port

    def launch(self) -> None:
        """Start it."""
        self._running = self.engine.launch(self.port)

    def wait(self) -> None:
        """Wait until it takes statements."""
        self.engine.wait(self._running)

    def find_others(self) -> None:
        """Wait until it has found the rest of its ring."""
        self.engine.found_others(self._running)

    def begin(self) -> None:
        """Start it, and wait until it takes statements."""
        self.launch()
        self.wait()

    def pause(self) -> None:
        """Let it stand still until `go_on`."""
        os.kill(self._running.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it run on."""
        os.kill(self._running.pid, signal.SIGCONT)

    def stop(self) -> None:
        """End it, once all that it has is on disk."""
        self.engine.stop(self._running)

    def kill(self) -> None:
        """End it as a crash does, if it lives."""
        if lives(self._running):
            os.kill(self._running.pid, signal.SIGKILL)
            assert wait_until(lambda: not lives(self._running), 30.0)


@contextmanager
def own_cassandra(
    count: int = 1,
    spoilt: Mapping[int, Mapping[str, object]] | None = None,
    prepare: Callable[[int, Place, Path], None] = lambda _number, _place, _folder: None,
) -> Iterator[list[OwnCassandra]]:
    """So many nodes of one ring at work, gone afterwards. spoilt: settings of single nodes, by their numbers from 1.
    prepare: given the number of each and its folder, which is not there yet, before it starts."""
    others = spoilt or {}
    program, jars = java(), fetch_jars("Cassandra", CASSANDRA, lambda _: None)
    hosts = tuple(hosts_of(count))
    port, between, *tool_ports = _free_ports(2 + count)
    home = Path(tempfile.mkdtemp(prefix="chinwag-cassandra-"))  # not the test's: root's engines run as another user
    place = Place.make(home)
    ring = Ring(hosts, between)
    nodes = [
        OwnCassandra(
            Cassandra(
                program,
                jars,
                place,
                ring,
                number=number,
                settings=_settings(others.get(number, {})),
                tool_port=tool_ports[number - 1],
            ),
            host,
            port,
            home,
            between,
        )
        for number, host in enumerate(hosts, 1)
    ]
    with ExitStack() as ending:
        ending.callback(shutil.rmtree, home, ignore_errors=True)
        for number, node in enumerate(nodes, 1):
            prepare(number, place, home / f"cassandra-{number}")
            node.launch()
            ending.callback(node.kill)
        for node in nodes:
            node.wait()
        yield nodes


def one_more(
    home_of: OwnCassandra, number: int, seeds: Sequence[OwnCassandra], *, token: int = 0, instead_of: str = ""
) -> OwnCassandra:
    """A node more for the ring of `home_of`, as an operator adds it, not started yet: whoever starts it ends it.

    number: no other has had it. seeds: who it asks for the ring, itself not among them. It takes `token`, or what the
    one that was lost at the address `instead_of` had."""
    hosts = tuple(hosts_of(number))
    settings: dict[str, object] = {
        "auto_bootstrap": True,
        "initial_token": None if instead_of else str(token),
        "seed_provider": [
            {
                "class_name": "org.apache.cassandra.locator.SimpleSeedProvider",
                "parameters": [{"seeds": ",".join(f"{node.host}:{node.between}" for node in seeds)}],
            }
        ],
    }
    # As Cassandra has them by itself, but for the first, which is 30 s: for so long it waits for a seed's answer, and
    # once more until everybody sends it what is written.
    properties = ["-Dcassandra.ring_delay_ms=10000", "-Dcassandra.consistent.rangemovement=true"]
    if instead_of:
        properties.append(f"-Dcassandra.replace_address_first_boot={instead_of}:{home_of.between}")
    [tool_port] = _free_ports(1)
    engine = Cassandra(
        java(),
        fetch_jars("Cassandra", CASSANDRA, lambda _: None),
        Place.make(home_of.home),
        Ring(hosts, home_of.between),
        number=number,
        settings=SETTINGS | settings,
        tool_port=tool_port,
        properties=properties,
    )
    return OwnCassandra(engine, hosts[-1], home_of.port, home_of.home, home_of.between)


def nodetool(nodes: Sequence[OwnCassandra], folder: Path) -> str:
    """The command for nodetool, as an operator gives it: `{host}` stands for the node, as with ssh."""
    cases = "".join(f'{node.host}) shift; exec {shlex.join(node.engine.tool_command())} "$@";;\n' for node in nodes)
    program = folder / "nodetool.sh"
    program.write_text(f'#!/bin/sh\ncase "$1" in\n{cases}esac\nexit 1\n')
    program.chmod(0o755)
    return f"{shlex.quote(str(program))} {{host}}"


def _settings(others: Mapping[str, object]) -> dict[str, object]:
    """None in the place of one takes it away."""
    return {name: value for name, value in (SETTINGS | dict(others)).items() if value is not None}


def _free_ports(count: int) -> list[int]:
    """Ports that no address of this machine uses."""
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("", 0))
        return [probe.getsockname()[1] for probe in probes]
