"""First leg: check what somebody asks, stamp it, and hand it to the log. Nothing is acked here.

The answer comes back over the Bus from the worker that committed the command, and is matched with whoever asked
(`answers.py`).
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

import msgspec
import structlog

from chinwag.domain.body import TEXT_CHARACTERS
from chinwag.domain.command import CHAINED, Command, Create, Enter, Join, React, Rules, asked
from chinwag.domain.conversation import Conversation, Position
from chinwag.domain.decide import decide
from chinwag.domain.decision import Rejected
from chinwag.domain.ids import AccountId, direct_members
from chinwag.domain.rate import Rate
from chinwag.domain.refusal import RETRYABLE, Code, Refused
from chinwag.fail_points import passing
from chinwag.flow.answers import ANSWER_SECONDS, Answered
from chinwag.flow.budget import Shared
from chinwag.flow.cancelled import end_if_told
from chinwag.flow.clock import Clock
from chinwag.flow.media.sends import MediaSends, Seeing
from chinwag.flow.membership_of import in_state, must_come
from chinwag.flow.permits import Permits
from chinwag.flow.states import PASSED_SECONDS, States
from chinwag.flow.wide_senders import LARGE_SECONDS, WideSenders, queue_of
from chinwag.flow.wish import Wish, characters, check_shape
from chinwag.ports.bus import Answer, Bus, NodeId
from chinwag.ports.log import Log
from chinwag.ports.message_store import KeyName, MessageStore

WAITING: Final = 100_000
"""Commands of one node that may wait for their answers."""
WAITING_CHARACTERS: Final = 64 << 20
"""Characters of their long texts together: they are kept to be appended again."""
REACTIONS: Final = Rate(5.0, 20)
"""Reactions of one device."""
SLOW: Final = 10_000
"""Commands of one node that may wait for a look-up before they reach the log."""
SLOW_CHARACTERS: Final = 16 << 20
"""Characters of their texts together."""

_log = structlog.get_logger(__name__)


class Asker(Protocol):
    """Whoever waits for an answer."""

    def answered(self, wish: Wish, answer: Answer) -> None:
        """What became of `wish`. Called once, on the event loop, never inside `Accept.submit`."""
        ...


class AcceptRules(msgspec.Struct, frozen=True, kw_only=True):
    """The server's limits: characters of a text, members of groups, hours for which a message may be changed and
    deleted (see `Rules`), sends and reactions of one device; an account may go `account_share` times as fast.
    large_seconds: from one message of an account in a large group to its next."""

    text_characters: int = TEXT_CHARACTERS
    group_members: int = 100
    large_group_members: int = 0
    wide_above: int = 500
    large_above: int = 1000
    edit_hours: int = 48
    delete_hours: int = 48
    sends: Rate = Rate(20.0, 100)
    reactions: Rate = REACTIONS
    account_share: int = 4
    large_seconds: float = LARGE_SECONDS


class _Verdict(NamedTuple):
    """What the directory says of a wish that goes to the log. opening: it may begin a direct conversation. refused:
    why it does not agree."""

    opening: bool = False
    refused: Code | None = None


_GO_ON: Final = _Verdict()
_OPENING: Final = _Verdict(opening=True)


class Accept:
    """Takes wishes, one instance a node. `start` before the first, `stop` after the last."""

    def __init__(
        self,
        node: NodeId,
        log: Log,
        bus: Bus,
        store: MessageStore,
        states: States,
        permits: Permits,
        rules: AcceptRules,
        clock: Clock,
        *,
        media: Seeing | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """media: who knows what uploads are; without, none is taken."""
        self._answered: Answered[tuple[Asker, Wish]] = Answered(log, bus, node, self._tell, self._told, now)
        self.to_answer = self._answered.seconds
        """Seconds from accept to the answer: the log, the decision, the commit."""
        self._store = store
        self._states = states
        self._permits = permits
        self._limits = rules
        self._rules = Rules(
            group_members=rules.group_members,
            edit_hours=rules.edit_hours,
            delete_hours=rules.delete_hours,
            large_group_members=rules.large_group_members,
            wide_above=rules.wide_above,
            large_above=rules.large_above,
        )
        self._clock = clock
        self._now = now
        self._wide = WideSenders(store, clock, rules.large_seconds, now)
        self._queued: dict[tuple[str, ...], deque[tuple[Asker, Wish, float]]] = {}
        self._media = None if media is None else MediaSends[Asker](media, store, self._go_on, self._turn_away, now)
        self._slow = 0
        self._slow_characters = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._sends = Shared(rules.sends, rules.account_share, now)
        self._reactions = Shared(rules.reactions, rules.account_share, now)
        self._idle = asyncio.Event()  # looked at by `settled` alone, which clears it
        self._unsubscribe: Callable[[], None] = lambda: None
        self._ticker: asyncio.Task[None]

    def start(self) -> None:
        """Listen for answers."""
        self._unsubscribe = self._answered.listen()
        self._ticker = asyncio.create_task(self._tick(), name="accept-sweep")

    async def settled(self, grace: float) -> None:
        """Wait up to `grace` seconds until nobody waits for an answer. Wishes are taken nevertheless."""
        if not self.waiting:
            return
        self._idle.clear()
        try:
            async with asyncio.timeout(grace):
                await self._idle.wait()
        except TimeoutError:
            _log.warning("answers still missing at stop", commands=self.waiting)

    async def stop(self, grace: float) -> None:
        """Wait up to `grace` seconds for the answers under way, then listen no more."""
        await self.settled(grace)
        if self._media is not None:
            self._media.stop()
        for task in (*self._tasks, self._ticker):
            task.cancel()
        self._unsubscribe()

    @property
    def waiting(self) -> int:
        """How many commands wait for their answer."""
        media = 0 if self._media is None else self._media.waiting
        return len(self._answered.waiting) + self._slow + media

    @property
    def accepted(self) -> int:
        """How many commands were handed to the log for the first time."""
        return self._answered.appended

    @property
    def repeated(self) -> int:
        """How many times a command was handed to the log again, for want of an answer."""
        return self._answered.repeated

    def submit(self, asker: Asker, wish: Wish) -> None:
        """Check `wish` and send it on its way; `asker.answered` follows. Returns at once.

        Raises `Refused` for what can be told at once: shape, size, rate, capacity. Wishes of one device in one
        conversation keep their order.
        """
        check_shape(wish, self._limits.text_characters)
        now = self._now()
        budget = self._reactions if type(wish.action) is React else self._sends
        if (wait := budget.wait_at(now, wish.account, wish.device)) > 0:
            raise Refused(Code.RATE_LIMITED, retry_after=wait)
        self._check_room()
        media = self._media
        if media is not None and media.must_wait(wish):
            media.put(asker, wish)
        elif wish.attach is not None:
            raise Refused(Code.UNSUPPORTED, "this server takes no media")
        else:
            self._enter(asker, wish, now)

    def _enter(self, asker: Asker, wish: Wish, now: float) -> None:
        """On to the log, or behind others that wait for a look-up in this conversation."""
        conversation = wish.conversation
        queue = self._queue(wish) if self._queued else None
        if queue is None:
            if self._known_writer(wish, now):
                self._answered.append(self._command(wish, _GO_ON), (asker, wish), now)
                return
            state = self._states.peek(conversation, now, PASSED_SECONDS)
            key = queue_of(state, conversation, wish.account)
            queue = self._queued[key] = deque()
            self._spawn(key)
        queue.append((asker, wish, now))
        self._slow += 1
        self._slow_characters += characters(wish)

    def _queue(self, wish: Wish) -> deque[tuple[Asker, Wish, float]] | None:
        # Its own first: the wishes of one device keep their order also where a group has just become wide.
        own = self._queued.get((wish.conversation, wish.account))
        return self._queued.get((wish.conversation,)) if own is None else own

    async def foresee(self, wish: Wish) -> None:
        """Raise what a wish to begin a group would be refused for, as far as that shows now; take and send nothing."""
        check_shape(wish, self._limits.text_characters)
        if (wait := self._sends.short(wish.account, wish.device)) > 0:
            raise Refused(Code.RATE_LIMITED, retry_after=wait)
        self._check_room()
        if type(wish.action) is Create:
            await self._permits.create(wish.account, wish.action, look=True)
        self._foresee(None, wish, _GO_ON)

    def _go_on(self, asker: Asker, wish: Wish) -> None:
        """The media of `wish` are seen."""
        self._enter(asker, wish, self._now())

    def _turn_away(self, asker: Asker, wish: Wish, code: Code, detail: str) -> None:
        self._refuse(asker, wish, Refused(code, detail))
        self._note_idle()

    def _check_room(self) -> None:
        answered = self._answered
        fast = len(answered.waiting) >= WAITING or answered.characters > WAITING_CHARACTERS
        if fast or self._slow >= SLOW or self._slow_characters > SLOW_CHARACTERS:
            raise Refused(Code.OVERLOADED, "too much is waiting", 1.0)

    def _known_writer(self, wish: Wish, now: float) -> bool:
        """Whether this is about a message, by somebody who was a member a minute ago. It needs no look-up: the worker
        decides upon the true state."""
        if not isinstance(wish.action, CHAINED):
            return False
        state = self._states.peek(wish.conversation, now, PASSED_SECONDS)
        if state is None or not state.head:
            return False
        if state.wide:  # how often its members may write is told by a fresh one
            return self._states.peek(wish.conversation, now) is not None and self._wide.passes(state, wish, now)
        return in_state(state, wish.account)

    def sweep(self) -> None:
        """Give up answers that are overdue."""
        self._answered.sweep()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            self.sweep()

    # The way of a wish that needs a look-up first

    def _spawn(self, key: tuple[str, ...]) -> None:
        task = asyncio.get_running_loop().create_task(self._look_up(key))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _look_up(self, key: tuple[str, ...]) -> None:
        """Check the wishes that wait in one queue, one after the other, as they came."""
        queue = self._queued[key]
        agreed: set[AccountId] = set()
        while queue:
            asker, wish, since = queue.popleft()
            self._slow -= 1
            self._slow_characters -= characters(wish)
            try:
                now = self._now()
                if self._known_writer(wish, now):  # the look-up for one before has brought a fresh state
                    self._append(asker, wish, now)
                    continue
                async with asyncio.timeout(since + ANSWER_SECONDS - now):
                    verdict = await self._may_go_on(wish, agreed)
                self._append(asker, wish, self._now(), verdict)
            except Refused as refused:
                self._refuse(asker, wish, refused)
            except (TimeoutError, asyncio.CancelledError) as given_up:
                end_if_told(given_up)
                self._refuse(asker, wish, Refused(Code.UNAVAILABLE, "no answer in time"))
            except Exception:
                _log.exception("accept failed", conversation=wish.conversation)
                self._refuse(asker, wish, Refused(Code.INTERNAL))
        del self._queued[key]
        self._note_idle()

    async def _may_go_on(self, wish: Wish, agreed: set[AccountId]) -> _Verdict:
        """As `_check`, but what has its answer goes on to it (P6 of docs/guarantees.md), also of one who left."""
        try:
            return await self._check(wish, agreed)
        except Refused:
            if (await self._store.keys([KeyName(wish.conversation, wish.device, wish.id)]))[0] is None:
                raise
            return _GO_ON

    async def _check(self, wish: Wish, agreed: set[AccountId]) -> _Verdict:
        """What to stamp into the command. Raises `Refused` if it may not go on at all.

        Only the worker refuses a member, or a former member, for good: it keeps that answer. Somebody who never was a
        member is refused here, after a fresh read and never by the cache, and nothing of it is kept. `agreed` are those
        who were let begin the conversation just now: what they send before it has begun asks the directory no second
        time.
        """
        state = self._states.peek(wish.conversation)
        member = await self._wide.member(state, wish.account)
        if member is None:
            state = (await self._states.load([wish.conversation]))[0]
            member = await self._wide.member(state, wish.account)
        if type(wish.action) is Create:
            if state is None:
                await self._permits.create(wish.account, wish.action)
            if state is None or not await self._was_in(wish, state):
                self._foresee(state, wish, _GO_ON)
            return _GO_ON
        if state is None or not state.head:  # a direct conversation may hold a refusal before its first message
            pair = direct_members(wish.conversation)
            if pair is None or wish.account not in pair:
                await must_come(self._store, wish.conversation, wish.account)
                return _GO_ON  # as the worker knows it
            if wish.account not in agreed:
                await self._permits.open_direct(wish.account, pair[0] if pair[1] == wish.account else pair[1])
                agreed.add(wish.account)
            self._foresee(state, wish, _OPENING)
            return _OPENING
        if member is None and not await self._was_in(wish, state):
            if type(wish.action) not in (Join, Enter):
                raise Refused(Code.NO_CONVERSATION)  # a stranger learns nothing
            self._foresee(state, wish, _GO_ON)
        elif member is not None or type(wish.action) in (Join, Enter):
            try:
                if state.wide and member is not None:
                    await self._wide.take(state, wish, member)
                await self._permits.change(wish.account, wish.action, wish.conversation)
            except Refused as refused:
                if refused.code in RETRYABLE:
                    raise
                return _Verdict(refused=refused.code)
        return _GO_ON

    async def _was_in(self, wish: Wish, state: Conversation) -> bool:
        """Whether the account is or ever was a member."""
        if in_state(state, wish.account):
            return True
        return not state.direct and bool(await self._store.spans(wish.account, wish.conversation))

    def _foresee(self, state: Conversation | None, wish: Wish, verdict: _Verdict) -> None:
        """Raise what the worker would refuse for ever, as far as that shows now."""
        decision = decide(state, self._command(wish, verdict), Position(0, 0, 0))
        if type(decision) is Rejected and decision.final:
            raise Refused(decision.code, decision.detail)

    def _append(self, asker: Asker, wish: Wish, now: float, verdict: _Verdict | None = None) -> None:
        self._answered.append(self._command(wish, verdict or _GO_ON), (asker, wish), now)

    def _command(self, wish: Wish, verdict: _Verdict) -> Command:
        return Command(
            wish.conversation,
            wish.account,
            wish.device,
            wish.id,
            self._clock(),
            wish.action,
            self._rules,
            verdict.opening,
            wish.digest or asked(wish.action),
            verdict.refused,
        )

    def _told(self) -> None:
        passing("accept.answered")
        self._note_idle()

    def _refuse(self, asker: Asker, wish: Wish, why: Refused) -> None:
        name = KeyName(wish.conversation, wish.device, wish.id)
        self._tell((asker, wish), Answer(0, name, 0, 0, why.code, why.detail, why.retry_after))

    def _tell(self, waiter: tuple[Asker, Wish], answer: Answer) -> None:
        asker, wish = waiter
        try:
            if self._wide.turns:
                self._wide.answered(wish, answer)
            asker.answered(wish, answer)
        except Exception:
            _log.exception("an answer could not be given", conversation=wish.conversation)

    def _note_idle(self) -> None:
        if not self.waiting:
            self._idle.set()
