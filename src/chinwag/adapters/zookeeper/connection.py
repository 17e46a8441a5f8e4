"""One connection of a process to ZooKeeper, for coordination only: an operation costs half a millisecond and a write.

The library (kazoo) has threads of its own: what they learn is brought to the event loop. A connection that is lost is
not yet the end of the session: what belongs to it is still there once a server is reached in time. A session that is
lost took all its ephemeral nodes with it, and another one has begun when the connection is back.
"""

import asyncio
import contextlib
import functools
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
import structlog
from kazoo import exceptions
from kazoo.client import KazooClient, KazooState, TransactionRequest
from kazoo.handlers.threading import KazooTimeoutError
from kazoo.security import make_digest_acl

from chinwag.adapters.plain_token import token
from chinwag.adapters.zookeeper.encrypted import EncryptedHandler, in_words
from chinwag.domain.refusal import Code, NoAnswerError, Refused

SESSION_SECONDS: Final = 3.0
"""How long what belongs to a process outlives its last sign of life."""
CONNECT_SECONDS: Final = 5.0
"""How long the first try to connect may take."""
PATIENCE: Final = 2.0
"""Seconds that an operation may take."""
PATH_DEPTH: Final = 8

_AGAIN: Final = {"max_tries": -1, "delay": 0.1, "backoff": 1.5, "max_jitter": 0.1, "max_delay": 0.5}
"""How often a server is looked for while there is none: for ever, twice a second."""
_AWAY: Final = (
    exceptions.ConnectionLoss,
    exceptions.ConnectionClosedError,
    exceptions.SessionExpiredError,
    exceptions.OperationTimeoutError,
    exceptions.SessionMovedError,
    KazooTimeoutError,
    TimeoutError,
)

_log = structlog.get_logger(__name__)


class ZooKeeperServers(msgspec.Struct, frozen=True, kw_only=True):
    """Where ZooKeeper is, who we are there, and which cluster of Chinwag this is.

    hosts: `host:port`, one at least. cluster: letters, digits, `-` and `_`; all paths lie below it. user, password: who
    alone may read and change what is made; everybody, without. tls_ca: a PEM file of the authorities that may vouch for
    the servers' certificates; empty: not encrypted.
    """

    hosts: tuple[str, ...]
    cluster: str
    user: str = ""
    password: str = ""
    tls_ca: str = ""


class Stat(msgspec.Struct, frozen=True):
    """What ZooKeeper knows of a node. version: how often its content was changed; changed: when that was last, in
    milliseconds since 1970 by the leader's clock; owner: the session that it ends with, 0 for none."""

    version: int
    changed: int
    owner: int


class MissingError(Exception):
    """There is no such node."""


class ThereError(Exception):
    """There is one already."""


class OtherVersionError(Exception):
    """The node has been changed meanwhile, or is another one."""


class _Library:
    """Takes the place of the library's logger: that servers come and go is told here, and not at each of its tries."""

    def log(self, *_: object, **__: object) -> None:
        """Say nothing."""

    debug = info = warning = log

    def error(self, text: str, *values: object, **_: object) -> None:
        """Say it."""
        _log.warning("ZooKeeper", error=text % values if values else text)

    exception = error


class ZooKeeperConnection:
    """Made by `open`, ended by `close`.

    Every operation raises `Refused` (`unavailable`) if no server answers in time, at once while the connection is lost;
    a change may then have taken effect all the same. Paths are below the cluster's own.
    """

    def __init__(self, servers: ZooKeeperServers, session: float, patience: float) -> None:
        acl = [make_digest_acl(servers.user, servers.password, all=True)] if servers.user else None
        self._root = f"/chinwag/{token(servers.cluster)}"
        self._loop = asyncio.get_running_loop()
        self._patience = patience
        self.session_seconds = session
        """How long the session outlives its last sign of life, or longer, where the servers want that."""
        self._lost: list[Callable[[], None]] = []
        self._back: list[Callable[[], None]] = []
        self._seen_session = 0
        self._closing = False
        self.away_since: float | None = None
        """When the connection was lost, by `time.monotonic`; None while it stands."""
        self._encrypted = EncryptedHandler(servers.tls_ca) if servers.tls_ca else None
        self._client = KazooClient(
            hosts=",".join(servers.hosts),
            timeout=session,
            default_acl=acl,
            auth_data=[("digest", f"{servers.user}:{servers.password}")] if servers.user else None,
            connection_retry=_AGAIN,
            handler=self._encrypted,
            logger=_Library(),
        )
        self._client.add_listener(self._state_changed)

    @classmethod
    async def open(
        cls, servers: ZooKeeperServers, *, session: float = SESSION_SECONDS, patience: float = PATIENCE
    ) -> "ZooKeeperConnection":
        """Connect, within `CONNECT_SECONDS`. session: seconds, which the server may lengthen. Raises `Refused`
        (`unavailable`), and `NoAnswerError` if no server answers: none is there, or most of them are not."""
        self = cls(servers, session, patience)
        live = await asyncio.to_thread(self._client.start_async)
        if not await asyncio.to_thread(live.wait, CONNECT_SECONDS):
            await self.close()
            problem = self._encrypted.problem if self._encrypted else None
            if problem is None:
                raise NoAnswerError("ZooKeeper: no server answers")
            raise Refused(Code.UNAVAILABLE, f"ZooKeeper: {in_words(problem)}", 1.0) from problem
        self._seen_session = self.session
        return self

    @property
    def session(self) -> int:
        """The session's number, 0 while there is none: another number, and what was made in an earlier one is gone."""
        known = self._client.client_id
        return known[0] if known else 0

    def on_lost_session(self, handler: Callable[[], None]) -> None:
        """Call `handler`, on the event loop, once another session has begun in the place of one that is lost."""
        self._lost.append(handler)

    def on_back(self, handler: Callable[[], None]) -> None:
        """Call `handler`, on the event loop, whenever the connection stands again, in whichever session."""
        self._back.append(handler)

    async def close(self) -> None:
        """End the session, and all that belongs to it."""
        self._closing = True
        try:
            async with asyncio.timeout(self._patience + 10.0):  # it waits for its thread for so long
                await asyncio.to_thread(self._end)
        except Exception as error:
            _log.warning("ZooKeeper could not be left in good order", error=str(error) or type(error).__name__)

    def _end(self) -> None:
        self._client.stop()
        self._client.close()

    async def get(self, path: str, watch: Callable[[], None] | None = None) -> tuple[bytes, Stat]:
        """A node's content. watch: called on the event loop, once, when that has changed, or may have. Raises
        `MissingError`."""
        content, stat = await self._done(self._client.get_async, self._at(path), self._watching(watch))
        return content, _stat(stat)

    async def children(self, path: str, watch: Callable[[], None] | None = None) -> Sequence[str]:
        """The names of the nodes below one, in no order; watch: as for `get`. Raises `MissingError`."""
        found: list[str] = await self._done(self._client.get_children_async, self._at(path), self._watching(watch))
        return found

    async def create(self, path: str, content: bytes = b"", *, ephemeral: bool = False) -> None:
        """Make a node below one that is there. ephemeral: it ends with the session. Raises `ThereError` and
        `MissingError`."""
        await self._done(self._client.create_async, self._at(path), content, ephemeral=ephemeral)

    async def set(self, path: str, content: bytes, version: int = -1) -> Stat:
        """Change a node's content, if it is still of that version (-1: of any). Raises `MissingError` and
        `OtherVersionError`."""
        return _stat(await self._done(self._client.set_async, self._at(path), content, version))

    async def delete(self, path: str) -> None:
        """Take a node away that has none below it. Raises `MissingError`."""
        await self._done(self._client.delete_async, self._at(path))

    async def make(self, path: str) -> None:
        """Make a lasting node, and those that it lies in, where they are not there."""
        parts = [part for part in self._at(path).split("/") if part]
        assert len(parts) <= PATH_DEPTH
        for count in range(1, len(parts) + 1):
            try:
                await self._done(self._client.create_async, "/" + "/".join(parts[:count]))
            except ThereError:
                continue

    async def claim(self, path: str, version: int, content: bytes, mark: str) -> None:
        """Change a node that is still of that version and make the ephemeral node `mark` below it, both or neither.
        Raises `OtherVersionError`, `ThereError` and `MissingError`."""
        both: TransactionRequest = self._client.transaction()
        both.set_data(self._at(path), content, version)
        both.create(f"{self._at(path)}/{mark}", ephemeral=True)
        for result in await self._done(both.commit_async):
            if isinstance(result, Exception) and not isinstance(result, exceptions.RolledBackError):
                _raise(result)

    async def reach(self) -> None:
        """Return once the leader has answered: the session lived when this was called."""
        await self._done(self._client.sync_async, self._root)

    def _at(self, path: str) -> str:
        return f"{self._root}/{path}" if path else self._root

    def _watching(self, watch: Callable[[], None] | None) -> Callable[[object], None] | None:
        return None if watch is None else functools.partial(_told, self._loop, watch)

    async def _done(self, operation: Callable[..., Any], *values: object, **named: object) -> Any:
        """What an operation of the library's gives."""
        if self.away_since is not None or not self._client.connected:  # the library knows before we are told
            # else it would wait in the library, and be done at a time when nobody wants it any longer
            raise NoAnswerError("ZooKeeper is away")
        result = operation(*values, **named)
        future: asyncio.Future[Any] = self._loop.create_future()

        def settle() -> None:
            if future.done():
                return
            if result.exception is None:
                future.set_result(result.value)
            else:
                future.set_exception(result.exception)

        def from_thread(_: object) -> None:
            _soon(self._loop, settle)

        result.rawlink(from_thread)
        try:
            async with asyncio.timeout(self._patience):
                return await future
        except _AWAY as error:
            raise NoAnswerError("ZooKeeper does not answer") from error
        except exceptions.KazooException as error:
            _raise(error)

    def _state_changed(self, state: str) -> None:
        _soon(self._loop, functools.partial(self._take_state, state, self.session))

    def _take_state(self, state: str, session: int) -> None:
        if self._closing:
            return
        if state != KazooState.CONNECTED:
            if self.away_since is None:
                self.away_since = time.monotonic()
                _log.warning("ZooKeeper is away")
            if state == KazooState.LOST:
                _log.warning("the session on ZooKeeper is lost, and all that belonged to it")
            return
        since, self.away_since = self.away_since, None
        if since is None:  # it had not been away: this is the first time
            return
        _log.info("ZooKeeper is back", seconds=round(time.monotonic() - since, 3))
        earlier, self._seen_session = self._seen_session, session
        for handler in (*(self._lost if session != earlier else ()), *self._back):
            try:
                handler()
            except Exception:
                _log.exception("what is to be done when ZooKeeper is back failed")


def _told(loop: asyncio.AbstractEventLoop, watch: Callable[[], None], _: object) -> None:
    _soon(loop, watch)


def _soon(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    """Call something on the event loop; nothing after the loop's end, when nobody is left to be told."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(call)


def _raise(error: Exception) -> None:
    match error:
        case exceptions.NoNodeError():
            raise MissingError(str(error)) from error
        case exceptions.NodeExistsError():
            raise ThereError(str(error)) from error
        case exceptions.BadVersionError():
            raise OtherVersionError(str(error)) from error
        case exceptions.NoAuthError() | exceptions.AuthFailedError():
            raise Refused(Code.UNAVAILABLE, "ZooKeeper: we may not read or change what is there", 1.0) from error
        case _:
            raise Refused(Code.UNAVAILABLE, f"ZooKeeper: {type(error).__name__}", 1.0) from error


def _stat(stat: Any) -> Stat:
    return Stat(stat.version, stat.mtime, stat.ephemeralOwner)
