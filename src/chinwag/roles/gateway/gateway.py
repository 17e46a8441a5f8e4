"""The gateway: all sessions of this process, and what they share."""

import asyncio
import random
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final

import msgspec
import structlog

from chinwag.domain.ids import DeviceId
from chinwag.domain.rate import Rate
from chinwag.domain.refusal import Code, Refused
from chinwag.domain.tracing import SessionAt
from chinwag.fail_points import passing, passing_half_way
from chinwag.flow import catch_up
from chinwag.flow.accept import Accept
from chinwag.flow.access.admission import Admission, Principal
from chinwag.flow.access.tickets import Tickets
from chinwag.flow.announce import Announce
from chinwag.flow.clock import Clock
from chinwag.flow.marks import MarkFlow
from chinwag.flow.states import States
from chinwag.ports.bus import (
    RECOUNT,
    REVOKED,
    SESSIONS,
    Bus,
    EverybodyRevoked,
    NodeId,
    Publication,
    Revoked,
    SessionChange,
)
from chinwag.ports.inbox import Inbox
from chinwag.ports.message_store import MessageStore
from chinwag.ports.questions import Questions, SessionsHere
from chinwag.roles.budgets import WRONG_TOKEN, Budgets
from chinwag.roles.gateway.outward import Outward
from chinwag.roles.gateway.session import Session, Verb
from chinwag.roles.gateway.turns import SIGNATURE, WELCOME, Turns
from chinwag.roles.gateway.verbs import VERBS
from chinwag.roles.port.origin import check_origin
from chinwag.roles.port.upgrade import Upgrade
from chinwag.roles.port.wheel import Wheel
from chinwag.wire.codec import encode, parse_cursor
from chinwag.wire.frames import Hello, Limits, Reset, Welcome

CATCHING_UP: Final = 8
"""Sessions that read their inboxes at a time: a bound on what they hold in memory (docs/decisions/returning.md)."""
REPLACED_RETURN: Final = 10.0
"""Seconds after which a session may come back that was closed for a newer one."""
SLICE: Final = 500
"""Sessions gone through before others have their turn."""

_log = structlog.get_logger(__name__)


class GatewayRules(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of a session. Times in seconds, sizes in bytes.

    frames: of every kind, per session; one counts once more for each 64 KiB in it. sessions_per_device and
    sessions_per_account: one more closes the oldest. origins: of other sites' pages that may open a socket.
    """

    heartbeat_seconds: float = 5.0
    idle_seconds: float = 31.0
    hello_seconds: float = 10.0
    slow_seconds: float = 30.0
    outbound_bytes: int = 4 << 20
    frames: Rate = Rate(70.0, 600)
    sessions_per_device: int = 20
    sessions_per_account: int = 200
    origins: frozenset[str] = frozenset()
    limits: Limits = Limits(99_999, 100, 2 << 20)


class Figures(msgspec.Struct):
    """What the gateway has done since it began."""

    frames_in: int = 0
    frames_out: int = 0
    refused: int = 0
    welcomed: int = 0


class Services(msgspec.Struct, frozen=True, kw_only=True):
    """The legs of the way that sessions call."""

    admission: Admission
    tickets: Tickets
    accept: Accept
    announce: Announce
    marks: MarkFlow
    states: States
    inbox: Inbox
    store: MessageStore
    bus: Bus
    budgets: Budgets
    questions: Questions


class Gateway:
    """Makes sessions, welcomes them, writes for them, and says goodbye."""

    def __init__(
        self,
        node: NodeId,
        services: Services,
        rules: GatewayRules,
        clock: Clock,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.node = node
        self.rules = rules
        self.now = now
        self.figures = Figures()
        self.deaf = False
        self.verbs: Mapping[type, Verb] = VERBS
        self.accept = services.accept
        self.marks = services.marks
        self.states = services.states
        self.inbox = services.inbox
        self.store = services.store
        self.bus = services.bus
        self.budgets = services.budgets
        self.catching = asyncio.Semaphore(CATCHING_UP)
        self.turns = Turns()
        self.wheel = Wheel[Session](Session.overdue, clock=now)
        self.loop: asyncio.AbstractEventLoop
        self._admission = services.admission
        self._tickets = services.tickets
        self._announce = services.announce
        self._clock = clock
        self._questions = services.questions
        self._sessions: set[Session] = set()
        self._dirty: list[Outward] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._made = 0
        self._unsubscribe: list[Callable[[], None]] = []

    def __len__(self) -> int:
        """Open connections, welcomed or not."""
        return len(self._sessions)

    async def _sessions_here(self, question: SessionsHere) -> list[SessionAt]:
        """The welcomed sessions of an account here, and how far each has been given its inbox."""
        sessions = [reader for reader in self._announce.of(question.account) if isinstance(reader, Session)]
        return [SessionAt(one.id, one.device, one.position) for one in sessions if one.welcomed]

    def start(self) -> None:
        """Begin to listen on the Bus and to watch the time."""
        self.loop = asyncio.get_running_loop()
        self.wheel.start()
        self._unsubscribe = [
            self.bus.subscribe(REVOKED, self._revoked),
            self.bus.subscribe(RECOUNT, self._asked_to_recount),
            self._questions.answer(self.node, SessionsHere, self._sessions_here),
        ]

    def quiesce(self) -> None:
        """Take no further frame from anybody; what was taken is still answered."""
        self.deaf = True

    def drain(self, within: float) -> None:
        """Say goodbye to every session; clients come back spread over `within` seconds."""
        for session in tuple(self._sessions):
            session.close(Refused(Code.DRAIN), reconnect_after=random.uniform(0, within))  # noqa: S311

    def stop(self) -> None:
        """Let go of everything."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self.wheel.stop()
        for task in self._tasks:
            task.cancel()

    # For the port

    def listener(self, request: Upgrade) -> Session:
        """The listener of a new socket. Raises `Refused(FORBIDDEN)` for a page of a foreign origin."""
        check_origin(request.all("origin"), request.header("host") or "", self.rules.origins)
        return Session(self)

    # For sessions

    def opened(self, session: Session) -> None:
        """A connection is there."""
        self._sessions.add(session)
        self.wheel.add(session)

    async def welcome(self, session: Session, hello: Hello) -> None:
        """Let a session in and begin where its cursor says. Raises `Refused`."""
        cursor = parse_cursor(hello.cursor) if hello.cursor is not None else None
        principal = await self._admit(hello, session.socket.remote[0])
        if _has_left(session):
            return
        self._make_room(principal)
        self._made += 1
        session.id = f"{self.node}.{self._made}"
        session.account, session.device = principal.account, principal.device
        self._announce.attach(session)  # from here on what arrives is noted, and read below
        await self.turns.take(WELCOME)
        epoch, position = (cursor.epoch, cursor.position) if cursor else (None, 0)
        start = await catch_up.start(self.inbox, session.account, epoch, position)
        if _has_left(session):
            return
        session.push(
            encode(
                Welcome(
                    session=session.id,
                    account=session.account,
                    device=session.device,
                    epoch=start.epoch,
                    position=start.position,
                    heartbeat=self.rules.heartbeat_seconds,
                    limits=self.rules.limits,
                )
            )
        )
        if start.reset is not None:
            session.push(encode(Reset(start.reset, start.epoch, start.position)))
        elif cursor is not None and cursor.position:
            self.marks.received(session.account, cursor.position)
        self.figures.welcomed += 1
        self._report(session, "up")
        session.begin(start.position, behind=start.head > start.position)

    async def _admit(self, hello: Hello, address: str) -> Principal:
        try:
            if hello.ticket:
                return await self._admission.admit(self._tickets.redeem(hello.ticket))
            if (known := self._admission.peek(hello.token)) is not None:
                return known
            await self.turns.take(SIGNATURE)
            return await self._admission.check(hello.token)
        except Refused as refused:
            if refused.code in WRONG_TOKEN:
                self.budgets.stranger(address)
            raise

    def _make_room(self, principal: Principal) -> None:
        """Close the oldest session where there are too many: half-open ones of a device that comes and goes."""
        mine = [reader for reader in self._announce.of(principal.account) if isinstance(reader, Session)]
        device = [session for session in mine if session.device == principal.device]
        for sessions, most in ((device, self.rules.sessions_per_device), (mine, self.rules.sessions_per_account)):
            if len(sessions) >= most:
                sessions[0].close(Refused(Code.RATE_LIMITED, retry_after=REPLACED_RETURN))
                break

    def dirty(self, session: Outward) -> None:
        """`session` has frames to write at the end of this turn."""
        if not self._dirty:
            self.loop.call_soon(self._flush)
        self._dirty.append(session)

    def leaving(self, session: Outward, code: Code) -> None:
        """`session` begins to close for `code`: nothing arrives for it any more."""
        self._announce.detach(session)
        if session.welcomed:
            self._report(session, "out" if code is Code.REVOKED else "down")

    def forget(self, session: Session) -> None:
        """`session` ended before it was welcome, perhaps while it was being let in."""
        if session.account:
            self._announce.detach(session)

    def gone(self, session: Session) -> None:
        """The connection is gone."""
        self._sessions.discard(session)
        self.wheel.remove(session)
        if session.account:
            self._announce.detach(session)
            if session.welcomed:
                self._report(session, "down")

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run `work` beside, and keep it from being collected."""
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        failure = None if task.cancelled() else task.exception()
        if isinstance(failure, Refused):
            _log.info("work for a session was refused", code=failure.code, detail=failure.detail)
        elif failure is not None:
            _log.error("work for a session failed", exc_info=failure)

    def _flush(self) -> None:
        sessions, self._dirty = self._dirty, []
        for session in passing_half_way("gateway.half", sessions):
            if session.closing:
                continue
            try:
                session.flush()
            except Exception:
                # The others are told nevertheless; this one comes back with its cursor.
                _log.exception("a session could not be written to", session=session.id)
                session.socket.abort()
        passing("gateway.written")

    def _report(self, session: Outward, state: str) -> None:
        silent = self.now() - session.last_heard if state == "down" else 0.0
        at = self._clock() - int(max(0.0, silent) * 1000)
        self.bus.publish(SESSIONS, SessionChange(session.account, session.device, self.node, session.id, state, at))

    def _revoked(self, publication: Publication) -> None:
        if type(publication) is EverybodyRevoked:
            for session in tuple(self._sessions):
                session.close(Refused(Code.UNAUTHENTICATED))
        if type(publication) is not Revoked:
            return
        devices: frozenset[DeviceId] = frozenset(publication.devices)
        for reader in self._announce.of(publication.account):
            if isinstance(reader, Session) and (publication.account_closed or reader.device in devices):
                reader.close(Refused(Code.REVOKED))

    def _asked_to_recount(self, _: Publication) -> None:
        self.spawn(self._recount())

    async def _recount(self) -> None:
        for count, session in enumerate(tuple(self._sessions)):
            if session.welcomed and not session.closing:
                self._report(session, "up")
            if count % SLICE == SLICE - 1:
                await asyncio.sleep(0)


def _has_left(session: Session) -> bool:
    """Whether it has begun to close, which may have been during any await."""
    return session.closing
