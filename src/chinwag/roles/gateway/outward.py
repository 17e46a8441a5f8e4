"""The outward half of a session: answers and events to one device, and its way out of being behind.

A session is behind when something is missing between what it has and what arrives, or when its socket is full: then
one task reads its inbox until the end is reached. So memory stays bounded however slow the reader, and nothing is
skipped.
"""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import msgspec
import structlog

from chinwag.domain.account_change import AccountClosed, AccountDisabled, DeviceRevoked
from chinwag.domain.events import AccountEvent
from chinwag.domain.ids import AccountId, ClientId, DeviceId
from chinwag.domain.refusal import Code, Refused
from chinwag.fail_points import passing
from chinwag.flow import catch_up
from chinwag.flow.accept import Wish
from chinwag.ports.bus import Answer, Tell
from chinwag.ports.inbox import Bounds
from chinwag.roles.gateway.turns import STRETCH
from chinwag.roles.port.socket import Socket
from chinwag.wire.codec import encode, error_frame, event_frame, signal_frame
from chinwag.wire.errors import CATALOGUE
from chinwag.wire.frames import Ack, Bye, Reset

if TYPE_CHECKING:
    from chinwag.roles.gateway.gateway import Gateway

AT_ONCE_BYTES: Final = 256 << 10
"""What arrives and is longer than this is read from the inbox, piece by piece."""
FLOOD: Final = 100
"""Frames refused as `rate_limited` within about a second that end a session."""

_ACCOUNT_EVENT: Final = b'{"kind":"account"'
_account_event: Final = msgspec.json.Decoder(AccountEvent).decode
_log = structlog.get_logger(__name__)


class Outward:
    """What goes out to one device: an inbox's reader, and the asker of what the device sends."""

    __slots__ = (
        "_behind",
        "_catching",
        "_floods",
        "_in_flight",
        "_out",
        "_paused_at",
        "_resumed",
        "account",
        "closing",
        "device",
        "gateway",
        "id",
        "last_heard",
        "position",
        "socket",
        "welcomed",
    )

    def __init__(self, gateway: "Gateway") -> None:
        self.gateway = gateway
        self._out: list[bytes] = []
        self._behind = False
        self._catching = False
        self._paused_at = 0.0
        self._resumed: asyncio.Future[None] | None = None
        self._in_flight = 0
        self._floods = 0
        self.id = ""
        self.last_heard = 0.0
        self.account = AccountId("")
        self.device = DeviceId("")
        self.position = 0
        self.welcomed = False
        self.closing = False
        self.socket: Socket

    def push(self, payload: bytes) -> None:
        """Queue a frame; all of one turn of the loop go out in one write."""
        if self.closing:
            return
        if not self._out:
            self.gateway.dirty(self)
        self._out.append(payload)

    def flush(self) -> None:
        """Write what is queued."""
        out, self._out = self._out, []
        self.gateway.figures.frames_out += len(out)
        self.socket.send_many(out)
        if self._paused_at and self.socket.buffered > self.gateway.rules.outbound_bytes:
            self.close(Refused(Code.SLOW_CONSUMER))

    def refuse(self, refused: Refused, answers: ClientId | None) -> None:
        """Tell the client what is refused."""
        self.gateway.figures.refused += 1
        self.push(error_frame(refused, answers))
        if refused.code is Code.RATE_LIMITED:
            self._floods += 1
            if self._floods >= FLOOD:
                self.close(refused)

    def close(self, refused: Refused, reconnect_after: float = 0.0) -> None:
        """Say `bye` with the code and close. Closing twice does nothing."""
        if self.closing:
            return
        entry = CATALOGUE[refused.code]
        if not self.welcomed and refused.code is not Code.HELLO_EXPECTED:
            self.push(error_frame(refused))
        elsewhere = refused.code in (Code.DRAIN, Code.OVERLOADED)
        self.push(encode(Bye(refused.code, reconnect_after or refused.retry_after or 0.0, elsewhere)))
        out, self._out = self._out, []
        self.closing = True
        self.gateway.leaving(self, refused.code)
        self.socket.send_many(out)
        self.socket.close(entry.close, refused.code)

    def answered(self, wish: Wish, answer: Answer) -> None:
        """What became of a wish."""
        self._in_flight -= 1
        if answer.refused is None:
            self.push(encode(Ack(wish.id, wish.conversation, answer.number, answer.sent_at)))
        else:
            self.refuse(Refused(answer.refused, answer.detail), wish.id)

    def arrived(self, position: int, events: Sequence[bytes]) -> None:
        """Events from the inbox's feed."""
        if self._catching or self._paused_at or not self.welcomed:
            self._behind = True
            return
        known = self.position + 1 - position
        if known < 0:
            self._catch_up()
        elif known < len(events):
            if len(events) > 1 and sum(map(len, events)) > AT_ONCE_BYTES:
                self._catch_up()  # at the pace of the socket, not all at once
            else:
                self._give(events[known:] if known else events)

    def told(self, tell: Tell) -> None:
        """A signal. One for a socket that is full is dropped: signals may be lost."""
        if self.welcomed and not self._paused_at and tell.but != self.device:
            self.push(signal_frame(tell.signal))

    def begin(self, position: int, behind: bool) -> None:
        """The session is welcome, and has everything up to `position`."""
        self.welcomed = True
        self.socket.admitted()
        self.position = position
        if behind or self._behind:
            self._catch_up()

    def _give(self, events: Sequence[bytes]) -> None:
        """Queue events, the first of them for the next position."""
        for event in events:
            self.position += 1
            self.push(event_frame(self.position, event))
            if event.startswith(_ACCOUNT_EVENT):
                self._heed(event)

    def _heed(self, event: bytes) -> None:
        """A change of the own account may end the session: the certain way, where the Bus is the quick one."""
        change = _account_event(event).change
        revoked = isinstance(change, DeviceRevoked) and change.device == self.device
        shut = isinstance(change, AccountClosed | AccountDisabled) and change.account == self.account
        if revoked or shut:
            self.close(Refused(Code.REVOKED))

    # Behind

    def _catch_up(self) -> None:
        if not self._catching and not self.closing:
            self._catching = True
            self.gateway.spawn(self._read_on())

    async def _read_on(self) -> None:
        """Give everything that the inbox holds after `position`, at the pace at which the socket takes it."""
        gateway = self.gateway
        try:
            while not self.closing:
                self._behind = False
                async with gateway.catching:
                    await gateway.turns.take(STRETCH)
                    stretch = await catch_up.read(gateway.inbox, gateway.store, self.account, self.position)
                    if stretch.events:
                        self._give(stretch.events)
                        self.flush()
                        passing("catch_up.half")
                if self._paused_at and not self.closing:
                    self._resumed = gateway.loop.create_future()
                    await self._resumed
                elif not stretch.events and not self._passed_over(stretch.bounds) and not self._behind:
                    break
        except asyncio.CancelledError:
            if not self.closing:
                raise
        except Exception as failure:
            refused = failure if isinstance(failure, Refused) else Refused(Code.INTERNAL)
            if refused is not failure:
                _log.exception("catching up failed", account=self.account)
            self.close(refused, reconnect_after=1.0)
        finally:
            self._catching = False

    def _passed_over(self, bounds: Bounds) -> bool:
        """Whether what comes next was given up meanwhile, as it is older than what is kept: say so (P7)."""
        if self.position >= bounds.floor or self.closing:
            return False
        self.push(encode(Reset("old", bounds.epoch, bounds.head)))
        self.position = bounds.head
        return True
