"""ZooKeeper servers of one file of tests alone, one or three, which may be killed, stopped and begun again."""

import os
import shutil
import signal
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from chinwag.engines import Place
from chinwag.engines.jars import ZOOKEEPER, fetch_jars, java
from chinwag.engines.process import Running, lives, wait_until
from chinwag.engines.zookeeper import Peer, ZooKeeper, asked

HOST: Final = "127.0.0.1"


class OwnZooKeeper:
    """One server, begun by `own_zookeeper`."""

    def __init__(self, engine: ZooKeeper, port: int) -> None:
        self._engine = engine
        self._running: Running
        self.port: Final = port

    def launch(self) -> None:
        """Start it."""
        self._running = self._engine.launch(HOST, self.port)

    def wait(self) -> None:
        """Wait until it serves."""
        self._engine.wait(self._running)

    def begin(self) -> None:
        """Start it, and wait until it serves."""
        self.launch()
        self.wait()

    @property
    def leads(self) -> bool:
        """Whether it is the leader of several."""
        return "Mode: leader" in asked(HOST, self.port, "srvr")

    def pause(self) -> None:
        """Let it stand still until `go_on`."""
        os.kill(self._running.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it run on."""
        os.kill(self._running.pid, signal.SIGCONT)

    def kill(self) -> None:
        """End it as a crash does, if it lives."""
        if lives(self._running):
            os.kill(self._running.pid, signal.SIGKILL)
            assert wait_until(lambda: not lives(self._running), 30.0)


class OwnEnsemble:
    """All servers that belong together. hosts: their addresses, as clients are told them."""

    def __init__(self, servers: list[OwnZooKeeper]) -> None:
        self.servers = servers
        self.hosts = tuple(f"{HOST}:{server.port}" for server in servers)

    def begin(self) -> None:
        """Start all, and wait until they serve."""
        for server in self.servers:
            server.launch()
        for server in self.servers:
            server.wait()


@contextmanager
def own_zookeeper(count: int = 1) -> Iterator[OwnEnsemble]:
    """So many servers at work, gone afterwards."""
    program, jars = java(), fetch_jars("ZooKeeper", ZOOKEEPER, lambda _: None)
    ports = _free_ports(3 * count)
    peers = [Peer(HOST, ports.pop(), ports.pop()) for _ in range(count)] if count > 1 else []
    home = Path(tempfile.mkdtemp(prefix="chinwag-zookeeper-"))  # not the test's: root's engines run as another user
    place = Place.make(home)
    ensemble = OwnEnsemble(
        [
            OwnZooKeeper(ZooKeeper(program, jars, place, number=number, peers=peers), ports.pop())
            for number in range(1, count + 1)
        ]
    )
    with ExitStack() as ending:
        ending.callback(shutil.rmtree, home, ignore_errors=True)
        for server in ensemble.servers:
            server.launch()
            ending.callback(server.kill)
        for server in ensemble.servers:
            server.wait()
        yield ensemble


def _free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind((HOST, 0))
        return [probe.getsockname()[1] for probe in probes]
