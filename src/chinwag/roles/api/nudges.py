"""What devices without a socket watch of large groups: nudges wait here until a poll or a stream takes them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from chinwag.domain.ids import AccountId, ConversationId, DeviceId
from chinwag.flow.access.admission import Principal
from chinwag.flow.large.notices import turn_of
from chinwag.flow.large.watches import Watches
from chinwag.ports.bus import Moved
from chinwag.roles.api.heard import Heard
from chinwag.wire.frames import Nudge


class _Watching:
    """One device. waiting: of each group the newest nudge that nobody has taken."""

    def __init__(self, account: AccountId, device: DeviceId) -> None:
        self.account = account
        self.device = device
        self.watched: dict[ConversationId, int | None] = {}
        self.waiting: dict[ConversationId, Nudge] = {}
        self.wakes: list[Callable[[], None]] = []

    def nudged(self, moved: Moved, frame: bytes) -> None:
        """A watched group has moved."""
        del frame
        self.waiting[moved.conversation] = Nudge(moved.conversation, moved.head, moved.ordinal, moved.shown, moved.all)
        for wake in self.wakes:
            wake()


class Nudges:
    """The devices of one process that watch, as long as they are heard of."""

    def __init__(self, watches: Watches, heard: Heard) -> None:
        self._watches = watches
        self._heard = heard
        self._devices: dict[DeviceId, _Watching] = {}
        heard.on_drop(self._dropped)

    async def watch(self, principal: Principal, conversations: Sequence[ConversationId]) -> None:
        """The device watches these, and no others. Raises `Refused` as `Watches.watch` does, and `overloaded`."""
        self._heard.beat(principal)
        watching = self._devices.get(principal.device)
        if watching is None:
            watching = self._devices[principal.device] = _Watching(principal.account, principal.device)
        try:
            await self._watches.watch(watching, conversations)
        finally:
            if self._devices.get(principal.device) is not watching:
                self._watches.gone(watching)  # it was heard of no longer meanwhile

    def passed(self, device: DeviceId, events: Sequence[bytes]) -> None:
        """These came to the device from its inbox: the own going ends the watch."""
        watching = self._devices.get(device)
        if watching is None:
            return
        for event in events:
            turn = turn_of(event)
            if turn is not None and turn.gone == watching.account:
                self._watches.left(watching, turn.conversation)
                watching.waiting.pop(turn.conversation, None)

    def take(self, device: DeviceId) -> list[Nudge]:
        """What waits for the device, which gets it now."""
        watching = self._devices.get(device)
        if watching is None or not watching.waiting:
            return []
        taken, watching.waiting = watching.waiting, {}
        return list(taken.values())

    def waits_for(self, device: DeviceId) -> bool:
        """Whether something does."""
        watching = self._devices.get(device)
        return watching is not None and bool(watching.waiting)

    @contextmanager
    def waking(self, device: DeviceId, wake: Callable[[], None]) -> Iterator[None]:
        """Call `wake` whenever a nudge comes for the device, if it watches."""
        watching = self._devices.get(device)
        if watching is None:
            yield
            return
        watching.wakes.append(wake)
        try:
            yield
        finally:
            watching.wakes.remove(wake)

    def _dropped(self, device: DeviceId) -> None:
        watching = self._devices.pop(device, None)
        if watching is not None:
            self._watches.gone(watching)
