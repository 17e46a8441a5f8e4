"""One session with the server, from hello to its end: it keeps the order of events dense, and itself alive."""

import asyncio
import ssl
from collections.abc import Callable
from typing import Final

import msgspec

from chinwag import __version__
from chinwag.client.connection import Connection, connect
from chinwag.client.errors import of_error
from chinwag.client.events import LoadAfresh, Slowed, decode_event
from chinwag.client.feed import Feed
from chinwag.client.following import Following, head_of
from chinwag.client.outbox import Outbox
from chinwag.client.reads import Reads
from chinwag.client.store import DeviceStore
from chinwag.wire.codec import Cursor
from chinwag.wire.conversations import Placed
from chinwag.wire.frames import (
    FOLLOW,
    Ack,
    Bye,
    ClientFrame,
    Counts,
    Error,
    Event,
    Far,
    Followed,
    Hello,
    Limits,
    Nudge,
    Ping,
    Received,
    Reset,
    ServerFrame,
    SignalFrame,
    Unfollowed,
    Welcome,
)
from chinwag.wire.frames import Feed as FeedFrame
from chinwag.wire.values import AccountId, Read

WELCOME_SECONDS: Final = 15.0
TICK_SECONDS: Final = 1.0
"""How often cursors are kept, `received` is said and heartbeats are looked after."""
SILENCE: Final = 4
"""After this many heartbeats without a sign of the server the connection counts as dead."""


class End(msgspec.Struct, frozen=True):
    """Why a session ended. after: seconds that the server wants one to stay away. lasted: seconds since welcome."""

    code: str
    after: float = 0.0
    lasted: float = 0.0


class Door(msgspec.Struct, frozen=True):
    """Where a session is to be, and what to show there: a ticket of discovery's, or else the access token."""

    url: str
    token: str = ""
    ticket: str = ""


class Link:
    """The session under way, if there is one. It moves what is in the outbox and the read marks, and fills the feed."""

    def __init__(
        self,
        account: AccountId,
        store: DeviceStore,
        feed: Feed,
        outbox: Outbox,
        reads: Reads,
        following: Following,
    ) -> None:
        self._account = account
        self._store = store
        self._feed = feed
        self._outbox = outbox
        self._reads = reads
        self._following = following
        self._loop = asyncio.get_running_loop()
        self._connection: Connection | None = None
        self._welcome: Welcome | None = None
        self._welcomed_at = 0.0
        self._place = Cursor(0, 0)
        self._received = Cursor(0, 0)
        self._end = End("disconnected")
        self._on_online: Callable[[], None] = lambda: None

    @property
    def online(self) -> bool:
        """Whether the server has said welcome and the session lasts."""
        return self._welcome is not None

    @property
    def limits(self) -> Limits | None:
        """What the server takes; None while offline."""
        return None if self._welcome is None else self._welcome.limits

    async def run(self, door: Door, tls: ssl.SSLContext, on_online: Callable[[], None]) -> End:
        """Hold one session at `door` until it ends. Raises `Unreachable` if none begins."""
        if self._feed.safe is None:
            raise RuntimeError("a session begins after a cursor")
        self._on_online = on_online
        self._end = End("disconnected")
        self._place = self._received = self._feed.safe
        self._store.save_cursor(self._place)  # the cursor in hello says that all up to it is safe
        self._feed.overflowed = False
        connection = self._connection = await connect(door.url, tls, self._take)
        try:
            connection.send(
                Hello(
                    token=door.token,
                    ticket=door.ticket,
                    cursor=str(self._place),
                    client=f"chinwag-python/{__version__}",
                    features=(FOLLOW,),
                )
            )
            await self._until_ended(connection)
        finally:
            self.close()
            lasted = self._loop.time() - self._welcomed_at if self._welcome is not None else 0.0
            self._connection, self._welcome = None, None
            self._outbox.disconnected()
            self._reads.disconnected()
        return msgspec.structs.replace(self._end, lasted=lasted)

    def pump(self) -> None:
        """Write what is due, as far as the way out has room."""
        connection, now = self._connection, self._loop.time()
        if connection is None or not self.online:
            return
        due = self._outbox.due(now)
        while connection.writable and (frame := next(due, None)) is not None:
            connection.send(frame)
        for mark in self._reads.due(now):
            connection.send(mark)
        for wish in self._following.due():
            connection.send(wish)

    def send(self, frame: ClientFrame) -> None:
        """Write a frame that may be lost, if there is a session."""
        if self._connection is not None and self.online:
            self._connection.send(frame)

    def close(self, code: str = "disconnected") -> None:
        """End the session, after telling what is safe here."""
        if self._connection is not None and not self._connection.ended.done():
            if self._end.code == "disconnected":
                self._end = End(code)
            if self.online:
                self._confirm()
            self._connection.close()

    async def _until_ended(self, connection: Connection) -> None:
        begun = self._loop.time()
        while not connection.ended.done():
            now = self._loop.time()
            wait = TICK_SECONDS
            if self._welcome is None:
                if now - begun > WELCOME_SECONDS:
                    self.close("no_welcome")
            else:
                self._tick(connection, self._welcome.heartbeat, now)
                rest = self._outbox.next_due(now)
                wait = wait if rest is None else min(wait, rest - now + 0.001)
            await asyncio.wait({connection.ended}, timeout=wait)

    def _tick(self, connection: Connection, heartbeat: float, now: float) -> None:
        self._confirm()
        self.pump()
        if now - connection.heard_at > max(SILENCE * heartbeat, 10.0):
            self.close("silence")
        elif now - connection.said_at > heartbeat - TICK_SECONDS:
            connection.send(Ping())

    def _confirm(self) -> None:
        """Keep the cursor up to which the application is done with everything, and only then say so."""
        safe = self._feed.safe
        if safe is None or safe == self._received:
            return
        self._store.save_cursor(safe)
        self._received = safe
        if safe.epoch == self._place.epoch and self._connection is not None:
            self._connection.send(Received(safe.position))

    def _take(self, connection: Connection, frame: ServerFrame) -> None:
        if connection is not self._connection:
            return
        match frame:
            case Event():
                self._event(frame)
            case Ack():
                self._outbox.answered(Placed(frame.conversation, frame.number, frame.sent_at), frame.id)
                self.pump()
            case Error():
                if frame.id is not None:
                    if frame.code == "slow_down" and frame.conversation is not None:
                        self._feed.put_aside(Slowed(frame.conversation, frame.retry_after or 0.0))
                    self._outbox.refused(frame.conversation, frame.id, of_error(frame), self._loop.time())
                    self.pump()
                elif frame.frame == "follow":
                    self._following.take(frame)
                elif frame.frame == "watch":
                    self._following.not_watched(frame)
            case FeedFrame() | Followed() | Unfollowed() | Far():
                if (wish := self._following.take(frame)) is not None:
                    connection.send(wish)
            case Counts():
                self._following.told(frame)
            case Nudge():
                self._feed.put_head(head_of(frame))
            case SignalFrame():
                self._feed.put_aside(frame.signal)
            case Welcome():
                self._welcome, self._welcomed_at = frame, self._loop.time()
                self._following.connected()
                self._on_online()
                self.pump()
            case Reset():
                self._place = Cursor(frame.epoch, frame.position)
                self._received = self._place if self._feed.safe is None else self._feed.safe
                self._feed.reset(LoadAfresh(frame.cause, self._place))
            case Bye():
                self._end = End(frame.code, frame.reconnect_after)
                connection.close()
            case _:
                pass

    def _event(self, frame: Event) -> None:
        if frame.position != self._place.position + 1:
            # Something is missing, or comes twice: the inbox knows what follows our cursor.
            self.close("gap")
            return
        self._place = Cursor(self._place.epoch, frame.position)
        event = decode_event(frame.event)
        if isinstance(event, Read) and event.account == self._account:
            self._reads.confirmed(event.conversation, event.number)
        self._feed.put(self._place, event)
