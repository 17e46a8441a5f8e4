"""The gateway: sessions for the port's sockets, and what they have in common, put together."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

import msgspec

from chinwag.flow.accept import Accept
from chinwag.flow.access.admission import Admission
from chinwag.flow.access.tickets import Tickets
from chinwag.flow.clock import Clock
from chinwag.flow.fan_out import FanOut
from chinwag.flow.large.feeds import Feeds
from chinwag.flow.large.outdated import OldClients
from chinwag.flow.large.watches import Watches
from chinwag.flow.marks import MarkFlow
from chinwag.flow.sharing import Keeping
from chinwag.flow.states import States
from chinwag.ports.bus import Bus, NodeId
from chinwag.ports.inbox import Inbox
from chinwag.ports.message_store import MessageStore
from chinwag.ports.questions import FollowersHere, Questions
from chinwag.roles.budgets import Budgets
from chinwag.roles.gateway.common import Common, Overdue
from chinwag.roles.gateway.hub import Around, Hub
from chinwag.roles.gateway.pace import Pace
from chinwag.roles.gateway.rules import Figures, GatewayRules
from chinwag.roles.gateway.session import Session
from chinwag.roles.gateway.tasks import Tasks
from chinwag.roles.gateway.turns import Turns
from chinwag.roles.gateway.welcome import Welcoming
from chinwag.roles.gateway.writes import Writes
from chinwag.roles.port.handshake import Upgrade
from chinwag.roles.port.origin import check_origin
from chinwag.roles.port.wheel import Wheel

CATCHING_UP: Final = 8
"""Sessions that read their inboxes at a time: a bound on what they hold in memory (docs/decisions/returning.md)."""


class Services(msgspec.Struct, frozen=True, kw_only=True):
    """The legs of the way that sessions call."""

    admission: Admission
    tickets: Tickets
    accept: Accept
    fan_out: FanOut
    marks: MarkFlow
    states: States
    keeping: Keeping
    feeds: Feeds
    watches: Watches
    old: OldClients
    inbox: Inbox
    store: MessageStore
    bus: Bus
    budgets: Budgets
    questions: Questions


class Gateway:
    """Makes sessions, and says goodbye to all of them. Made on the event loop."""

    def __init__(
        self,
        node: NodeId,
        services: Services,
        rules: GatewayRules,
        clock: Clock,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        tasks = Tasks()
        around = Around(fan_out=services.fan_out, bus=services.bus, questions=services.questions, clock=clock, now=now)
        self.hub: Final = Hub(node, around, rules, tasks)
        self.common: Final = Common(
            rules=rules,
            accept=services.accept,
            marks=services.marks,
            states=services.states,
            keeping=services.keeping,
            feeds=services.feeds,
            watches=services.watches,
            old=services.old,
            inbox=services.inbox,
            store=services.store,
            bus=services.bus,
            budgets=services.budgets,
            hub=self.hub,
            writes=Writes(),
            tasks=tasks,
            turns=Turns(),
            wheel=Wheel[Overdue](lambda entry: entry.overdue(), clock=now),
            catching=asyncio.Semaphore(CATCHING_UP),
            now=now,
        )
        self._questions = services.questions
        self._unanswer: Callable[[], None] | None = None
        self._welcoming = Welcoming(self.common, services.admission, services.tickets, clock, Pace(rules.hellos, now()))

    def __len__(self) -> int:
        """Open connections, welcomed or not."""
        return len(self.hub)

    @property
    def figures(self) -> Figures:
        """What it has done since it began."""
        return self.common.figures

    def start(self) -> None:
        """Begin to listen on the Bus and to watch the time."""
        self.common.wheel.start()
        self.hub.start()
        self._unanswer = self._questions.answer(self.hub.node, FollowersHere, self._followers_here)

    def suspend(self, within: float) -> None:
        """Send everybody elsewhere, back spread over `within` seconds, and let nobody in before `resume`."""
        self.common.suspended = True
        self.common.feeds.drain()
        self.hub.drain(within)

    def resume(self) -> None:
        """Let people in again."""
        self.common.suspended = False

    def quiesce(self) -> None:
        """Take no further frame from anybody; what was taken is still answered."""
        self.common.deaf = True

    def drain(self, within: float) -> None:
        """Say goodbye to every session; clients come back spread over `within` seconds."""
        self.common.feeds.drain()
        self.hub.drain(within)

    def stop(self) -> None:
        """Let go of everything."""
        self.hub.stop()
        if self._unanswer is not None:
            self._unanswer()
            self._unanswer = None
        self.common.wheel.stop()
        self.common.tasks.stop()

    async def _followers_here(self, question: FollowersHere) -> int:
        return self.common.feeds.followers_of(question.conversation)

    def listener(self, request: Upgrade) -> Session:
        """The listener of a new socket. Raises `Refused(FORBIDDEN)` for a page of a foreign origin."""
        check_origin(request.all("origin"), request.header("host") or "", self.common.rules.origins)
        return self.session()

    def session(self) -> Session:
        """A session that waits for its socket."""
        return Session(self.common, self._welcoming)
