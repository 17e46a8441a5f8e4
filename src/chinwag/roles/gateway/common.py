"""What all sessions of one gateway have in common: the legs of the way that they call, and their bounds."""

import asyncio
from collections.abc import Callable
from typing import Protocol

import msgspec

from chinwag.flow.accept import Accept
from chinwag.flow.large.feeds import Feeds
from chinwag.flow.large.outdated import OldClients
from chinwag.flow.large.watches import Watches
from chinwag.flow.marks import MarkFlow
from chinwag.flow.sharing import Keeping
from chinwag.flow.states import States
from chinwag.ports.bus import Bus
from chinwag.ports.inbox import Inbox
from chinwag.ports.message_store import MessageStore
from chinwag.roles.budgets import Budgets
from chinwag.roles.gateway.hub import Hub
from chinwag.roles.gateway.rules import Figures, GatewayRules
from chinwag.roles.gateway.tasks import Tasks
from chinwag.roles.gateway.turns import Turns
from chinwag.roles.gateway.writes import Writes
from chinwag.roles.port.wheel import Timed, Wheel


class Overdue(Timed, Protocol):
    """A session as the wheel knows it."""

    def overdue(self) -> None:
        """Its deadline has passed."""
        ...


class Common(msgspec.Struct, kw_only=True):
    """deaf: whether no further frame is taken. suspended: whether nobody is let in. catching: a bound on those who
    read their inboxes. now: seconds."""

    rules: GatewayRules
    accept: Accept
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
    hub: Hub
    writes: Writes
    tasks: Tasks
    turns: Turns
    wheel: Wheel[Overdue]
    catching: asyncio.Semaphore
    now: Callable[[], float]
    figures: Figures = msgspec.field(default_factory=Figures)
    deaf: bool = False
    suspended: bool = False
