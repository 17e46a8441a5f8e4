"""One connected device: what it says comes in here, what it is given goes out by its outward part.

A session has no task and no timer of its own while it is up to date.
"""

import asyncio
from typing import Final

import msgspec
import structlog

from chinwag.domain.command import Delete, Edit, Send
from chinwag.domain.ids import ACCOUNT_CHARACTERS, direct_id
from chinwag.domain.rate import WEIGHT_SHIFT
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.wish import Wish
from chinwag.ports.bus import Answer
from chinwag.roles.gateway.common import Common
from chinwag.roles.gateway.outward import Outward
from chinwag.roles.gateway.verbs import VERBS
from chinwag.roles.gateway.welcome import Welcoming
from chinwag.roles.port.socket import Socket
from chinwag.wire.codec import About, BadFrame, about, about_frame, decode_client, encode, error_frame
from chinwag.wire.frames import Ack, ClientFrame, Hello

EARLY_FRAMES: Final = 64
"""Frames that a client may send before its welcome."""
EARLY_BYTES: Final = 64 << 10
"""Bytes that a connection may bring in all before its welcome."""
IN_FLIGHT: Final = 1_000
"""Sends of one session that may wait for their answers."""

FLOOD: Final = 100
"""Frames refused as `rate_limited` within about a second that end a session."""

_FRAMES: Final[dict[type, str]] = {Send: "send", Edit: "edit", Delete: "delete"}
"""What asks for an action; `change` for all others."""

_log = structlog.get_logger(__name__)


class Session:
    """A socket's listener, and the asker of what its device sends."""

    __slots__ = (
        "_arriving",
        "_early",
        "_floods",
        "_in_flight",
        "_leaked_at",
        "_level",
        "_opened_at",
        "_typed_at",
        "_welcoming",
        "common",
        "out",
        "slot",
    )

    def __init__(self, common: Common, welcoming: Welcoming) -> None:
        self.common = common
        self.out = Outward(common)
        self._welcoming = welcoming
        self._early: list[bytes] | None = None
        self._arriving: asyncio.Task[None] | None = None
        self._level = 0  # a leaky bucket of frames, told by the wheel's clock: it takes no object
        self._leaked_at = 0.0
        self._floods = 0
        self._in_flight = 0
        self._typed_at = 0.0
        self._opened_at = 0.0
        self.slot = -1

    # The socket's calls

    def opened(self, socket: Socket) -> None:
        """The connection is there; hello must follow soon."""
        common, out = self.common, self.out
        out.socket = socket
        out.last_heard = self._leaked_at = self._opened_at = common.wheel.now
        common.hub.opened(out)
        common.wheel.add(self)

    def text(self, payload: bytes) -> None:
        """One frame."""
        common, out = self.common, self.out
        if out.closing or common.deaf:
            return
        now = common.wheel.now
        out.last_heard = now
        if now != self._leaked_at:
            self._leak(now)
        common.figures.frames_in += 1
        self._level += 1 + (len(payload) >> WEIGHT_SHIFT)
        if self._level > common.rules.frames.burst:
            self._too_fast(payload)
            return
        if self._early is not None:
            if len(self._early) >= EARLY_FRAMES:
                out.close(Refused(Code.HELLO_EXPECTED, "wait for welcome"))
            else:
                self._early.append(payload)
            return
        try:
            frame = decode_client(payload)
        except BadFrame as refused:
            if not _is_utf_8(payload):
                out.socket.close(1007, "a text frame holds UTF-8")  # RFC 6455, 8.1
                return
            self.refuse(refused, refused.about)
            if not out.welcomed:
                out.close(refused)
            return
        try:
            if out.welcomed:
                VERBS[type(frame)](self, frame)
            else:
                self._begin(out, frame)
        except Refused as refused:
            self.refuse(refused, about_frame(frame))

    def other(self) -> bool:
        """A ping, a pong, a part of a frame: it counts as a frame does. It is no sign of a device that works."""
        common, out = self.common, self.out
        if out.closing or common.deaf:
            return False
        now = common.wheel.now
        if now != self._leaked_at:
            self._leak(now)
        self._level += 1
        burst = common.rules.frames.burst
        if not out.welcomed and self._level > EARLY_FRAMES:
            out.close(Refused(Code.HELLO_EXPECTED, "wait for welcome"))
        elif self._level > burst:
            self._level = burst
            self._floods += 1
            if self._floods >= FLOOD:
                out.close(Refused(Code.RATE_LIMITED, "too many frames", 1.0))
            return False
        return not out.closing

    def _leak(self, now: float) -> None:
        """Time has passed since the last frame: a tick of the wheel at least."""
        self._level = max(0, self._level - int((now - self._leaked_at) * self.common.rules.frames.per_second))
        self._leaked_at = now
        self._floods = 0

    def _too_fast(self, payload: bytes) -> None:
        """Refuse a frame unread, but for its id: whoever waits for the answer gets it."""
        rules = self.common.rules.frames
        # What is refused must not dig deeper: waiting as long as told is enough.
        self._level = rules.burst
        self.refuse(Refused(Code.RATE_LIMITED, "too many frames", 1.0 + 1.0 / rules.per_second), about(payload))

    def paused(self) -> None:
        """The peer reads too slowly."""
        self.out.pause(self.common.now())
        self.common.wheel.add(self)

    def resumed(self) -> None:
        """The peer has caught up with its socket."""
        self.out.resume()

    def closed(self) -> None:
        """The connection is gone."""
        self.out.ended()
        if self._arriving is not None:
            self._arriving.cancel()  # nobody is there to be let in: others wait for their turn
        self.common.wheel.remove(self)
        self.common.hub.gone(self.out)

    # The wheel's

    def deadline(self) -> float:
        """By when something must be heard, or a full socket be read, in seconds of the gateway's clock."""
        rules, out = self.common.rules, self.out
        if not out.welcomed:
            # A client that has said hello has done its part: when all come back at once, the answer may take a while.
            return self._opened_at + (rules.hello_seconds if self._early is None else rules.idle_seconds)
        due = out.last_heard + rules.idle_seconds
        return min(due, out.paused_at + rules.slow_seconds) if out.paused_at else due

    def overdue(self) -> None:
        """The deadline has passed."""
        if not self.out.welcomed:
            self.out.close(Refused(Code.HELLO_EXPECTED if self._early is None else Code.OVERLOADED))
        elif self.out.paused_at:
            self.out.close(Refused(Code.SLOW_CONSUMER))
        else:
            self.out.close(Refused(Code.IDLE))

    # Frames in

    def _begin(self, out: Outward, frame: ClientFrame) -> None:
        if type(frame) is Hello:
            self._early = []
            self._arriving = self.common.tasks.spawn(self._hello(frame))
        else:
            out.close(Refused(Code.HELLO_EXPECTED))

    async def _hello(self, hello: Hello) -> None:
        out = self.out
        try:
            await self._welcoming.welcome(out, hello)
        except Refused as refused:
            out.close(refused)
        except Exception:
            _log.exception("hello failed")
            out.close(Refused(Code.INTERNAL))
        finally:
            self._arriving = None
            if out.closing:
                self.common.hub.forget(out)
        early, self._early = self._early or [], None
        for payload in early:
            self.text(payload)

    # For verbs

    def typed(self, every: float) -> bool:
        """Whether a typing frame counts now: at most one in `every` seconds does."""
        now = self.common.now()
        if now - self._typed_at < every:
            return False
        self._typed_at = now
        return True

    def ask(self, wish: Wish) -> None:
        """Submit a wish of this device. Raises `Refused`."""
        if self._in_flight >= IN_FLIGHT:
            raise Refused(Code.RATE_LIMITED, "too many sends wait for their answers", 1.0)
        self.common.accept.submit(self, wish)
        self._in_flight += 1

    # Answers

    def answered(self, wish: Wish, answer: Answer) -> None:
        """What became of a wish."""
        self._in_flight -= 1
        if answer.refused is None:
            self.out.push(encode(Ack(wish.id, wish.conversation, answer.number, answer.sent_at)))
        else:
            kind = _FRAMES.get(type(wish.action), "change")
            self.refuse(
                Refused(answer.refused, answer.detail, answer.retry_after), About(kind, wish.id, wish.conversation)
            )

    def refuse(self, refused: Refused, answers: About) -> None:
        """Tell the client what is refused."""
        self.common.figures.refused += 1
        account, to = self.out.account, answers.to
        if answers.conversation is None and to and to != account and len(to) <= ACCOUNT_CHARACTERS:
            answers = msgspec.structs.replace(answers, conversation=direct_id(account, to))
        self.out.push(error_frame(refused, answers))
        if refused.code is Code.RATE_LIMITED:
            self._floods += 1
            if self._floods >= FLOOD:
                self.out.close(refused)


def _is_utf_8(payload: bytes) -> bool:
    try:
        payload.decode()
    except UnicodeDecodeError:
        return False
    return True
