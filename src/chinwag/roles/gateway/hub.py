"""The hub: all sessions of this gateway, by account; who comes and goes is reported, who is revoked is closed."""

import asyncio
import random
from collections.abc import Callable
from typing import Final, Protocol, TypeGuard

import msgspec

from chinwag.domain.ids import AccountId, DeviceId
from chinwag.domain.presence import part_of
from chinwag.domain.refusal import Code, Refused
from chinwag.domain.tracing import SessionAt
from chinwag.flow.access.admission import Principal
from chinwag.flow.clock import Clock
from chinwag.flow.fan_out import FanOut, Reader
from chinwag.ports.bus import (
    RECOUNT,
    RECOUNT_WANTED,
    REVOKED,
    Bus,
    EverybodyRevoked,
    NodeId,
    Publication,
    Recount,
    Revoked,
    SessionChange,
    Work,
    sessions_of,
)
from chinwag.ports.questions import Questions, SessionsHere
from chinwag.roles.gateway.rules import GatewayRules
from chinwag.roles.gateway.tasks import Tasks

REPLACED_RETURN: Final = 10.0
"""Seconds after which a session may come back that was closed for a newer one."""
SLICE: Final = 500
"""Sessions gone through before others have their turn."""


class Seat(Reader, Protocol):
    """A session as the hub knows it. id, account and device are empty until it is attached."""

    id: str
    account: AccountId
    device: DeviceId
    position: int
    welcomed: bool
    closing: bool
    last_heard: float

    def close(self, refused: Refused, reconnect_after: float = 0.0) -> None:
        """Say `bye` and close. Closing twice does nothing."""
        ...


class Around(msgspec.Struct, frozen=True, kw_only=True):
    """What a hub listens to and reports to."""

    fan_out: FanOut
    bus: Bus
    questions: Questions
    clock: Clock
    now: Callable[[], float]


class Hub:
    """Knows every session from its connection's beginning to its end."""

    def __init__(self, node: NodeId, around: Around, rules: GatewayRules, tasks: Tasks) -> None:
        self.node: Final = node
        self._fan_out = around.fan_out
        self._bus = around.bus
        self._questions = around.questions
        self._clock = around.clock
        self._now = around.now
        self._rules = rules
        self._tasks = tasks
        self._seats: set[Seat] = set()
        self._made = 0
        self._stops: list[Callable[[], None]] = []
        self._bus.on_interruption(self._interrupted)

    def __len__(self) -> int:
        """Open connections, welcomed or not."""
        return len(self._seats)

    def start(self) -> None:
        """Begin to listen on the Bus, and to answer for the sessions here."""
        self._stops = [
            self._bus.subscribe(REVOKED, self._revoked),
            self._bus.subscribe(RECOUNT, self._asked_to_recount),
            self._questions.answer(self.node, SessionsHere, self._sessions_here),
        ]

    def drain(self, within: float) -> None:
        """Say goodbye to every session; clients come back spread over `within` seconds."""
        for seat in tuple(self._seats):
            seat.close(Refused(Code.DRAIN), reconnect_after=random.uniform(0, within))  # noqa: S311

    def stop(self) -> None:
        """Listen no longer."""
        for stop in self._stops:
            stop()
        self._stops = []

    def opened(self, seat: Seat) -> None:
        """A connection is there."""
        self._seats.add(seat)

    def attach(self, seat: Seat, principal: Principal) -> None:
        """`seat` is a session of that device; from here on what arrives for its account is given to it.

        Where there are too many already the oldest is closed: half-open ones of a device that comes and goes.
        """
        mine = self._of(principal.account)
        device = [other for other in mine if other.device == principal.device]
        for seats, most in ((device, self._rules.sessions_per_device), (mine, self._rules.sessions_per_account)):
            if len(seats) >= most:
                seats[0].close(Refused(Code.RATE_LIMITED, retry_after=REPLACED_RETURN))
                break
        self._made += 1
        seat.id = f"{self.node}.{self._made}"
        seat.account, seat.device = principal.account, principal.device
        self._fan_out.attach(seat)

    def present(self, seat: Seat) -> None:
        """`seat` is welcome."""
        self._report(seat, "up")

    def leaving(self, seat: Seat, code: Code) -> None:
        """`seat` begins to close for `code`: nothing arrives for it any more."""
        self._fan_out.detach(seat)
        if seat.welcomed:
            self._report(seat, "out" if code is Code.REVOKED else "down")

    def forget(self, seat: Seat) -> None:
        """`seat` ended before it was welcome, perhaps while it was being let in."""
        if seat.account:
            self._fan_out.detach(seat)

    def gone(self, seat: Seat) -> None:
        """The connection is gone."""
        self._seats.discard(seat)
        if seat.account:
            self._fan_out.detach(seat)
            if seat.welcomed:
                self._report(seat, "down")

    def _of(self, account: AccountId) -> list[Seat]:
        """The sessions of an account, oldest first: streams and polls are its readers too, and none of ours."""
        return [reader for reader in self._fan_out.of(account) if self._is_ours(reader)]

    def _is_ours(self, reader: Reader) -> TypeGuard[Seat]:
        return reader in self._seats

    async def _sessions_here(self, question: SessionsHere) -> list[SessionAt]:
        seats = self._of(question.account)
        return [SessionAt(one.id, one.device, one.position) for one in seats if one.welcomed]

    def _report(self, seat: Seat, state: str) -> None:
        silent = self._now() - seat.last_heard if state == "down" else 0.0
        at = self._clock() - int(max(0.0, silent) * 1000)
        change = SessionChange(seat.account, seat.device, self.node, seat.id, state, at)
        self._bus.publish(sessions_of(part_of(seat.account)), change)

    def _revoked(self, publication: Publication) -> None:
        if type(publication) is EverybodyRevoked:
            for seat in tuple(self._seats):
                seat.close(Refused(Code.UNAUTHENTICATED))
        if type(publication) is not Revoked:
            return
        devices: frozenset[DeviceId] = frozenset(publication.devices)
        for seat in self._of(publication.account):
            if publication.account_closed or seat.device in devices:
                seat.close(Refused(Code.REVOKED))

    def _interrupted(self) -> None:
        """What was reported just now may not have come to presence, and what is over is not reported again."""
        if self._stops:
            self._bus.publish(RECOUNT_WANTED, Work())

    def _asked_to_recount(self, publication: Publication) -> None:
        if isinstance(publication, Recount):
            self._tasks.spawn(self._recount(frozenset(publication.parts)))

    async def _recount(self, parts: frozenset[int]) -> None:
        for count, seat in enumerate(tuple(self._seats)):
            if seat.welcomed and not seat.closing and part_of(seat.account) in parts:
                self._report(seat, "up")
            if count % SLICE == SLICE - 1:
                await asyncio.sleep(0)
