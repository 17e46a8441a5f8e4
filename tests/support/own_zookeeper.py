"""ZooKeeper servers of one file of tests alone, one or three, which may be killed, stopped and begun again."""

import os
import shutil
import signal
import socket
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from chinwag.engines import Place
from chinwag.engines.jars import CASSANDRA, ZOOKEEPER, fetch_jars, java
from chinwag.engines.process import Running, lives, wait_until
from chinwag.engines.zookeeper import Peer, ZooKeeper, asked

HOST: Final = "127.0.0.1"
SESSION_MOST_MILLISECONDS: Final = 120_000
"""The longest session that a client of a test may ask for; by default a server cuts it to twenty ticks, ten seconds."""


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

    def __init__(self, servers: list[OwnZooKeeper], secure_ports: Sequence[int] = ()) -> None:
        self.servers = servers
        self.secure_hosts = tuple(f"{HOST}:{port}" for port in secure_ports)
        """The same for those that encrypt, if there is a certificate."""
        self.hosts = tuple(f"{HOST}:{server.port}" for server in servers)

    def begin(self) -> None:
        """Start all, and wait until they serve."""
        for server in self.servers:
            server.launch()
        for server in self.servers:
            server.wait()


@contextmanager
def own_zookeeper(
    count: int = 1,
    certificate: Path | None = None,
    prepare: Callable[[int, Place, Path], None] | None = None,
) -> Iterator[OwnEnsemble]:
    """So many servers at work, gone afterwards. certificate: a PEM file of it and its key, which everybody may read, to
    serve by TLS as well, at ports besides. prepare: given the number of each and a folder for its journal, which is not
    there yet, before it starts."""
    program, jars = java(), fetch_jars("ZooKeeper", ZOOKEEPER, lambda _: None)
    ports = _free_ports(4 * count)
    peers = [Peer(HOST, ports.pop(), ports.pop()) for _ in range(count)] if count > 1 else []
    home = Path(tempfile.mkdtemp(prefix="chinwag-zookeeper-"))  # not the test's: root's engines run as another user
    place = Place.make(home)
    secure_ports: list[int] = []
    settings = [{"maxSessionTimeout": str(SESSION_MOST_MILLISECONDS)} for _ in range(count)]
    if prepare is not None:
        for number, one in enumerate(settings, 1):
            one["dataLogDir"] = str(home / f"journal-{number}")
    if certificate is not None:
        jars = _with_netty(jars, home / "jars")
        secure_ports = [ports.pop() for _ in range(count)]
        settings = [one | _encrypting(port, certificate) for one, port in zip(settings, secure_ports, strict=True)]
    ensemble = OwnEnsemble(
        [
            OwnZooKeeper(ZooKeeper(program, jars, place, number=number, peers=peers, settings=more), ports.pop())
            for number, more in enumerate(settings, 1)
        ],
        secure_ports,
    )
    with ExitStack() as ending:
        ending.callback(shutil.rmtree, home, ignore_errors=True)
        for number, server in enumerate(ensemble.servers, 1):
            if prepare is not None:
                prepare(number, place, home / f"journal-{number}")
            server.launch()
            ending.callback(server.kill)
        for server in ensemble.servers:
            server.wait()
        yield ensemble


def _with_netty(jars: Path, folder: Path) -> Path:
    """The same jars, and those that it encrypts with, which trials do without: Cassandra has them."""
    folder.mkdir(mode=0o755)
    others = fetch_jars("Cassandra", CASSANDRA, lambda _: None)
    for jar in (*jars.glob("*.jar"), *others.glob("netty-*.jar")):
        (folder / jar.name).symlink_to(jar)
    return folder


def _encrypting(port: int, certificate: Path) -> dict[str, str]:
    return {
        "secureClientPort": str(port),
        "secureClientPortAddress": HOST,
        "serverCnxnFactory": "org.apache.zookeeper.server.NettyServerCnxnFactory",
        "ssl.keyStore.location": str(certificate),
        "ssl.keyStore.type": "PEM",
        "ssl.clientAuth": "none",
    }


def _free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind((HOST, 0))
        return [probe.getsockname()[1] for probe in probes]
