"""One connection of a process to NATS, which comes back by itself, and says when something may have been lost.

The library's verbs are coroutines; the ports' are not. So what is asked is queued and carried out in order by one task:
a subscription asked for before a publication is at the server before it.
"""

import asyncio
import ssl
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError
from nats.errors import NoRespondersError, SlowConsumerError
from nats.errors import TimeoutError as NatsTimeoutError

from chinwag.adapters.plain_token import token
from chinwag.domain.refusal import Code, Refused

QUEUED: Final = 20_000
"""What may wait to be carried out; a publication more is lost, as it may be."""
QUEUED_BYTES: Final = 64 << 20
"""Bytes of publications that may wait to be carried out."""
UNREAD: Final = 65_536
"""Messages of one subscription that may wait for its handler; more are dropped, and that is an interruption."""
UNREAD_BYTES: Final = 64 << 20
"""Bytes of them."""
PAYLOAD_LEAST: Final = 1 << 20
"""The least `max_payload` of a server that will do: NATS's own default."""
PING_SECONDS: Final = 2
"""How often the connection is looked at; two looks without an answer, and it is made anew."""
CONNECT_SECONDS: Final = 5
"""How long one try to connect may take."""
AGAIN_SECONDS: Final = 0.1
"""Between two tries at the same server."""

_log = structlog.get_logger(__name__)


class NatsServers(msgspec.Struct, frozen=True, kw_only=True):
    """Where NATS is, who we are there, and which cluster of Chinwag this is.

    urls: `nats://` or `tls://`, one at least. cluster: letters, digits, `-` and `_`; it keeps two clusters on one NATS
    apart. ca: a file of certificates that the server's is checked against, for `tls://`; the system's without.
    """

    urls: tuple[str, ...]
    cluster: str
    user: str = ""
    password: str = ""
    ca: str = ""


class NobodyThereError(Refused):
    """A request surely reached nobody."""


class ShortPayloadError(Refused):
    """The server takes messages of at most so many bytes, which is too few."""

    def __init__(self, payload: int) -> None:
        super().__init__(Code.UNAVAILABLE, f"NATS: it takes messages of {payload:,} bytes at most")

    advice: Final = f"set `max_payload: {PAYLOAD_LEAST}`, or more, in its configuration, and restart it"


class _EncryptedClient(Client):
    """Tells a server nothing that does not speak TLS: the library would send it the password as it is."""

    async def _process_info(self, info: dict[str, Any], initial_connection: bool = False) -> None:
        # the server's first words of a connection, before anything is said to it
        if initial_connection and not info.get("tls_required"):
            raise NatsError("this server does not ask for TLS, and nats.urls says tls://")
        await super()._process_info(info, initial_connection)


class NatsConnection:
    """Made by `open`, ended by `close`."""

    def __init__(self, cluster: str, *, encrypted: bool = False) -> None:
        self._prefix = f"chinwag.{token(cluster)}."
        self._client = _EncryptedClient() if encrypted else Client()
        self._asked: deque[Callable[[], Awaitable[None]]] = deque()
        self._asked_bytes = 0
        self._wake = asyncio.Event()
        self._drained = asyncio.Event()
        self._drained.set()
        self._interrupted: list[Callable[[], None]] = []
        self._worker: asyncio.Task[None] | None = None
        self._closing = False
        self.away_since: float | None = None
        """When the connection was lost, by `time.monotonic`; None while it stands."""
        self.lost = 0
        """Publications that went nowhere: no connection, or no room."""

    @classmethod
    async def open(cls, servers: NatsServers, name: str) -> "NatsConnection":
        """Connect, within `CONNECT_SECONDS`. name: what NATS shows of us.

        Raises `Refused` (`unavailable`) if no server takes us, with its reason, and `ShortPayloadError`.
        """
        encrypted = servers.urls[0].startswith("tls:")
        self = cls(servers.cluster, encrypted=encrypted)
        secure = ssl.create_default_context(cafile=servers.ca or None) if encrypted else None
        problem = ""
        connected = False

        async def failed(error: Exception) -> None:
            nonlocal problem
            # A server says why it sends us away, and closes; its words may be lost with the connection, at some tries.
            if not (problem and isinstance(error, OSError)):
                problem = str(error) or type(error).__name__
            if connected:  # before, `Refused` says it once, where each try would say it again
                self._failed(error)

        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await self._client.connect(
                    list(servers.urls),
                    name=name,
                    user=servers.user or None,
                    password=servers.password or None,
                    tls=secure,
                    error_cb=failed,
                    disconnected_cb=self._went,
                    reconnected_cb=self._came_back,
                    connect_timeout=CONNECT_SECONDS,
                    max_reconnect_attempts=-1,
                    reconnect_time_wait=AGAIN_SECONDS,  # type: ignore[arg-type]  # it is given to sleep
                    ping_interval=PING_SECONDS,
                    max_outstanding_pings=2,
                    pending_size=0,  # nothing is kept for later: it would tell of what is past
                )
        except (TimeoutError, OSError, NatsError) as error:
            await self._client.close()
            raise Refused(Code.UNAVAILABLE, f"NATS: {problem or error or 'no server answers'}") from error
        if self._client.max_payload < PAYLOAD_LEAST:
            payload = self._client.max_payload
            await self._client.close()
            raise ShortPayloadError(payload)
        connected = True
        self._worker = asyncio.create_task(self._carry_out(), name="nats")
        return self

    @property
    def version(self) -> str:
        """The server's, as it says."""
        found = self._client.connected_server_version
        return f"{found.major}.{found.minor}.{found.patch}"

    @property
    def max_payload(self) -> int:
        """Bytes of the longest message that the server takes."""
        return self._client.max_payload

    async def close(self) -> None:
        """Carry out what was asked, then end; not longer than a second."""
        self._closing = True
        try:
            async with asyncio.timeout(1.0):
                await self.settled()
                await self._client.flush()
        except (TimeoutError, NatsError):
            pass  # what is lost here is never the only copy of anything
        if self._worker is not None:
            self._worker.cancel()
        await self._client.close()

    def on_interruption(self, handler: Callable[[], None]) -> None:
        """Call `handler`, on the event loop, each time when messages may have been lost and the connection stands."""
        self._interrupted.append(handler)

    def subscribe(self, subject: str, handler: Callable[[Msg], None]) -> Callable[[], None]:
        """Call `handler`, on the event loop, for each message from now on, until the returned function is called."""
        held: list[Subscription] = []
        live = True

        async def take(message: Msg) -> None:
            if live:
                handler(message)

        async def begin() -> None:
            if live:
                held.append(
                    await self._client.subscribe(
                        self._prefix + subject,
                        cb=take,
                        pending_msgs_limit=UNREAD,
                        pending_bytes_limit=UNREAD_BYTES,
                    )
                )

        async def end() -> None:
            for subscription in held:
                await subscription.unsubscribe()
            held.clear()

        def stop() -> None:
            nonlocal live
            if live:
                live = False
                self._ask(end)

        self._ask(begin)
        return stop

    def publish(self, subject: str, payload: bytes) -> None:
        """Send `payload`, or lose it: without a connection, and beyond what may wait."""
        size = len(payload)
        if self.away_since is not None or len(self._asked) >= QUEUED or self._asked_bytes + size > QUEUED_BYTES:
            self._note_lost(subject)
            return
        self._asked_bytes += size

        async def send() -> None:
            self._asked_bytes -= size
            await self._client.publish(self._prefix + subject, payload)

        self._ask(send)

    def reply(self, message: Msg, payload: bytes) -> None:
        """Answer a request."""

        async def send() -> None:
            await message.respond(payload)

        if self.away_since is None and len(self._asked) < QUEUED:
            self._ask(send)

    async def request(self, subject: str, payload: bytes, seconds: float) -> bytes:
        """The answer to `payload`. Raises `Refused` (`unavailable`) if none comes in time, and `NobodyThereError` if
        nobody takes such requests."""
        try:
            async with asyncio.timeout(seconds):
                await self.settled()
                answer = await self._client.request(self._prefix + subject, payload, timeout=seconds)
        except NoRespondersError:
            raise NobodyThereError(Code.UNAVAILABLE, "that node does not answer") from None
        except (TimeoutError, NatsTimeoutError):
            raise Refused(Code.UNAVAILABLE, "no answer in time") from None
        except NatsError as error:
            raise Refused(Code.UNAVAILABLE, "NATS is away") from error
        return answer.data

    @property
    def prefix(self) -> str:
        """What every subject of this cluster begins with."""
        return self._prefix

    async def ask(self, subject: str, payload: bytes, seconds: float, headers: dict[str, str] | None = None) -> bytes:
        """The answer to a request at a whole subject, at once and not after what is queued. Raises what the library
        does, and `Refused` (`unavailable`) while there is no connection."""
        self._see_that_it_stands()
        async with asyncio.timeout(seconds):
            return (await self._client.request(subject, payload, timeout=seconds, headers=headers)).data

    async def tell(self, subject: str, payload: bytes, reply: str = "") -> None:
        """Publish at a whole subject, at once. Raises as `ask`."""
        self._see_that_it_stands()
        await self._client.publish(subject, payload, reply)

    async def listen(
        self, handler: Callable[[Msg], None], most: int, most_bytes: int
    ) -> tuple[str, Callable[[], Awaitable[None]]]:
        """A subject that nobody else knows, whose messages `handler` gets until the returned function is called; so
        many may wait for it. Raises as `ask`."""
        self._see_that_it_stands()

        async def take(message: Msg) -> None:
            handler(message)

        inbox = self._client.new_inbox()
        subscription = await self._client.subscribe(
            inbox, cb=take, pending_msgs_limit=most, pending_bytes_limit=most_bytes
        )
        return inbox, subscription.unsubscribe

    def _see_that_it_stands(self) -> None:
        if self.away_since is not None:
            raise Refused(Code.UNAVAILABLE, "NATS is away", 1.0)

    async def settled(self) -> None:
        """Wait until what was asked so far is carried out."""
        await self._drained.wait()

    def _ask(self, work: Callable[[], Awaitable[None]]) -> None:
        self._asked.append(work)
        self._drained.clear()
        self._wake.set()

    async def _carry_out(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._asked:
                try:
                    await self._asked.popleft()()
                except NatsError as error:
                    if not self._closing:
                        self.lost += 1
                        _log.warning("NATS did not take something", error=str(error) or type(error).__name__)
                except Exception:
                    # Whatever the library lets through: all that follows is sent all the same, and this counts as lost.
                    self.lost += 1
                    _log.exception("something could not be asked of NATS")
                    self._interrupt()
            self._drained.set()

    def _note_lost(self, subject: str) -> None:
        self.lost += 1
        if self.lost & (self.lost - 1) == 0:  # at the first, second, fourth, eighth …
            _log.warning("a publication is lost", subject=subject, lost=self.lost)

    async def _went(self) -> None:
        if self.away_since is None and not self._closing:
            self.away_since = time.monotonic()
            _log.warning("NATS is away")

    async def _came_back(self) -> None:
        since, self.away_since = self.away_since, None
        _log.info("NATS is back", seconds=round(time.monotonic() - since, 3) if since is not None else None)
        self._interrupt()

    def _failed(self, error: Exception) -> None:
        if isinstance(error, SlowConsumerError):
            _log.warning("messages were dropped, as they were not taken in time", subject=error.subject)
            self._interrupt()
        elif not self._closing and self.away_since is None:
            _log.warning("NATS", error=str(error) or type(error).__name__)

    def _interrupt(self) -> None:
        for handler in self._interrupted:
            try:
                handler()
            except Exception:
                _log.exception("an interruption could not be dealt with")
