"""What one device is given: answers and events, and the way out of being behind.

A session is behind when something is missing between what it has and what arrives, or when its socket is full: then
one task reads its inbox until the end is reached. So memory stays bounded however slow the reader, and nothing is
skipped.
"""

import asyncio
from collections.abc import Sequence
from typing import Final, Literal, Protocol

import structlog

from chinwag.domain.ids import AccountId, DeviceId
from chinwag.domain.refusal import Code, Refused
from chinwag.fail_points import passing
from chinwag.flow import afresh, catch_up
from chinwag.flow.heed import ACCOUNT_EVENT, ends_session
from chinwag.flow.large.outdated import Outdated
from chinwag.ports.bus import Tell
from chinwag.ports.inbox import Bounds
from chinwag.roles.gateway.common import Common
from chinwag.roles.gateway.pulling import Pulling
from chinwag.roles.gateway.turns import STRETCH
from chinwag.roles.port.socket import Socket
from chinwag.wire.codec import EVENT_FRAME, encode, error_frame, signal_frame
from chinwag.wire.errors import CATALOGUE
from chinwag.wire.frames import Bye, Reset

AT_ONCE_BYTES: Final = 256 << 10
"""What arrives and is longer than this is read from the inbox, piece by piece."""

_log = structlog.get_logger(__name__)


class Beside(Protocol):
    """What a session has of large groups beside its inbox."""

    def passed(self, events: Sequence[bytes]) -> None:
        """These came from its inbox."""
        ...

    def resumed(self) -> None:
        """Its socket has room again."""
        ...


class Outward:
    """The outward part of a session: a seat of the hub, and an inbox's reader.

    id, account and device are empty until the hub attaches it. position: up to which its inbox was given to it, in
    the inbox's `epoch`.
    last_heard: when the device last said something, in seconds of the gateway's clock; the session says it here.
    paused_at: since when its socket is full, 0.0 if it is not.
    pulling: what it follows and watches of large groups, None before it does. beside: this, or that it is a client that
    knows none and is a member of some.
    """

    __slots__ = (
        "_behind",
        "_catching",
        "_common",
        "_out",
        "_resumed",
        "_to_load",
        "account",
        "beside",
        "closing",
        "device",
        "epoch",
        "id",
        "last_heard",
        "old",
        "paused_at",
        "position",
        "pulling",
        "socket",
        "welcomed",
    )

    def __init__(self, common: Common) -> None:
        self._common = common
        self._out: list[bytes] = []
        self._behind = False
        self._catching = False
        self._to_load = False
        self._resumed: asyncio.Future[None] | None = None
        self.id = ""
        self.account = AccountId("")
        self.device = DeviceId("")
        self.position = 0
        self.epoch = 0
        self.last_heard = 0.0
        self.paused_at = 0.0
        self.welcomed = False
        self.closing = False
        self.beside: Beside | None = None
        self.old: Outdated | None = None
        self.pulling: Pulling | None = None
        self.socket: Socket

    def push(self, payload: bytes) -> None:
        """Queue a frame; all of one turn of the loop go out in one write."""
        if self.closing:
            return
        if not self._out:
            self._common.writes.add(self)
        self._out.append(payload)

    def flush(self) -> None:
        """Write what is queued."""
        out, self._out = self._out, []
        self._common.figures.frames_out += len(out)
        self.socket.send_many(out)
        if not self.paused_at:
            return
        if self.socket.buffered > self._common.rules.outbound_bytes or self.socket.too_much:
            self.close(Refused(Code.SLOW_CONSUMER))

    def cut(self) -> None:
        """Let go of a socket that cannot be written to."""
        self.socket.abort()

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
        self._common.hub.leaving(self, refused.code)
        self._let_go()
        self.socket.send_many(out)
        self.socket.close(entry.close, refused.code)

    def pause(self, now: float) -> None:
        """The socket is full."""
        self.paused_at = now

    def resume(self) -> None:
        """The socket has room again: now the device catches up with its inbox."""
        self.paused_at = 0.0
        if self._resumed is not None and not self._resumed.done():
            self._resumed.set_result(None)
        if self._behind:
            self._catch_up()
        if self.beside is not None:
            self.beside.resumed()

    def ended(self) -> None:
        """The connection is gone."""
        self.closing = True
        if self._resumed is not None and not self._resumed.done():
            self._resumed.cancel()
        self._let_go()

    def pulling_now(self) -> Pulling:
        """What it follows and watches, from now on."""
        if self.pulling is None:
            self._let_go()  # whoever asks for large groups knows of them, whatever it said in its hello
            self.beside = self.pulling = Pulling(self, self._common.feeds, self._common.watches)
        return self.pulling

    def is_old(self, told: bool) -> None:
        """Its client knows nothing of large groups. told: it has just been told to load afresh."""
        common = self._common
        told_at = common.old.now() if told else None
        self.old = common.old.came(self.account, self.device, self._load_afresh, self._has_large, told_at)

    def arrived(self, position: int, events: Sequence[bytes], epoch: int) -> None:
        """Events from the inbox's feed."""
        if self._catching or self.paused_at or not self.welcomed:
            self._behind = True
            return
        known = self.position + 1 - position
        if known < 0 or epoch != self.epoch:
            self._catch_up()
        elif known < len(events):
            if len(events) > 1 and sum(map(len, events)) > AT_ONCE_BYTES:
                self._catch_up()  # at the pace of the socket, not all at once
            else:
                self._give(events[known:] if known else events)

    def told(self, tell: Tell) -> None:
        """A signal. One for a socket that is full is dropped: signals may be lost."""
        if self.welcomed and not self.paused_at and tell.but != self.device:
            self.push(signal_frame(tell.signal))

    def begin(self, epoch: int, position: int, behind: bool) -> None:
        """The session is welcome, and has everything up to `position` of `epoch`."""
        self.welcomed = True
        self.socket.admitted(self.account)
        self.epoch, self.position = epoch, position
        if behind or self._behind:
            self._catch_up()

    def _give(self, events: Sequence[bytes]) -> None:
        """Queue events, the first of them for the next position."""
        if self.closing:
            return
        # As `push` does, without its call: that is made for every event of every device.
        out, position, is_of_account = self._out, self.position, ACCOUNT_EVENT
        if events and not out:
            self._common.writes.add(self)
        for event in events:
            position += 1
            out.append(EVENT_FRAME % (position, event))
            if event.startswith(is_of_account):
                self.position = position
                if self._heed(event):
                    break
        self.position = position
        if self.beside is not None:
            self.beside.passed(events)

    def _heed(self, event: bytes) -> bool:
        """A change of the own account may end the session: the certain way, where the Bus is the quick one. Whether it
        did."""
        ended = ends_session(event, self.account, self.device)
        if ended:
            self.close(Refused(Code.REVOKED))
        return ended

    def _let_go(self) -> None:
        """Of what it has beside its inbox."""
        if self.pulling is not None:
            self.pulling.ended()
        if self.old is not None:
            self.old.ended()
            self.old = None

    def _has_large(self) -> None:
        if self.pulling is None:
            self.beside = self.old

    def _load_afresh(self) -> None:
        self._to_load = self._behind = True  # it may have to read once more what it was given
        if self.welcomed and not self.paused_at:
            self._catch_up()

    # Behind

    def _catch_up(self) -> None:
        if not self._catching and not self.closing:
            self._catching = True
            self._common.tasks.spawn(self._read_on())

    async def _read_on(self) -> None:
        """Give everything that the inbox holds after `position`, at the pace at which the socket takes it."""
        common = self._common
        try:
            while not self.closing:
                self._behind = False
                async with common.catching:
                    await common.turns.take(STRETCH)
                    if self._to_load:
                        await self._begin_again()
                    stretch = await catch_up.read(common.inbox, common.store, self.account, self.position)
                    if stretch.bounds.epoch != self.epoch:
                        await self._begin_anew(stretch.bounds)
                        continue
                    if stretch.events:
                        self._give(stretch.events)
                        self.flush()
                        passing("catch_up.half")
                if self.paused_at and not self.closing:
                    self._resumed = asyncio.get_running_loop().create_future()
                    await self._resumed
                elif not stretch.events and not await self._passed_over(stretch.bounds) and not self._behind:
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

    async def _passed_over(self, bounds: Bounds) -> bool:
        """Whether what comes next was given up, as it is older than what is kept: say so (P7 of docs/guarantees.md)."""
        if self.position >= bounds.floor or self.closing:
            return False
        await self._begin_behind("old", bounds)
        return True

    async def _begin_anew(self, bounds: Bounds) -> None:
        """What the device has may be gone from its inbox, by a restore or a change of database: say so."""
        await self._begin_behind("epoch", bounds)

    async def _begin_again(self) -> None:
        """The device has missed nothing, and is to load afresh."""
        common, self._to_load = self._common, False
        position = await afresh.again(common.inbox, common.store, self.account, self.epoch, self.position)
        self._tell_afresh("old", self.epoch, position)

    async def _begin_behind(self, why: Literal["old", "epoch"], bounds: Bounds) -> None:
        position = await afresh.afresh(self._common.inbox, self._common.store, self.account, bounds)
        self._tell_afresh(why, bounds.epoch, position)

    def _tell_afresh(self, why: Literal["old", "epoch"], epoch: int, position: int) -> None:
        if not self.closing:
            self.push(encode(Reset(why, epoch, position)))
            self.epoch, self.position = epoch, position
