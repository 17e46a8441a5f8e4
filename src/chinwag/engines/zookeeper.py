"""A ZooKeeper server as a process, alone or one of several: configured, started, seen to be ready, ended."""

import os
import signal
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from chinwag.engines import process
from chinwag.engines.place import Place
from chinwag.engines.process import Running
from chinwag.lasting import new_folder, whole_file

READY_SECONDS: Final = 60.0
END_SECONDS: Final = 30.0
TICK_MILLISECONDS: Final = 500
"""The unit of its time-outs: a session is gone at most one tick after its end."""
SESSION_LEAST: Final = 2
"""Ticks of the shortest session that a client may ask for."""
_FLAGS: Final = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx128m", "-Xss256k")
_PROPERTIES: Final = (
    # the journal's files are made at full length, which is 64 MB else, for some kilobytes
    "-Dzookeeper.preAllocSize=1024",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.log.org.apache.zookeeper.server.quorum.QuorumPeerMain=info",
)


class Peer(msgspec.Struct, frozen=True):
    """Where the others reach one server of several."""

    host: str
    port: int
    election_port: int


class ZooKeeper:
    """A server in `place`. program: the command that runs Java, and the folder with the jars.

    number: its own, from 1, among `peers`; alone without any. settings: more of zoo.cfg.
    """

    name: Final = "ZooKeeper"

    def __init__(
        self,
        java: str,
        jars: Path,
        place: Place,
        *,
        number: int = 1,
        peers: Sequence[Peer] = (),
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self._command = [java, *_FLAGS, *_PROPERTIES, "-cp", f"{jars}/*"]
        self._place = place
        self._number = number
        self._peers = peers
        self._settings = dict(settings or {})
        self._home = place.folder / f"zookeeper-{number}"
        self.log = place.folder / f"zookeeper-{number}.log"

    def launch(self, host: str, port: int) -> Running:
        """Start it. Raises `EngineError`."""
        main = "org.apache.zookeeper.server.quorum.QuorumPeerMain"
        command = [*self._command, main, str(self._configure(host, port))]
        return process.launch(command, self.log, self._place, dict(os.environ), host, port)

    def wait(self, one: Running) -> None:
        """Return when it serves, which one of several does once most of them live.

        Raises `EngineError`, and `PortTakenError` if something else has its port.
        """
        process.wait_until_ready(
            self.name,
            one,
            lambda: self._serves(one),
            READY_SECONDS,
            self.log,
            taken="Address already in use",
            flag="`port`",
        )

    def stop(self, one: Running) -> None:
        """End it. Raises `EngineError`."""
        process.stop(self.name, one, signal.SIGTERM, END_SECONDS)

    def _serves(self, one: Running) -> bool:
        # the folder shows that the one which answers is ours
        return f"dataDir={self._home}/" in asked(one.host, one.port, "conf") and "Mode:" in asked(
            one.host, one.port, "srvr"
        )

    def _configure(self, host: str, port: int) -> Path:
        if not self._home.is_dir():
            self._place.hand_over(new_folder(self._home))
            with whole_file(self._home / "myid") as file:
                file.write(str(self._number).encode())
            self._place.hand_over(self._home / "myid")
        words = {
            "dataDir": str(self._home),
            "clientPort": str(port),
            "clientPortAddress": host,
            "tickTime": str(TICK_MILLISECONDS),
            "minSessionTimeout": str(SESSION_LEAST * TICK_MILLISECONDS),
            "initLimit": "20",
            "syncLimit": "4",
            "maxClientCnxns": "1000",
            "4lw.commands.whitelist": "srvr,conf",
            "admin.enableServer": "false",
            "autopurge.snapRetainCount": "3",
            "autopurge.purgeInterval": "1",
            **{
                f"server.{number}": f"{peer.host}:{peer.port}:{peer.election_port}"
                for number, peer in enumerate(self._peers, 1)
            },
            **self._settings,
        }
        path = self._home / "zoo.cfg"
        with whole_file(path, replace=True) as file:
            file.write("".join(f"{name}={value}\n" for name, value in words.items()).encode())
        return self._place.hand_over(path)


def asked(host: str, port: int, word: str) -> str:
    """What the server there says to one of its four-letter words; empty if it does not answer."""
    try:
        with socket.create_connection((host, port), timeout=1.0) as connection:
            connection.sendall(word.encode())
            with connection.makefile("rb") as answer:
                return answer.read(64 * 1024).decode(errors="replace")
    except OSError:
        return ""
