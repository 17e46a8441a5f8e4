"""Cassandra, NATS and ZooKeeper of one run, a node of each or three. Each may be killed, stopped and begun again."""

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator
from itertools import product
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from chinwag.engines import Place, Postgres, fetch
from chinwag.engines.programs import cache_folder
from chinwag.engines.wide import KINDS, WideEngines
from prove.cluster.engines import SETTINGS, Engine, free_port

STREAM_BYTES: Final = 64 << 20
"""What one stream may hold."""


class WideProofEngines:
    """All nodes, and PostgreSQL. Everything is synced as it is for people."""

    def __init__(self, postgres: Engine, wide: WideEngines, nodes: int) -> None:
        self.postgres = postgres
        self.nodes = nodes
        self._wide = wide
        self._nats = wide.of("nats")
        self._cassandra = wide.of("cassandra")
        self._zookeeper = wide.of("zookeeper")
        self._frozen: dict[str, int] = {}
        self.nats_password = str(urlsplit(self._nats[0].url).password)

    @classmethod
    @contextlib.asynccontextmanager
    async def running(cls, nodes: int) -> AsyncIterator["WideProofEngines"]:
        """All, ready, in a folder of their own that is gone afterwards. Raises `EngineError`."""
        # Not in the run's folder: root's engines run as another user, who may not enter that.
        home = Path(tempfile.mkdtemp(prefix="chinwag-engines-"))
        try:
            place, programs = Place.make(home), await asyncio.to_thread(fetch, cache_folder(), print)
            postgres = Engine(
                Postgres(programs.postgres, place, settings=SETTINGS), free_port(), secrets.token_urlsafe(24)
            )
            wide = WideEngines(place, nodes)
            try:
                await asyncio.gather(postgres.start(), asyncio.to_thread(wide.up, programs.nats, print))
                engines = cls(postgres, wide, nodes)
                try:
                    yield engines
                finally:
                    for key in tuple(engines._frozen):
                        engines.thaw(key)
            finally:
                for kind in KINDS:  # nothing of them is wanted any more
                    for key in _keys(kind, nodes):
                        await asyncio.to_thread(wide.kill, key)
                await postgres.stop()
        finally:
            shutil.rmtree(home, ignore_errors=True)

    @property
    def bus(self) -> str:
        """The address of one NATS server, with its password."""
        return self._nats[0].url

    @property
    def nats_urls(self) -> list[str]:
        """Where the NATS servers are."""
        return [f"nats://{one.host}:{one.port}" for one in self._nats]

    def flags(self) -> tuple[str, ...]:
        """What `chinwag` must be told to find all but PostgreSQL and NATS: as many copies as there are nodes."""
        return (
            *("--cassandra-hosts", ",".join(one.host for one in self._cassandra)),
            *("--cassandra-port", str(self._cassandra[0].port), "--cassandra-replicas", str(self.nodes)),
            *("--zookeeper-hosts", ",".join(f"{one.host}:{one.port}" for one in self._zookeeper)),
            *("--streams-replicas", str(self.nodes)),
            *("--streams-log-bytes", str(STREAM_BYTES), "--streams-inbox-bytes", str(STREAM_BYTES)),
        )

    async def kill(self, key: str) -> None:
        """kill -9 of the node that is called so, such as `cassandra-2`; return when it is gone."""
        await asyncio.to_thread(self._wide.kill, key)

    async def start(self, key: str) -> None:
        """Start it again at its place, and wait until it serves. Raises `EngineError`."""
        await asyncio.to_thread(self._wide.again, key)

    def freeze(self, key: str) -> None:
        """Stop it where it stands, until `thaw`: connections stay, and nobody is answered."""
        self._frozen[key] = pid = self._wide.standings()[key].pid
        os.kill(pid, signal.SIGSTOP)

    def thaw(self, key: str) -> None:
        """Let it go on."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._frozen.pop(key), signal.SIGCONT)


def engine_nodes(nodes: int) -> list[str]:
    """What all nodes are called, where there are so many of each kind."""
    return [key for kind in KINDS for key in _keys(kind, nodes)]


def engine_pairs(nodes: int) -> list[tuple[str, str]]:
    """Every two nodes of different kinds: of each a quorum is left, where there are three."""
    kinds = [_keys(kind, nodes) for kind in KINDS]
    return [pair for at, ones in enumerate(kinds) for others in kinds[at + 1 :] for pair in product(ones, others)]


def _keys(kind: str, nodes: int) -> list[str]:
    return [kind, *(f"{kind}-{number}" for number in range(2, nodes + 1))]
