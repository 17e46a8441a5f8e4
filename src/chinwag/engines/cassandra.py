"""A Cassandra node as a process, alone or one of several: configured, started, seen to serve, ended.

It is small and quick to start, for trials and tests: a heap of 384 MB, and a ring whose tokens are given, so that
several nodes may start at once.
"""

import os
import signal
import socket
import struct
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from chinwag.engines import process
from chinwag.engines.errors import EngineError
from chinwag.engines.place import Place
from chinwag.engines.process import Running
from chinwag.lasting import new_folder, whole_file

READY_SECONDS: Final = 180.0
"""A start after a crash applies what the crash left in the commit log."""
END_SECONDS: Final = 60.0
TOOL_SECONDS: Final = 120.0
_TOKENS: Final = 1 << 64
_FRAME: Final = struct.Struct(">BBhBI")
"""The head of a frame of the native protocol, version 4: version, flags, stream, opcode, length of what follows."""
_STARTUP: Final = 0x01
_OPTIONS: Final = 0x05
_SUPPORTED: Final = 0x06
_QUERY: Final = 0x07
_RESULT: Final = 0x08
_FRAME_MOST: Final = 1 << 16
_OF_EVERYBODY: Final = b"SELECT parent_id FROM system_distributed.parent_repair_history LIMIT 1"
"""A table that each node makes by itself, with three copies of each row."""
_COPIES: Final = 3

_TOOL_FLAGS: Final = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx64m", "-Djava.net.preferIPv4Stack=true")
_FLAGS: Final = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xms128m", "-Xmx384m", "-Xss256k")
_EXPORTS: Final = (
    "java.base/java.lang.ref",
    "java.base/jdk.internal.misc",
    "java.management.rmi/com.sun.jmx.remote.internal.rmi",
    "java.rmi/sun.rmi.registry",
    "java.rmi/sun.rmi.server",
    "java.sql/java.sql",
    "jdk.unsupported/sun.misc",
)
_OPENS: Final = (
    "java.base/java.io",
    "java.base/java.lang",
    "java.base/java.lang.module",
    "java.base/java.lang.reflect",
    "java.base/java.net",
    "java.base/java.nio",
    "java.base/java.util",
    "java.base/java.util.concurrent",
    "java.base/java.util.concurrent.atomic",
    "java.base/jdk.internal.loader",
    "java.base/jdk.internal.math",
    "java.base/jdk.internal.module",
    "java.base/jdk.internal.ref",
    "java.base/jdk.internal.reflect",
    "java.base/jdk.internal.util.jar",
    "java.base/sun.nio.ch",
    "jdk.management/com.sun.management.internal",
)
"""What Cassandra reaches into, which Java has kept closed since version 17."""
_REACHING: Final = (
    *(f"--add-exports={module}=ALL-UNNAMED" for module in _EXPORTS),
    *(f"--add-opens={module}=ALL-UNNAMED" for module in _OPENS),
)
_PROPERTIES: Final = (
    "-Dcassandra-foreground=yes",
    "-Djava.net.preferIPv4Stack=true",
    # several nodes start at once: none waits until nothing has been heard for a while
    "-Dcassandra.skip_wait_for_gossip_to_settle=0",
    "-Dcassandra.consistent.rangemovement=false",
    "-Dcassandra.ring_delay_ms=500",
    # it follows from the delay above, but a node that is slow while it starts is not one that has gone: two that have
    # forgotten each other never meet again
    "-Dcassandra.gossip_quarantine_delay_ms=60000",
    "-Dcassandra.memtable_row_overhead_computation_step=100",
)
_LOGGING: Final = b"""<configuration scan="false">
  <appender name="OUT" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%-5level %date{ISO8601} %logger{0} - %msg%n</pattern></encoder>
  </appender>
  <root level="WARN"><appender-ref ref="OUT"/></root>
</configuration>
"""


class Ring(msgspec.Struct, frozen=True):
    """Nodes that belong together: their addresses, each with a host of its own, and the port for one another."""

    hosts: tuple[str, ...]
    port: int


class Cassandra:
    """A node in `place`. java, jars: the command that runs Java, and the folder with the jars. number: its own, from 1,
    in `ring`. settings: more of cassandra.yaml. tool_port: where `tool` reaches it on this machine; 0: nowhere.
    properties: more of Java's, as `-Dname=value`, which hold above those that are given to all."""

    name: Final = "Cassandra"

    def __init__(
        self,
        java: str,
        jars: Path,
        place: Place,
        ring: Ring,
        *,
        number: int = 1,
        settings: Mapping[str, object] | None = None,
        tool_port: int = 0,
        properties: Sequence[str] = (),
    ) -> None:
        self._tool_port = tool_port
        self._properties = tuple(properties)
        self._java = java
        self._jars = jars
        self._place = place
        self._ring = ring
        self._number = number
        self._settings = dict(settings or {})
        self._home = place.folder / f"cassandra-{number}"
        self.log = place.folder / f"cassandra-{number}.log"

    def launch(self, port: int) -> Running:
        """Start it, for clients at `port` of its host. Raises `EngineError`."""
        host = self._ring.hosts[self._number - 1]
        configuration = self._configure(host, port)
        command = [
            *(self._java, *_FLAGS, *_PROPERTIES, *self._properties, f"-javaagent:{self._agent()}"),
            *((f"-Dcassandra.jmx.local.port={self._tool_port}",) if self._tool_port else ()),
            *_REACHING,
            *(f"-Dcassandra.config={configuration.as_uri()}", f"-Dcassandra.storagedir={self._home}"),
            *(f"-Dcassandra.logdir={self._home}", f"-Dlogback.configurationFile={self._home / 'logback.xml'}"),
            *("-cp", f"{self._jars}/*", "org.apache.cassandra.service.CassandraDaemon"),
        ]
        return process.launch(command, self.log, self._place, dict(os.environ), host, port)

    def wait(self, one: Running) -> None:
        """Return when it takes statements. Of several, each may do so before it has heard of the others: `found_others`
        tells when it has.

        Raises `EngineError`, and `PortTakenError` if something else has its port.
        """
        process.wait_until_ready(
            self.name,
            one,
            lambda: serves(one.host, one.port),
            READY_SECONDS,
            self.log,
            taken="Address already in use",
            flag="`port`",
        )

    def found_others(self, one: Running) -> None:
        """Return when all nodes of the ring answer by this one. What is defined before may become two things of one
        name. Raises `EngineError`."""
        count = min(len(self._ring.hosts), _COPIES)
        if not process.wait_until(lambda: _so_many_answer(one.host, one.port, count), READY_SECONDS):
            raise EngineError(f"{one.host} does not find the other nodes of {self.name}: look at {self.log}")

    def stop(self, one: Running) -> None:
        """End it, once all that it has is on disk. Raises `EngineError`."""
        process.stop(self.name, one, signal.SIGTERM, END_SECONDS)

    def tool_command(self) -> list[str]:
        """The command that its own tool, nodetool, is; words follow."""
        command = [self._java, *_TOOL_FLAGS, *_REACHING, "-cp", f"{self._jars}/*", f"-Duser.home={self._home}"]
        command += [f"-Dlogback.configurationFile={self._home / 'logback.xml'}", "org.apache.cassandra.tools.NodeTool"]
        return [*command, "-h", "127.0.0.1", "-p", str(self._tool_port)]

    def tool(self, *words: str) -> str:
        """What nodetool says to `words`. Blocks. Raises `EngineError`."""
        command = [*self.tool_command(), *words]
        done = subprocess.run(  # noqa: S603 - our own words
            command, capture_output=True, text=True, check=False, timeout=TOOL_SECONDS, stdin=subprocess.DEVNULL
        )
        if done.returncode:
            raise EngineError(f"nodetool {' '.join(words)} failed: {(done.stdout + done.stderr).strip()[-500:]}")
        return done.stdout

    def _agent(self) -> Path:
        """The jar that measures objects, without which it does not start."""
        for path in self._jars.glob("jamm-*.jar"):
            return path
        raise EngineError(f"{self._jars} lacks jamm: take the folder away, then run this again")

    def _configure(self, host: str, port: int) -> Path:
        if not self._home.is_dir():
            self._place.hand_over(new_folder(self._home))
        count, hosts = len(self._ring.hosts), self._ring.hosts
        words = {
            "cluster_name": "chinwag",
            "partitioner": "org.apache.cassandra.dht.Murmur3Partitioner",
            "num_tokens": 1,
            "initial_token": str(_TOKENS * (self._number - 1) // count - _TOKENS // 2),
            "auto_bootstrap": False,
            "seed_provider": [
                {
                    "class_name": "org.apache.cassandra.locator.SimpleSeedProvider",
                    "parameters": [{"seeds": ",".join(f"{each}:{self._ring.port}" for each in hosts)}],
                }
            ],
            "endpoint_snitch": "SimpleSnitch",
            "listen_address": host,
            "rpc_address": host,
            "storage_port": self._ring.port,
            "ssl_storage_port": self._ring.port,
            "native_transport_port": port,
            # a write is on disk before it is confirmed, together with those that wait as well
            "commitlog_sync": "batch",
            "concurrent_writes": 128,
            "commitlog_segment_size": "8MiB",
            # it tells the others, and `chinwag cluster check`, that its disk is about to be full
            "data_disk_usage_percentage_warn_threshold": 90,
            **self._settings,
        }
        self._write("logback.xml", _LOGGING)
        return self._write("cassandra.yaml", msgspec.json.format(msgspec.json.encode(words)))  # JSON is YAML

    def _write(self, name: str, content: bytes) -> Path:
        with whole_file(self._home / name, replace=True) as file:
            file.write(content)
        return self._place.hand_over(self._home / name)


def serves(host: str, port: int) -> bool:
    """Whether a node there says what it supports, as one does that takes statements."""
    try:
        with socket.create_connection((host, port), timeout=1.0) as connection:
            return _asked(connection, _OPTIONS, b"") == _SUPPORTED
    except OSError:
        return False


def _so_many_answer(host: str, port: int, count: int) -> bool:
    """Whether a question to this node is answered by so many, three at most."""
    version = b"".join(len(word).to_bytes(2, "big") + word for word in (b"CQL_VERSION", b"3.0.0"))
    # the consistencies ONE, TWO and THREE are these numbers
    query = len(_OF_EVERYBODY).to_bytes(4, "big") + _OF_EVERYBODY + count.to_bytes(2, "big") + b"\x00"
    try:
        with socket.create_connection((host, port), timeout=5.0) as connection:
            _asked(connection, _STARTUP, b"\x00\x01" + version)
            return _asked(connection, _QUERY, query) == _RESULT
    except OSError:
        return False


def _asked(connection: socket.socket, opcode: int, body: bytes) -> int:
    """The opcode of the answer; -1 if none comes."""
    connection.sendall(_FRAME.pack(4, 0, 0, opcode, len(body)) + body)
    with connection.makefile("rb") as answer:
        head = answer.read(_FRAME.size)
        if len(head) < _FRAME.size:
            return -1
        _, _, _, said, length = _FRAME.unpack(head)
        answer.read(min(length, _FRAME_MOST))
    return int(said)


def hosts_of(count: int) -> Sequence[str]:
    """So many addresses of this machine alone, one for each node of a ring."""
    return [f"127.0.0.{number}" for number in range(1, count + 1)]
