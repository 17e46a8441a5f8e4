"""Clients that know nothing of large groups: as nothing of these comes to their inbox, they are told to load afresh.

Silence would leave them with what was said a month ago, and with no word of it.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Final

import structlog

from chinwag.domain.ids import AccountId, ConversationId, DeviceId
from chinwag.domain.refusal import Refused
from chinwag.flow.large.notices import begins_of, turn_of
from chinwag.flow.large.own_wide import OwnWide
from chinwag.flow.large.watches import WATCHES, Watches
from chinwag.flow.states import States
from chinwag.ports.bus import Moved

EVERY_SECONDS: Final = 600.0
"""More often than this nobody is told."""
AGAIN_SECONDS: Final = 30.0
"""When its groups are looked up again, where that failed."""
LOOKING: Final = 4
"""Clients whose groups are looked up at a time: a bound on what that takes when all come back at once."""

_log = structlog.get_logger(__name__)


class Outdated:
    """One such client while it is connected. Made on the event loop, by `OldClients.came`.

    told_at: when it was told last, in seconds of their clock; None if it was not.
    """

    def __init__(
        self,
        clients: "OldClients",
        account: AccountId,
        device: DeviceId,
        tell: Callable[[], None],
        heed: Callable[[], None],
        told_at: float | None,
    ) -> None:
        self._heed = heed
        self._clients = clients
        self._tell = tell
        self._timer: asyncio.TimerHandle | None = None
        self._over = False
        self.told_at = told_at
        self.account = account
        self.device = device
        self.watched: dict[ConversationId, int | None] = {}

    def resumed(self) -> None:
        """Its way out has room again: nothing waits here."""

    def nudged(self, moved: Moved, frame: bytes) -> None:
        """A large group of its own has moved."""
        del moved, frame
        self._due()

    def passed(self, events: Sequence[bytes]) -> None:
        """These came to it from its inbox. With its own going from a group, how that moves is no news of its; with its
        own coming to one, or with the last event that is copied to all, it begins to be."""
        for event in events:
            turn = turn_of(event)
            if turn is not None and turn.gone == self.account:
                self._clients.watches.unwatch(self, turn.conversation)
            elif begins_of(event, self.account):
                self._clients.look_again(self)

    def ended(self) -> None:
        """It has gone. Doing it again changes nothing."""
        self._over = True
        self._clients.gone(self)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def look(self) -> None:
        """See which large groups are its own: it is told of them, and whenever one of them moves."""
        clients = self._clients
        self._heed()
        try:
            names = (await clients.own.of(self.account))[:WATCHES]
            fresh = [name for name in names if name not in self.watched]
            if self._over or not fresh:
                return
            states = await clients.states.load(fresh)
            await clients.watches.watch(self, names, asked=False)
            if any(state is not None and state.large for state in states):
                self._due()
        except Refused as refused:
            _log.warning("the large groups of an old client were not looked up", code=refused.code)
            self._due()  # to load afresh once too often does no harm
            asyncio.get_running_loop().call_later(AGAIN_SECONDS, clients.look_again, self)
        if self._over:
            self.ended()

    def _due(self) -> None:
        if self._over or self._timer is not None:
            return
        wait = 0.0 if self.told_at is None else self.told_at + EVERY_SECONDS - self._clients.now()
        if wait > 0:
            self._timer = asyncio.get_running_loop().call_later(wait, self._now_due)
        else:
            self._now_due()

    def _now_due(self) -> None:
        self._timer = None
        if not self._over:
            self.told_at = self._clients.now()
            self._tell()


class OldClients:
    """All of them that are connected to this process. Made on the event loop.

    While an installation has no wide group, none of them costs anything.
    """

    def __init__(
        self, own: OwnWide, watches: Watches, states: States, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.own: Final = own
        self.watches: Final = watches
        self.states: Final = states
        self.now: Final = now
        self._clients: dict[Outdated, None] = {}
        self._to_look: dict[Outdated, None] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        own.on_more(self._more)

    def __len__(self) -> int:
        """How many are connected."""
        return len(self._clients)

    def came(
        self,
        account: AccountId,
        device: DeviceId,
        tell: Callable[[], None],
        heed: Callable[[], None] = lambda: None,
        told_at: float | None = None,
    ) -> Outdated:
        """One is there. tell: have it load afresh. heed: from now on its events are to be told of by `passed`. told_at:
        when it was told to load afresh last, as far as is known."""
        client = Outdated(self, account, device, tell, heed, told_at)
        self._clients[client] = None
        if self.own.known:
            self.look_again(client)
        return client

    def gone(self, client: Outdated) -> None:
        """One has gone."""
        self._clients.pop(client, None)
        self._to_look.pop(client, None)
        self.watches.gone(client)

    def look_again(self, client: Outdated) -> None:
        """Its groups may be others than they were."""
        if client not in self._clients:
            return
        self._to_look[client] = None
        if len(self._tasks) < LOOKING:
            task = asyncio.get_running_loop().create_task(self._look(), name="old clients")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def stop(self) -> None:
        """Look nothing up any more."""
        for task in self._tasks:
            task.cancel()

    async def _look(self) -> None:
        while self._to_look:
            client = next(iter(self._to_look))
            del self._to_look[client]
            try:
                await client.look()
            except Exception:
                _log.exception("the large groups of an old client were not looked up")

    def _more(self) -> None:
        for client in list(self._clients):
            self.look_again(client)
