"""Until the engines are there: a whole site may be started at once, in any order.

Only an engine that does not answer is waited for, or of whose nodes too few do. One that answers and says no (a wrong
password, other tables, a certificate that is not good) ends the start at once, as more time would not help.
"""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final
from urllib.parse import urlsplit

import asyncpg
import msgspec
import structlog

from chinwag.adapters.postgres.database import connected
from chinwag.adapters.postgres.identity import identity_of
from chinwag.adapters.postgres.schema import verify
from chinwag.adapters.relational.postgres import open_postgres_directory
from chinwag.assembly.cluster.credentials import directory_url, messages_url, shown
from chinwag.config import Config
from chinwag.domain.refusal import NoAnswerError, Refused
from chinwag.told import Told

FIRST_SECONDS: Final = 0.5
MOST_SECONDS: Final = 15.0
"""Between two looks: twice as long after each, up to this."""
LOOK_SECONDS: Final = 5.0
"""How long one look may take."""
_NATS_PORT: Final = 4222
_BEGINS: Final = ("57P03", "57P01", "57P02", "53300")
"""What PostgreSQL says that starts, recovers or ends, or has no connection left for now."""

_log = structlog.get_logger(__name__)


class Engine(msgspec.Struct, frozen=True):
    """One that is waited for. look: raises if it is not there."""

    name: str
    look: Callable[[], Awaitable[None]]


class Awaited:
    """Waits for engines, for `seconds` in all."""

    def __init__(
        self,
        engines: Sequence[Engine],
        seconds: float,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._engines = engines
        self._now = now
        self._sleep = sleep
        self._since = now()
        self._due = self._since + seconds
        self._pause = FIRST_SECONDS

    async def there(self) -> bool:
        """Whether all of them answer, in the end or after a wait; False once the time is over. It says in the log for
        which it waits, ever less often."""
        while problems := await self.missing():
            left = self._due - self._now()
            if left <= 0:
                return False
            pause = min(self._pause, left)
            self._pause = min(2 * self._pause, MOST_SECONDS)
            waited = round(self._now() - self._since)
            for name, problem in problems.items():
                _log.warning(
                    "waiting for an engine", engine=name, error=problem, waited=waited, again_in=round(pause, 1)
                )
            await self._sleep(pause)
        return True

    async def again(self, error: Told | Refused) -> bool:
        """Whether to begin once more, after a pause: what ended the start is that an engine answers its connections and
        nothing else yet, as one of several does until most of them are there. False once the time is over."""
        left = self._due - self._now()
        if left <= 0 or not is_away(error):
            return False
        pause = min(self._pause, left)
        self._pause = min(2 * self._pause, MOST_SECONDS)
        waited = round(self._now() - self._since)
        _log.warning("waiting until an engine can be used", error=str(error), waited=waited, again_in=round(pause, 1))
        await self._sleep(pause)
        return True

    async def missing(self) -> dict[str, str]:
        """Those that do not answer now, and why; none if one of them says no, which settles it."""
        problems: dict[str, str] = {}
        for engine in self._engines:
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await engine.look()
            except Exception as error:
                if not is_away(error):
                    return {}
                problems[engine.name] = str(error) or "it does not answer in time"
        return problems


def is_away(error: BaseException) -> bool:
    """Whether an engine that met us with `error` may be there later. Anything else is said to us by one that is."""
    if isinstance(error, NoAnswerError):
        return True
    if isinstance(error, Told | Refused):
        return error.__cause__ is not None and is_away(error.__cause__)
    if isinstance(error, asyncpg.PostgresError):
        return error.sqlstate in _BEGINS or isinstance(error, asyncpg.ConnectionDoesNotExistError)
    if isinstance(error, ssl.SSLError) or (isinstance(error, OSError) and error.filename is not None):
        return False  # a certificate, or a file of ours
    if isinstance(error, ConnectionError) and "SSL" in str(error):
        return False  # asyncpg's word for a server without TLS
    return isinstance(error, OSError | TimeoutError)


def engines_of(config: Config) -> list[Engine]:
    """Those that the settings name. Raises `CredentialsError`."""
    messages, accounts = messages_url(config), directory_url(config)

    async def ours() -> None:
        await identity_of(messages, config.cluster.id)
        async with connected(messages) as connection:
            await verify(connection)

    async def directory() -> None:
        await (await open_postgres_directory(accounts)).close()

    nats = [(at.hostname or "", at.port or _NATS_PORT) for at in map(urlsplit, config.nats.urls)]
    engines = [
        Engine(f"PostgreSQL at {shown(messages)}", _postgres(messages, ours)),
        Engine(f"PostgreSQL at {shown(accounts)}", _postgres(accounts, directory)),
        Engine(f"NATS at {', '.join(config.nats.urls)}", _any(nats)),
    ]
    if config.store.profile == "cassandra":
        nodes = [(host, config.cassandra.port) for host in config.cassandra.hosts]
        servers = [(name, int(port)) for name, _, port in (host.rpartition(":") for host in config.zookeeper.hosts)]
        engines += [
            Engine(f"Cassandra at {', '.join(config.cassandra.hosts)}", _any(nodes)),
            Engine(f"ZooKeeper at {', '.join(config.zookeeper.hosts)}", _any(servers)),
        ]
    return engines


def _postgres(url: str, whole: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
    """whole: raises if what is in it is not ours, so that nobody waits for another engine in vain."""

    async def look() -> None:
        connection = await asyncpg.connect(url, timeout=LOOK_SECONDS)
        await connection.close(timeout=LOOK_SECONDS)
        await whole()

    return look


def _any(addresses: Sequence[tuple[str, int]]) -> Callable[[], Awaitable[None]]:
    """One of several is enough."""

    async def look() -> None:
        problem: OSError | None = None
        for host, port in addresses:
            try:
                _, writer = await asyncio.open_connection(host, port)
            except OSError as error:
                problem = error
            else:
                writer.close()
                return
        if problem is not None:
            raise problem

    return look
