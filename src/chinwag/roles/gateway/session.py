"""One connected device: frames in here, answers and events out in the half that it builds upon.

A session has no task and no timer of its own while it is up to date.
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import structlog

from chinwag.domain.refusal import Code, Refused
from chinwag.flow.accept import Wish
from chinwag.roles.gateway.outward import Outward
from chinwag.roles.port.socket import Socket
from chinwag.wire.codec import BadFrame, decode_client, frame_id
from chinwag.wire.frames import ClientFrame, Hello

if TYPE_CHECKING:
    from chinwag.roles.gateway.gateway import Gateway

EARLY_FRAMES: Final = 64
"""Frames that a client may send before its welcome."""
EARLY_BYTES: Final = 64 << 10
"""Bytes that a connection may bring in all before its welcome."""
IN_FLIGHT: Final = 1_000
"""Sends of one session that may wait for their answers."""
WEIGHT_SHIFT: Final = 16
"""A frame counts as one, and as one more for each 64 KiB in it: long ones cost more to read."""

_log = structlog.get_logger(__name__)


class Session(Outward):
    """A socket's listener, an inbox's reader, and the asker of what it sends."""

    __slots__ = ("_arriving", "_early", "_level", "_opened_at", "_typed_at", "slot")

    def __init__(self, gateway: "Gateway") -> None:
        super().__init__(gateway)
        self._early: list[bytes] | None = None
        self._arriving: asyncio.Task[None] | None = None
        self._level = 0  # a leaky bucket of frames, told by the wheel's clock: it takes no object
        self._typed_at = 0.0
        self._opened_at = 0.0
        self.slot = -1

    # The socket's calls

    def opened(self, socket: Socket) -> None:
        """The connection is there; hello must follow soon."""
        self.socket = socket
        self.last_heard = self._opened_at = self.gateway.wheel.now
        self.gateway.opened(self)

    def text(self, payload: bytes) -> None:
        """One frame."""
        if self.closing or self.gateway.deaf:
            return
        gateway = self.gateway
        now = gateway.wheel.now
        if now != self.last_heard:
            self._leak(now - self.last_heard)
            self.last_heard = now
        gateway.figures.frames_in += 1
        self._level += 1 + (len(payload) >> WEIGHT_SHIFT)
        if self._level > gateway.rules.frames.burst:
            self._too_fast(payload)
            return
        if self._early is not None:
            if len(self._early) >= EARLY_FRAMES:
                self.close(Refused(Code.HELLO_EXPECTED, "wait for welcome"))
            else:
                self._early.append(payload)
            return
        try:
            frame = decode_client(payload)
        except BadFrame as refused:
            self.refuse(refused, refused.id)
            if not self.welcomed:
                self.close(refused)
            return
        self._handle(frame)

    def _leak(self, seconds: float) -> None:
        """Time has passed since the last frame: a tick of the wheel at least."""
        self._level = max(0, self._level - int(seconds * self.gateway.rules.frames.per_second))
        self._floods = 0

    def _too_fast(self, payload: bytes) -> None:
        """Refuse a frame unread, but for its id: whoever waits for the answer gets it."""
        rules = self.gateway.rules.frames
        # What is refused must not dig deeper: waiting as long as told is enough.
        self._level = rules.burst
        self.refuse(Refused(Code.RATE_LIMITED, "too many frames", 1.0 + 1.0 / rules.per_second), frame_id(payload))

    def paused(self) -> None:
        """The peer reads too slowly."""
        self._paused_at = self.gateway.now()
        self.gateway.wheel.add(self)

    def resumed(self) -> None:
        """The peer has caught up with its socket; now it catches up with its inbox."""
        self._paused_at = 0.0
        if self._resumed is not None and not self._resumed.done():
            self._resumed.set_result(None)
        if self._behind:
            self._catch_up()

    def closed(self) -> None:
        """The connection is gone."""
        self.closing = True
        if self._resumed is not None and not self._resumed.done():
            self._resumed.cancel()
        if self._arriving is not None:
            self._arriving.cancel()  # nobody is there to be let in: others wait for their turn
        self.gateway.gone(self)

    # The wheel's

    def deadline(self) -> float:
        """By when something must be heard, or a full socket be read, in seconds of the gateway's clock."""
        gateway = self.gateway
        if not self.welcomed:
            # Who has said hello has done its part: when all come back at once, the answer may take a while.
            rules = gateway.rules
            return self._opened_at + (rules.hello_seconds if self._early is None else rules.idle_seconds)
        due = self.last_heard + gateway.rules.idle_seconds
        return min(due, self._paused_at + gateway.rules.slow_seconds) if self._paused_at else due

    def overdue(self) -> None:
        """The deadline has passed."""
        if not self.welcomed:
            self.close(Refused(Code.HELLO_EXPECTED if self._early is None else Code.OVERLOADED))
        elif self._paused_at:
            self.close(Refused(Code.SLOW_CONSUMER))
        else:
            self.close(Refused(Code.IDLE))

    # Frames in

    def _handle(self, frame: ClientFrame) -> None:
        try:
            if self.welcomed:
                self.gateway.verbs[type(frame)](self, frame)
            elif type(frame) is Hello:
                self._early = []
                self._arriving = self.gateway.spawn(self._hello(frame))
            else:
                self.close(Refused(Code.HELLO_EXPECTED))
        except Refused as refused:
            self.refuse(refused, getattr(frame, "id", None))

    async def _hello(self, hello: Hello) -> None:
        try:
            await self.gateway.welcome(self, hello)
        except Refused as refused:
            self.close(refused)
        except Exception:
            _log.exception("hello failed")
            self.close(Refused(Code.INTERNAL))
        finally:
            self._arriving = None
            if self.closing:
                self.gateway.forget(self)
        early, self._early = self._early or [], None
        for payload in early:
            self.text(payload)

    def typed(self, every: float) -> bool:
        """Whether a typing frame counts now: at most one in `every` seconds does."""
        now = self.gateway.now()
        if now - self._typed_at < every:
            return False
        self._typed_at = now
        return True

    def ask(self, wish: Wish) -> None:
        """Submit a wish of this device. Raises `Refused`."""
        if self._in_flight >= IN_FLIGHT:
            raise Refused(Code.RATE_LIMITED, "too many sends wait for their answers", 1.0)
        self.gateway.accept.submit(self, wish)
        self._in_flight += 1


Verb = Callable[[Session, ClientFrame], None]
