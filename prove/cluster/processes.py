"""The processes of a server on several, each behind ways of its own to PostgreSQL, and to NATS if there is one."""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Final

from prove.cluster.engines import HOST, ProofEngines
from prove.cluster.wide import WideProofEngines
from prove.faults.at_point import FailPoint
from prove.faults.clock import WrongClock
from prove.faults.proxy import Proxy
from prove.process import DidNotStartError, ServerProcess

INIT_SECONDS: Final = 120.0
STARTS: Final = 10
"""How often a process is started that ends because it cannot reach what it needs."""
ROLES: Final = ("gateway", "api", "delivery", "presence")
"""Of each there are two; one process more keeps house."""
EVERY: Final = "every"
"""A process that carries every role."""
PUBLIC: Final = frozenset({"gateway", "api", EVERY})

AnyEngines = ProofEngines | WideProofEngines


class Credentials:
    """The files with which processes come to the engines, and to the cluster's keys."""

    def __init__(self, folder: Path, engines: AnyEngines) -> None:
        folder.mkdir(mode=0o700)
        self.postgres = _private(folder / "postgres.password", engines.postgres.password)
        self.nats = _private(folder / "nats.password", engines.nats_password)
        self.secret = folder / "cluster.secret"
        self._engines = engines

    @property
    def database(self) -> str:
        """The database's address, with its password, and with nothing in between."""
        engine = self._engines.postgres
        return f"postgresql://chinwag:{engine.password}@{HOST}:{engine.port}/chinwag"

    @property
    def bus(self) -> str:
        """The address of NATS, with its password, and with nothing in between."""
        return self._engines.bus

    def flags(self, postgres_port: int, nats_port: int = 0) -> tuple[str, ...]:
        """What `chinwag` must be told to find PostgreSQL and NATS at these ports, and all else where it is. 0: NATS is
        where it is, too."""
        engines = self._engines
        if isinstance(engines, WideProofEngines):
            profile, urls, more = "cassandra", engines.nats_urls, engines.flags()
        else:
            profile, urls, more = "postgres", [f"nats://{HOST}:{nats_port or engines.nats.port}"], ()
        return (
            *("--store-profile", profile, "--cluster-secret-file", str(self.secret)),
            *("--postgres-url", f"postgresql://chinwag@{HOST}:{postgres_port}/chinwag"),
            *("--postgres-password-file", str(self.postgres)),
            *("--nats-urls", ",".join(urls)),
            *("--nats-user", "chinwag", "--nats-password-file", str(self.nats)),
            *more,
        )

    def make(self) -> None:
        """Have the tables and keys made, as an operator would."""
        flags = self.flags(self._engines.postgres.port)
        command = [sys.executable, "-m", "chinwag.cli", "cluster", "init", *flags]
        subprocess.run(command, check=True, timeout=INIT_SECONDS, stdout=subprocess.DEVNULL)


class Node:
    """One process, and its ways to the engines. nats: None where it goes to several servers by itself."""

    def __init__(self, role: str, process: ServerProcess, postgres: Proxy, nats: Proxy | None) -> None:
        self.role = role
        self.process = process
        self.postgres = postgres
        self.nats = nats
        self.clock = WrongClock(process)
        self.points = FailPoint(process)
        self.wanted = False
        """It should run now."""

    @property
    def name(self) -> str:
        """For people."""
        return self.process.data.name

    async def start(self) -> None:
        """Start it, again if an engine did not answer, as its machine would; wait until it is ready."""
        for left in reversed(range(STARTS)):
            try:
                await self.process.start()
            except DidNotStartError as ended:
                if ended.code != 1 or not left:
                    raise
            else:
                self.wanted = True
                return

    async def kill(self) -> None:
        """kill -9."""
        self.wanted = False
        await self.process.kill()


class Processes:
    """All of them."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.nodes = list(nodes)

    @classmethod
    @contextlib.asynccontextmanager
    async def made(
        cls,
        folder: Path,
        engines: AnyEngines,
        credentials: Credentials,
        flags: Sequence[str],
        command: tuple[str, ...] = (),
        roles: Sequence[str] = (*ROLES, *ROLES, "housekeeping"),
    ) -> AsyncIterator["Processes"]:
        """None is started; all that live are ended with the block. flags: settings besides; command: what stands before
        `serve`, where it is not the plain server."""
        async with contextlib.AsyncExitStack() as open_until:
            nodes: list[Node] = []
            for number, role in enumerate(roles):
                postgres = await open_until.enter_async_context(Proxy(HOST, engines.postgres.port).serving())
                nats = None
                if isinstance(engines, ProofEngines):
                    nats = await open_until.enter_async_context(Proxy(HOST, engines.nats.port).serving())
                own = credentials.flags(postgres.port, nats.port if nats is not None else 0)
                data = folder / f"{role}-{number}"
                carried = () if role == EVERY else ("--role", role)
                process = ServerProcess(data, *own, *carried, *flags, command=command)
                nodes.append(Node(role, process, postgres, nats))
            made = cls(nodes)
            try:
                yield made
            finally:
                for node in nodes:
                    node.process.end()

    async def start(self) -> None:
        """Start all, two at a time: those that decide before those whom people reach."""
        order = sorted(self.nodes, key=lambda node: node.role in PUBLIC)
        waiting = iter(order)

        async def some() -> None:
            for node in waiting:
                await node.start()

        await asyncio.gather(some(), some())

    def urls(self, role: str) -> list[str]:
        """Where those of a role are that run."""
        return [node.process.url for node in self.nodes if node.role in (role, EVERY) and node.process.running]

    def of(self, role: str) -> list[Node]:
        """Those that carry a role."""
        return [node for node in self.nodes if node.role in (role, EVERY)]

    def alive(self) -> bool:
        """Whether all run that should."""
        return all(node.process.running for node in self.nodes if node.wanted)


def _private(path: Path, text: str) -> Path:
    path.touch(mode=0o600)
    path.write_text(text)
    return path
