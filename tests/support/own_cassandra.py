"""Cassandra nodes of one file of tests alone, one or three, which may be killed, stopped and begun again."""

import os
import shutil
import signal
import socket
import tempfile
from collections.abc import Callable, Iterator, Mapping
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
    """One node, begun by `own_cassandra`. home: the folder in which all nodes have theirs."""

    def __init__(self, engine: Cassandra, host: str, port: int, home: Path) -> None:
        self.home: Final = home
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
