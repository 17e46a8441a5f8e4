"""A Cassandra node is started, killed and begun again, and has what it confirmed."""

import contextlib
import os
import shutil
import signal
import socket
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from chinwag.engines import Place
from chinwag.engines.cassandra import Cassandra, Ring, hosts_of, serves
from chinwag.engines.jars import CASSANDRA, fetch_jars, jars_of, java
from chinwag.engines.process import Running, lives, wait_until

HOST: Final = "127.0.0.1"
HEAD: Final = struct.Struct(">BBhBI")
STARTUP, QUERY, ERROR = 0x01, 0x07, 0x00
QUORUM: Final = 0x0004


class Talk:
    """One connection that speaks the native protocol, version 4, as far as a test needs it."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection((HOST, port), timeout=60.0)
        self._answers = self._socket.makefile("rb")
        version = b"".join(struct.pack(">H", len(word)) + word for word in (b"CQL_VERSION", b"3.0.0"))
        self._ask(STARTUP, struct.pack(">H", 1) + version)

    def say(self, statement: str) -> bytes:
        """What a statement gives, as it stands in the answer."""
        text = statement.encode()
        return self._ask(QUERY, struct.pack(">I", len(text)) + text + struct.pack(">HB", QUORUM, 0))

    def close(self) -> None:
        self._answers.close()
        self._socket.close()

    def _ask(self, opcode: int, body: bytes) -> bytes:
        self._socket.sendall(HEAD.pack(4, 0, 0, opcode, len(body)) + body)
        _, _, _, answered, length = HEAD.unpack(self._answers.read(HEAD.size))
        answer = self._answers.read(length)
        assert answered != ERROR, answer
        return answer


@contextmanager
def ended(one: Running) -> Iterator[None]:
    """Whatever comes, it does not outlive the test."""
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            if lives(one):
                os.kill(one.pid, signal.SIGKILL)


@pytest.mark.cluster_prove
def test_what_was_confirmed_is_there_after_a_kill() -> None:
    home = Path(tempfile.mkdtemp(prefix="chinwag-cassandra-"))  # not the test's: root's engines run as another user
    place = Place.make(home)
    with socket.socket() as first, socket.socket() as second:
        for probe in (first, second):
            probe.bind((HOST, 0))
        port, between = first.getsockname()[1], second.getsockname()[1]
    node = Cassandra(java(), fetch_jars("Cassandra", CASSANDRA, print), place, Ring(tuple(hosts_of(1)), between))
    try:
        one = node.launch(port)
        with ended(one):
            node.wait(one)
            talk = Talk(port)
            talk.say("CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}")
            talk.say("CREATE TABLE k.t (a int PRIMARY KEY, b text)")
            talk.say("INSERT INTO k.t (a, b) VALUES (1, 'what was confirmed')")
            talk.close()
            os.kill(one.pid, signal.SIGKILL)
            assert wait_until(lambda: not lives(one), 30.0)
            assert not serves(HOST, port)
        again = node.launch(port)
        with ended(again):
            node.wait(again)
            talk = Talk(port)
            assert b"what was confirmed" in talk.say("SELECT b FROM k.t WHERE a = 1")
            talk.close()
            node.stop(again)
            assert not lives(again)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def test_the_jars_are_those_of_one_version_each_once() -> None:
    found = [(jar.group, jar.artifact, jar.classifier) for jar in jars_of(CASSANDRA)]
    assert len(set(found)) == len(found) == len({jar.file for jar in jars_of(CASSANDRA)})
    assert ("org.apache.cassandra", "cassandra-all", "") in found
    assert all(len(jar.digest) == 64 for jar in jars_of(CASSANDRA))
