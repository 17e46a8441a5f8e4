"""Devices without a socket: when they were last heard of, for presence, and what they hold open here.

A device that polls, streams or sends a heartbeat is connected until it was silent for as long as a socket may be.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import msgspec

from chinwag.domain.ids import DeviceId
from chinwag.domain.presence import part_of
from chinwag.domain.rate import Rate
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.admission import Principal
from chinwag.flow.budget import Shared
from chinwag.flow.clock import Clock
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
from chinwag.roles.port.wheel import Wheel

WAIT_MOST: Final = 25.0
"""Seconds that a request may wait: proxies cut connections that are silent for longer."""
DEVICES: Final = 100_000
"""Devices remembered; one more is refused as `overloaded`."""
OPEN: Final = 4
"""Streams and waiting polls of one device at a time."""
OPEN_ALL: Final = 8_000
"""Streams and waiting polls of all devices at a time."""


class PollBudget(msgspec.Struct, frozen=True):
    """How often one device may ask for events; its account `account_share` times as often."""

    rate: Rate = Rate(2.0, 20)
    account_share: int = 4


class _Device:
    """One device. `held` are the tasks of its streams and waiting polls."""

    __slots__ = ("held", "last_heard", "over", "principal", "session", "slot")

    def __init__(self, principal: Principal, session: str, now: float, over: Callable[["_Device"], float]) -> None:
        self.principal = principal
        self.held: set[asyncio.Task[object]] = set()
        self.last_heard = now
        self.over = over
        self.session = session
        self.slot = -1

    def deadline(self) -> float:
        return self.over(self)


class Heard:
    """The table of those devices, one a process."""

    def __init__(
        self,
        node: NodeId,
        bus: Bus,
        clock: Clock,
        idle_seconds: float,
        budget: PollBudget = PollBudget(),  # noqa: B008 - frozen
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._node = node
        self._bus = bus
        self._clock = clock
        self._idle = idle_seconds
        self._polls = Shared(budget.rate, budget.account_share, now)
        self._now = now
        self._devices: OrderedDict[DeviceId, _Device] = OrderedDict()
        self.open = 0
        """Streams and waiting polls held open."""
        self._made = 0
        self._closing = False
        self._wheel = Wheel[_Device](self._silent, clock=now)
        self._unsubscribe: list[Callable[[], None]] = []
        self._on_drop: list[Callable[[DeviceId], None]] = []
        bus.on_interruption(self._interrupted)

    def __len__(self) -> int:
        """Devices that count as connected."""
        return len(self._devices)

    def start(self) -> None:
        """Begin to watch the time and the Bus."""
        self._wheel.start()
        self._unsubscribe = [
            self._bus.subscribe(REVOKED, self._revoked),
            self._bus.subscribe(RECOUNT, self._recount),
        ]

    def drain(self) -> None:
        """End every stream and waiting poll; their clients come back with their cursors."""
        self._closing = True
        for device in self._devices.values():
            for task in tuple(device.held):
                task.cancel(Code.DRAIN)

    def stop(self) -> None:
        """Stop watching."""
        self._wheel.stop()
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self._unsubscribe = []

    def on_drop(self, handler: Callable[[DeviceId], None]) -> None:
        """Call `handler` with each device that is heard of no longer."""
        self._on_drop.append(handler)

    def beat(self, principal: Principal) -> None:
        """The device is there. Raises `Refused(OVERLOADED)` when too many are."""
        self._note(principal)

    def poll(self, principal: Principal) -> None:
        """The device asks for events. Raises `Refused(RATE_LIMITED)` if it asks too often; then it is no heartbeat."""
        self._polls.take(principal.account, principal.device)
        self._note(principal)

    def short(self, principal: Principal) -> float:
        """The seconds for which a poll would be refused; 0 if it would not. Takes nothing."""
        return self._polls.short(principal.account, principal.device)

    @contextmanager
    def held(self, principal: Principal) -> Iterator[None]:
        """The device holds a stream or a waiting poll open, in the current task.

        When the device is silent too long, is revoked, or the server stops, what happens in the block is cancelled,
        and the block raises `Refused` with that reason. Raises `Refused` at once if too much is open.
        """
        device = self._note(principal)
        if self._closing:
            raise Refused(Code.DRAIN, retry_after=1.0)
        if len(device.held) >= OPEN:
            raise Refused(Code.RATE_LIMITED, f"a device holds at most {OPEN} streams and polls open", 1.0)
        if self.open >= OPEN_ALL:
            raise Refused(Code.OVERLOADED, retry_after=5.0)
        task = asyncio.current_task()
        assert task is not None
        device.held.add(task)
        self.open += 1
        try:
            yield
        except asyncio.CancelledError as cancelled:
            # Only our own cancelling names a code; any other goes its way.
            if not (cancelled.args and isinstance(cancelled.args[0], Code)):
                raise
            task.uncancel()
            raise Refused(cancelled.args[0], retry_after=1.0) from None
        finally:
            device.held.discard(task)
            self.open -= 1

    def _note(self, principal: Principal) -> _Device:
        device = self._devices.get(principal.device)
        if device is None:
            if len(self._devices) >= DEVICES:
                raise Refused(Code.OVERLOADED, retry_after=5.0)
            self._made += 1
            session = f"{self._node}.http.{self._made}"  # a new one each time: presence takes one that ended as over
            device = _Device(principal, session, self._now(), self._due)
            self._devices[principal.device] = device
            self._wheel.add(device)
            self._report(device, "up", 0.0)
        device.last_heard = self._now()
        return device

    def _due(self, device: _Device) -> float:
        return device.last_heard + self._idle

    def _silent(self, device: _Device) -> None:
        self._drop(device, "down", Code.IDLE)

    def _drop(self, device: _Device, state: str, why: Code) -> None:
        self._devices.pop(device.principal.device, None)
        self._wheel.remove(device)
        for task in tuple(device.held):
            task.cancel(why)
        for handler in self._on_drop:
            handler(device.principal.device)
        self._report(device, state, self._now() - device.last_heard)

    def _report(self, device: _Device, state: str, silent: float) -> None:
        principal = device.principal
        at = self._clock() - (int(silent * 1000) if state == "down" else 0)
        change = SessionChange(principal.account, principal.device, self._node, device.session, state, at)
        self._bus.publish(sessions_of(part_of(principal.account)), change)

    def _revoked(self, publication: Publication) -> None:
        if type(publication) is EverybodyRevoked:
            for everybody in tuple(self._devices.values()):
                self._drop(everybody, "out", Code.UNAUTHENTICATED)
        if type(publication) is not Revoked:
            return
        devices = set(publication.devices)
        if publication.account_closed:
            devices |= {name for name, one in self._devices.items() if one.principal.account == publication.account}
        for name in devices:
            device = self._devices.get(name)
            if device is not None:
                self._drop(device, "out", Code.REVOKED)

    def _interrupted(self) -> None:
        """What was reported just now may not have come to presence, and what is over is not reported again."""
        if self._unsubscribe:
            self._bus.publish(RECOUNT_WANTED, Work())

    def _recount(self, publication: Publication) -> None:
        if isinstance(publication, Recount):
            for device in self._devices.values():
                if part_of(device.principal.account) in publication.parts:
                    self._report(device, "up", 0.0)
