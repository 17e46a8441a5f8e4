"""The engines that the cassandra profile needs besides, for trials: a ZooKeeper server and a Cassandra node."""

import contextlib
import os
import signal
import socket
from collections.abc import Callable
from functools import partial
from typing import Final

import msgspec

from chinwag.engines import process
from chinwag.engines.cassandra import Cassandra, Ring, hosts_of
from chinwag.engines.jars import CASSANDRA, ZOOKEEPER, fetch_jars, java
from chinwag.engines.place import Place
from chinwag.engines.process import Running
from chinwag.engines.zookeeper import ZooKeeper

HOST: Final = "127.0.0.1"
GONE_SECONDS: Final = 30.0


class WideStanding(msgspec.Struct, frozen=True):
    """Where one listens, and its process."""

    name: str
    port: int
    pid: int


class WideEngines:
    """Both of one folder. Blocks. What is kept there is found again by the next `up`."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._running: list[tuple[ZooKeeper | Cassandra, Running]] = []

    def up(self, say: Callable[[str], None]) -> None:
        """Start both; return when they are ready. Raises `EngineError`: `down` ends what was started."""
        command = java()
        zookeeper = ZooKeeper(command, fetch_jars("ZooKeeper", ZOOKEEPER, say), self._place)
        jars = fetch_jars("Cassandra", CASSANDRA, say)
        first, second, third = _free_ports(3)
        cassandra = Cassandra(command, jars, self._place, Ring(tuple(hosts_of(1)), third))
        say("starting ZooKeeper and Cassandra")
        self._running.append((zookeeper, zookeeper.launch(HOST, first)))
        self._running.append((cassandra, cassandra.launch(second)))
        for engine, one in self._running:
            engine.wait(one)
            say(f"{engine.name} is ready on {one.host}:{one.port}")

    def down(self, say: Callable[[str], None]) -> None:
        """End what runs; the folder stays."""
        while self._running:
            engine, one = self._running.pop()
            if process.lives(one):
                engine.stop(one)
                say(f"{engine.name} has ended")

    def standings(self) -> dict[str, WideStanding]:
        """Those that run, by `zookeeper` and `cassandra`."""
        return {
            engine.name.lower(): WideStanding(engine.name, one.port, one.pid)
            for engine, one in self._running
            if process.lives(one)
        }

    def kill(self, key: str) -> None:
        """End one as a crash does; return when it is gone."""
        for engine, one in self._running:
            if engine.name.lower() == key and process.lives(one):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(one.pid, signal.SIGKILL)
                process.wait_until(partial(_is_gone, one), GONE_SECONDS)

    def again(self, key: str) -> None:
        """Start one again that was killed, at the same port. Raises `EngineError`."""
        for place, (engine, one) in enumerate(self._running):
            if engine.name.lower() == key:
                begun = engine.launch(one.host, one.port) if isinstance(engine, ZooKeeper) else engine.launch(one.port)
                self._running[place] = (engine, begun)
                engine.wait(begun)


def _is_gone(one: Running) -> bool:
    return not process.lives(one)


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind((HOST, 0))
        return [probe.getsockname()[1] for probe in probes]
