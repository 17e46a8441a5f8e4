"""The presence role: listens to the gateways, keeps the one timer going, asks for recounts, watches nodes."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Collection, Sequence
from typing import Final

import structlog

from chinwag.domain.ids import AccountId, DeviceId
from chinwag.domain.presence import GRACE_MS, PARTS, DeviceAt, PresenceOf, part_of
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.ask_presence import AskPresence
from chinwag.flow.clock import steady_clock
from chinwag.flow.presence import ALL_PARTS, Presences
from chinwag.flow.presence_audience import Audience, Friends, nobody
from chinwag.flow.sharing import Keeping, nobody_keeps
from chinwag.flow.standing import Job, StandingWork
from chinwag.ports.bus import (
    RECOUNT,
    RECOUNT_WANTED,
    Bus,
    NodeId,
    Publication,
    Recount,
    SessionChange,
    sessions_of,
)
from chinwag.ports.mark_store import MarkStore
from chinwag.ports.message_store import MessageStore
from chinwag.ports.questions import DevicesConnected, DevicesOnline, Questions, WhoIsOnline
from chinwag.ports.registry import Registry

RECOUNT_SECONDS: Final = 300.0
"""From one recount to the next: it mends what the Bus lost."""
ANSWER_SECONDS: Final = 15.0
"""How long to wait for a recount's answers; it is asked for twice, as the Bus may lose the first."""
NODES_SECONDS: Final = 5.0
"""From one look at the live nodes to the next."""
CLOSE_SECONDS: Final = 5.0
"""How long `stop` may take to store how things stand."""
TOGETHER_SECONDS: Final = 0.1
"""From one flush to the next, so that what comes within it is stored and told together. The first is not held up."""
LOOK_SECONDS: Final = 1.0
"""From one look at the timer to the next, at most."""
_SESSION_ROLES: Final = ("gateway", "api")  # api: the sessions of those who poll

_log = structlog.get_logger(__name__)


class PresenceRole:
    """Who is online, for the process that holds it, from `start` to `stop`. Other roles put questions to it.

    It keeps all parts of presence, or those that it is told by `own`.
    """

    def __init__(
        self,
        bus: Bus,
        marks: MarkStore,
        messages: MessageStore,
        registry: Registry,
        friends: Friends,
        clock: Callable[[], int] | None = None,
        grace_ms: int = GRACE_MS,
        apart: Friends = nobody,
        parts: Collection[int] = ALL_PARTS,
        keeping: Keeping = nobody_keeps,
    ) -> None:
        """`friends` gives an account's friends, `apart` those with whom it has a block; both may raise `Refused`.
        `clock` in milliseconds since 1970. parts: those that it keeps at first. keeping: who shares its presence with
        nobody."""
        self._bus = bus
        self._registry = registry
        self._clock = clock if clock is not None else steady_clock()
        self._audience = Audience(messages, friends, apart=apart, keeping=keeping)
        self._presences = Presences(marks, bus, self._audience.of, self._clock, grace_ms, parts)
        self._asking = AskPresence(self._presences, self._audience)
        self._work = asyncio.Event()
        self._known: set[NodeId] = set()
        self._wanted = frozenset(parts)
        self._recounting = asyncio.Event()
        self._again = asyncio.Event()
        self._asked_at = 0.0
        self._unsubscribe: dict[object, Callable[[], None]] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Listen, and ask all gateways to report the sessions that they hold. They must be subscribed by now."""
        self._unsubscribe[RECOUNT_WANTED] = self._bus.subscribe(RECOUNT_WANTED, lambda _: self._interrupted())
        self._bus.on_interruption(self._interrupted)
        self._listen()
        self._tasks = [asyncio.create_task(StandingWork(job).run(), name=job.name) for job in self._jobs()]

    def own(self, parts: frozenset[int]) -> None:
        """Keep these parts from now on, and no others. Gateways are asked for the sessions of those that are new."""
        gained = parts - self._wanted
        self._wanted = parts
        if gained:
            self._presences.gain(gained)
        if self._tasks:
            self._listen()
            self._work.set()  # the next turn lets go of the others
            if gained:
                self._again.set()
                self._bus.publish(RECOUNT, Recount(tuple(sorted(gained))))
                self._recounting.set()

    def _listen(self) -> None:
        """Hear of the sessions of the parts that are kept, and of no others."""
        for part in range(PARTS):
            subject = sessions_of(part)
            if part in self._wanted and subject not in self._unsubscribe:
                self._unsubscribe[subject] = self._bus.subscribe(subject, self._on_session)
            elif part not in self._wanted and subject in self._unsubscribe:
                self._unsubscribe.pop(subject)()

    def _interrupted(self) -> None:
        """Reports may have been lost: ask again now, unless that was just done, and see who does not answer."""
        if not self._tasks:
            return
        self._recounting.set()
        now = time.monotonic()
        if self._wanted and now - self._asked_at >= TOGETHER_SECONDS:
            self._asked_at = now
            self._bus.publish(RECOUNT, Recount(tuple(sorted(self._wanted))))

    def _jobs(self) -> list[Job]:
        return [
            Job(
                name="presence-turn",
                step=self._turn_and_flush,
                wait=self._until_due,
                poll_seconds=LOOK_SECONDS,
                failing="a turn of presence failed",
            ),
            Job(
                name="presence-recall",
                step=self._recall,
                wait=self._until_gained,
                poll_seconds=RECOUNT_SECONDS,
                failing="who was online before the start could not be read",
            ),
            Job(
                name="presence-recount",
                step=self._recount,
                wait=self._until_recount,
                poll_seconds=RECOUNT_SECONDS,
                failing="a recount of presence failed",
            ),
            Job(
                name="presence-nodes",
                step=self._watch_nodes,
                poll_seconds=NODES_SECONDS,
                failing="nodes could not be looked at",
            ),
        ]

    async def stop(self) -> None:
        """Stop listening, and store how things stand. Whoever is online comes back unnoticed within the grace."""
        for unsubscribe in self._unsubscribe.values():
            unsubscribe()
        self._unsubscribe = {}
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._presences.close()
        except TimeoutError:
            _log.warning("the last transitions of presence could not be stored in time")

    def answer(self, questions: Questions, node: NodeId) -> Callable[[], None]:
        """Answer what is asked of `node` about presence, until the returned function is called."""

        async def who(question: WhoIsOnline) -> list[PresenceOf]:
            return await self.ask(question.asker, question.accounts)

        async def devices(question: DevicesOnline) -> list[DeviceAt]:
            return self.devices(question.account)

        async def connected(question: DevicesConnected) -> list[DeviceId]:
            self._require((question.account,))
            return self._asking.connected(question.account)

        stops = (
            questions.answer(node, WhoIsOnline, who),
            questions.answer(node, DevicesOnline, devices),
            questions.answer(node, DevicesConnected, connected),
        )

        def stop() -> None:
            for each in stops:
                each()

        return stop

    async def _recall(self) -> bool:
        """A process that was killed has stored people as online: those who stay away are told of unasked."""
        more = await self._presences.recall()
        self._wake()
        return more

    async def ask(self, asker: AccountId, accounts: Sequence[AccountId]) -> list[PresenceOf]:
        """As `AskPresence.ask`. Raises `unavailable` for accounts of parts that are not kept here."""
        self._require(accounts)
        answers = await self._asking.ask(asker, accounts)
        self._wake()  # an answer may have found someone who did not come back
        return answers

    def devices(self, account: AccountId) -> list[DeviceAt]:
        """As `AskPresence.devices`. Raises `unavailable` for an account of a part that is not kept here."""
        self._require((account,))
        return self._asking.devices(account)

    def _require(self, accounts: Sequence[AccountId]) -> None:
        if not all(part_of(account) in self._wanted for account in accounts):
            raise Refused(Code.UNAVAILABLE, "another process keeps this account's presence", 1.0)

    def _on_session(self, publication: Publication) -> None:
        if isinstance(publication, SessionChange):
            self._presences.note(publication)
            self._wake()

    def _wake(self) -> None:
        if self._presences.dirty:
            self._work.set()

    async def _turn_and_flush(self) -> bool:
        self._work.clear()
        if lost := self._presences.parts - self._wanted:
            self._presences.lose(lost)
        self._presences.turn()
        if self._presences.dirty:
            await self._presences.flush()
            if not self._presences.full:
                await asyncio.sleep(TOGETHER_SECONDS)
        return self._presences.dirty

    async def _until_due(self, seconds: float) -> None:
        due = self._presences.next_turn()
        wait = seconds if due is None else min(max(due - self._clock(), 0) / 1000, seconds)
        try:
            async with asyncio.timeout(wait):
                await self._work.wait()
        except TimeoutError:
            if self._presences.unsaved:
                await self._presences.flush()

    async def _until_gained(self, seconds: float) -> None:
        await _for(self._again, seconds)
        self._again.clear()

    async def _until_recount(self, seconds: float) -> None:
        await _for(self._recounting, seconds)

    async def _recount(self) -> bool:
        self._recounting.clear()
        if not self._wanted:
            return False
        since = self._clock()
        for _ in range(2):
            self._bus.publish(RECOUNT, Recount(tuple(sorted(self._wanted))))
            await asyncio.sleep(ANSWER_SECONDS)
        await self._presences.recounted(since)
        self._wake()
        return False

    async def _watch_nodes(self) -> bool:
        live = {node.id for role in _SESSION_ROLES for node in await self._registry.nodes(role)}
        # Only a node that was seen alive can be seen gone: others carry sessions, but do not announce themselves.
        for node in self._known - live:
            await self._presences.node_gone(node)
        self._known = live
        self._wake()
        self._audience.forget_old()
        return False


async def _for(event: asyncio.Event, seconds: float) -> None:
    """Wait for the event, at most so long."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
