"""The engines that the cassandra profile needs besides, for trials: ZooKeeper, NATS with streams, and Cassandra; one of
each, or several that belong together."""

import contextlib
import os
import secrets
import signal
import socket
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from chinwag.engines import process
from chinwag.engines.cassandra import Cassandra, Ring, hosts_of
from chinwag.engines.errors import EngineError
from chinwag.engines.jars import CASSANDRA, ZOOKEEPER, fetch_jars, java
from chinwag.engines.nats import USER, Nats, streams_in
from chinwag.engines.place import Place
from chinwag.engines.process import Running
from chinwag.engines.zookeeper import Peer, ZooKeeper

HOST: Final = "127.0.0.1"
GONE_SECONDS: Final = 30.0
STREAMS_BYTES: Final = 8 << 30
"""What each NATS server may keep."""
KINDS: Final = ("zookeeper", "nats", "cassandra")


class WideStanding(msgspec.Struct, frozen=True):
    """Where one listens, its process, and its log. url: of NATS, with its password; monitor: of NATS, too."""

    name: str
    host: str
    port: int
    pid: int
    log: Path
    url: str = ""
    monitor: str = ""


_Kind = ZooKeeper | Nats | Cassandra


class _Node:
    """One server. key: `nats` or `nats-2`; launch: starts it, again at the same place."""

    def __init__(self, key: str, engine: _Kind, launch: Callable[[], Running]) -> None:
        self.key = key
        self.engine = engine
        self.launch = launch
        self.running: Running | None = None
        self.url = self.monitor = ""

    @property
    def lives(self) -> Running | None:
        """Its process, if there is one."""
        return self.running if self.running is not None and process.lives(self.running) else None


class WideEngines:
    """All of one folder. Blocks. What is kept there is found again by the next `up`.

    nodes: how many of each. The first of a kind is called `cassandra`, the next one `cassandra-2`, and so on.
    """

    def __init__(self, place: Place, nodes: int = 1) -> None:
        self._place = place
        self._count = nodes
        self._nodes: dict[str, _Node] = {}
        self._ending = False
        self._beginning = threading.Lock()

    def up(self, nats: Path, say: Callable[[str], None]) -> None:
        """Start all; return when they are ready. nats: the program of its server. Raises `EngineError`: `down` ends
        what was started."""
        self._see_count()
        command = java()
        jars = {
            "zookeeper": fetch_jars("ZooKeeper", ZOOKEEPER, say),
            "cassandra": fetch_jars("Cassandra", CASSANDRA, say),
        }
        for node in (*self._cassandra(command, jars["cassandra"]), *self._zookeeper(command, jars["zookeeper"])):
            self._nodes[node.key] = node
        for node in self._nats(nats):
            self._nodes[node.key] = node
        each = "" if self._count == 1 else f", {self._count} of each"
        say(f"starting ZooKeeper, NATS and Cassandra{each}")
        for node in self._nodes.values():
            node.running = node.launch()
        for kind in KINDS:
            ports = []
            for node in self._of(kind):
                assert node.running is not None
                node.engine.wait(node.running)
                ports.append(f"{node.running.host}:{node.running.port}")
            for node in self._of(kind):
                if isinstance(node.engine, Cassandra) and self._count > 1 and node.running is not None:
                    node.engine.found_others(node.running)
            say(f"{node.engine.name} is ready on {', '.join(ports)}")

    def down(self, say: Callable[[str], None]) -> None:
        """End what runs; the folder stays. All of a kind end side by side: the rest would look for one that is gone."""
        with self._beginning:
            self._ending = True
        for kind in reversed(KINDS):
            nodes = [node for node in self._of(kind) if node.lives is not None]
            for node in nodes:
                if (one := node.lives) is not None:
                    with contextlib.suppress(ProcessLookupError, PermissionError):
                        os.kill(one.pid, signal.SIGTERM)
            for node in nodes:
                if (one := node.lives) is not None:
                    node.engine.stop(one)
            if nodes:
                say(f"{nodes[0].engine.name} has ended")

    def standings(self) -> dict[str, WideStanding]:
        """Those that run, by their keys."""
        return {
            key: WideStanding(node.engine.name, one.host, one.port, one.pid, node.engine.log, node.url, node.monitor)
            for key, node in self._nodes.items()
            if (one := node.lives) is not None
        }

    def of(self, kind: str) -> list[WideStanding]:
        """Those of a kind that run, such as `nats`."""
        found = self.standings()
        return [found[node.key] for node in self._of(kind) if node.key in found]

    def kill(self, key: str) -> None:
        """End one as a crash does; return when it is gone."""
        one = self._nodes[key].lives
        if one is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(one.pid, signal.SIGKILL)
            process.wait_until(partial(_is_gone, one), GONE_SECONDS)

    def ended(self) -> list[str]:
        """The keys of those that were started and do not run."""
        return [key for key, node in self._nodes.items() if node.lives is None]

    def again(self, key: str) -> None:
        """Start one again that has ended, at the same place; return when it serves. Raises `EngineError`."""
        node = self._nodes[key]
        with self._beginning:
            if self._ending or node.lives is not None:
                return
            node.running = node.launch()
        node.engine.wait(node.running)

    def _of(self, kind: str) -> list[_Node]:
        keys = (_key(kind, number) for number in range(1, self._count + 1))
        return [self._nodes[key] for key in keys if key in self._nodes]

    def _see_count(self) -> None:
        """What lies there was made by so many, and fewer or more would not find one another."""
        found = len(list(self._place.folder.glob("cassandra-*/")))
        if found and found != self._count:
            raise EngineError(
                f"{self._place.folder} was begun with {found} nodes of each engine: say --nodes {found}, or name "
                "another folder"
            )

    def _zookeeper(self, command: str, jars: Path) -> list[_Node]:
        ports = iter(_free_ports(HOST, 3 * self._count))
        numbers = range(1, self._count + 1)
        peers = [Peer(HOST, next(ports), next(ports)) for _ in numbers] if self._count > 1 else []
        made = []
        for number in numbers:
            engine = ZooKeeper(command, jars, self._place, number=number, peers=peers)
            made.append(_Node(_key("zookeeper", number), engine, partial(engine.launch, HOST, next(ports))))
        return made

    def _cassandra(self, command: str, jars: Path) -> list[_Node]:
        # every node has the same ports, each at an address of its own
        port, between = _free_ports("", 2)
        hosts = tuple(hosts_of(self._count))
        _see_addresses(hosts)
        made = []
        for number in range(1, self._count + 1):
            engine = Cassandra(command, jars, self._place, Ring(hosts, between), number=number)
            made.append(_Node(_key("cassandra", number), engine, partial(engine.launch, port)))
        return made

    def _nats(self, program: Path) -> list[_Node]:
        password, between = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        ports, routes, monitors = (_free_ports(HOST, self._count) for _ in range(3))
        made = []
        for number, (port, route, monitor) in enumerate(zip(ports, routes, monitors, strict=True), 1):
            place = Place.make(self._place.folder / f"nats-{number}")
            settings = streams_in(place, STREAMS_BYTES) | {"http": f"{HOST}:{monitor}"}
            if self._count > 1:
                settings |= _together(number, between, route, routes)
            engine = Nats(program, place, settings=settings)
            node = _Node(_key("nats", number), engine, partial(engine.launch, HOST, port, password))
            node.url = f"nats://{USER}:{password}@{HOST}:{port}"
            node.monitor = f"http://{HOST}:{monitor}"
            made.append(node)
        return made


def _together(number: int, password: str, route: int, routes: Sequence[int]) -> dict[str, object]:
    """What makes a NATS server one of several. Its name stays the same: it is one of those that agree."""
    return {
        "server_name": f"nats-{number}",
        "cluster": {
            "name": "chinwag",
            "host": HOST,
            "port": route,
            "authorization": {"user": USER, "password": password},
            "routes": [f"nats://{USER}:{password}@{HOST}:{each}" for each in routes],
        },
    }


def _see_addresses(hosts: Sequence[str]) -> None:
    """Linux has all addresses that begin with 127; other systems have the first, and the others when told to."""
    for host in hosts:
        try:
            _free_ports(host, 1)
        except OSError as error:
            raise EngineError(
                f"this machine has no address {host} for a node of Cassandra ({error.strerror}): say --nodes 1"
            ) from error


def _key(kind: str, number: int) -> str:
    return kind if number == 1 else f"{kind}-{number}"


def _is_gone(one: Running) -> bool:
    return not process.lives(one)


def _free_ports(host: str, count: int) -> list[int]:
    """host: empty for ports that no address of this machine uses."""
    with contextlib.ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind((host, 0))
        return [probe.getsockname()[1] for probe in probes]
