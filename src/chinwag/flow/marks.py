"""Read and delivered marks: gathered for a moment, then moved forward together, and the authors told.

A mark is applied in one `MarkStore.advance` with what it posts: to the reader's own inbox, where its devices see
it, and to each present author of a message that it newly covers. What somebody has read who does not share that is told
to itself alone, and nobody's is told to it; what has come is told in any case. What is lost before that is repeated by
the client (`read` until it comes back, `received` with the next position or cursor).
"""

import asyncio
import contextlib
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Final

import msgspec
import structlog

from chinwag.domain.conversation import Conversation
from chinwag.domain.events import Delivered, Read
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.marks import Mark, Marks, as_shown
from chinwag.domain.refusal import Code, Refused
from chinwag.fail_points import passing
from chinwag.flow.as_read import content
from chinwag.flow.clock import Clock
from chinwag.flow.inbox_marks import InboxMarks, Key
from chinwag.flow.marks_told import Covered, Kind, Move, PassedOver, authors_of, kind_of, told_still
from chinwag.flow.measure import Distribution
from chinwag.flow.membership_of import in_state, members_of
from chinwag.flow.sharing import Keeping, nobody_keeps
from chinwag.flow.shown import ShownRows
from chinwag.flow.standing import Job, StandingWork
from chinwag.flow.states import States
from chinwag.ports.inbox import Inbox, Posting
from chinwag.ports.mark_store import Advance, MarkStore
from chinwag.ports.message_store import MessageStore

GATHER_SECONDS: Final = 0.25
"""How long marks gather before they are applied together."""
LOOK_SECONDS: Final = 60.0
"""From one look for marks to the next, if none wakes it."""
PENDING: Final = 100_000
"""Marks that may wait; one more is dropped, and repeated by its client."""
SCAN: Final = 1_000
"""Messages and notices looked at for the authors that a mark covers; beyond that all members are told."""
SCAN_BYTES: Final = 32 << 20
"""What they may take together before all are told."""
TRIES: Final = 3
"""How often it is tried to tell somebody of marks that move all the time: it hears of the next ones anyway."""
STEPPED_MEMBERS: Final = 100
"""Groups up to this size, and direct conversations, keep when each member read what."""

_encode: Final = msgspec.json.Encoder().encode
_log = structlog.get_logger(__name__)

Pair = tuple[AccountId, ConversationId]


def nobody_hears(pairs: Sequence[Pair]) -> None:
    """Nobody wants to know who has read on."""
    del pairs


@contextlib.contextmanager
def _apart(conversation: ConversationId) -> Iterator[None]:
    """A conversation that cannot be read, or cannot even be named, keeps no other's marks back."""
    try:
        yield
    except Refused as refused:
        if refused.code is Code.UNAVAILABLE:
            raise
    except Exception:
        _log.exception("marks of a conversation not applied", conversation=conversation)


class MarkFlow:
    """Applies the marks of one node's sessions. `run` does the work; `read` and `received` only note it."""

    def __init__(
        self,
        store: MessageStore,
        marks: MarkStore,
        inbox: Inbox,
        states: States,
        clock: Clock,
        keeping: Keeping = nobody_keeps,
        on_read: Callable[[Sequence[Pair]], None] = nobody_hears,
    ) -> None:
        """keeping: who keeps to itself how far it has read. on_read: hears who has read on, once that is durable."""
        self._store = store
        self._shown = ShownRows(store)
        self._marks = marks
        self._states = states
        self._clock = clock
        self._keeping = keeping
        self._on_read = on_read
        self._read: dict[Key, int] = {}
        self._received: dict[AccountId, int] = {}
        self._inboxes = InboxMarks(inbox, marks, clock)
        self.reads = 0
        """Read marks moved."""
        self.deliveries = 0
        """Delivered marks moved."""
        self.to_delivery = Distribution()
        """Seconds from accept until a device said that it has the newest message of a mark."""
        self._wake = asyncio.Event()
        self._work = StandingWork(
            Job(
                name="marks",
                step=self._step,
                wait=self._gather,
                poll_seconds=LOOK_SECONDS,
                failing="marks not applied",
            )
        )

    def read(self, account: AccountId, conversation: ConversationId, number: int) -> None:
        """`account` says that it has read up to `number`."""
        key = (conversation, account)
        if number > self._read.get(key, 0) and (key in self._read or len(self._read) < PENDING):
            self._read[key] = number
            self._wake.set()

    def received(self, account: AccountId, position: int) -> None:
        """All up to inbox `position` is safe on a device of `account`."""
        if position > self._received.get(account, 0) and (account in self._received or len(self._received) < PENDING):
            self._received[account] = position
            self._wake.set()

    async def run(self) -> None:
        """Apply what gathers, until `stop`."""
        await self._work.run()
        while self._read or self._received:
            try:
                await self.apply()
            except Refused as refused:
                _log.warning("marks not applied", code=refused.code, detail=refused.detail)
            except Exception:
                _log.exception("marks not applied")

    async def _step(self) -> bool:
        self._wake.clear()
        reads, received = self._read, self._received
        try:
            await self.apply()
        except Refused:
            # Clients repeat a `read` that does not come back, but not what they said they received.
            self._put_back(reads, received)
            raise
        return False

    async def _gather(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()
            await asyncio.sleep(GATHER_SECONDS)

    def _put_back(self, reads: dict[Key, int], received: dict[AccountId, int]) -> None:
        for (conversation, account), number in reads.items():
            self.read(account, conversation, number)
        for account, position in received.items():
            self.received(account, position)

    def stop(self) -> None:
        """Let `run` apply what waits and return."""
        self._work.finish()
        self._wake.set()

    async def apply(self) -> None:
        """Apply all that has gathered so far."""
        reads, self._read = self._read, {}
        received, self._received = self._received, {}
        passing("marks.gathered")
        wanted: dict[Key, Marks] = {}
        for (conversation, account), number in reads.items():
            wanted[conversation, account] = Marks(read=Mark(number))
        advances, rest = await self._inboxes.delivered(received, wanted)
        for account, position in rest.items():
            self.received(account, position)  # in the next round
        by_conversation: dict[ConversationId, list[tuple[AccountId, Marks]]] = defaultdict(list)
        for (conversation, account), marks in wanted.items():
            by_conversation[conversation].append((account, marks))
        # As it is now, so that nothing is told of whoever said a moment ago that nobody is to know.
        readers = {account for _, account in wanted}
        keep = await self._keeping("share_read", readers, now=True)
        covered: list[Covered] = []
        for conversation, marks_of in by_conversation.items():
            with _apart(conversation):
                found = await self._cover(conversation, marks_of, keep)
                covered += [found] if found is not None else []
        authors = {author for one in covered for author in one.authors()}
        unknown = set[AccountId]()
        keeping = await self._keeping("share_read", authors - readers, now=True, unknown=unknown)
        keeping |= await self._keeping("share_read", authors & readers, unknown=unknown)
        if unknown:
            # An author of whom nothing is known, the directory being away, may be one who is told of nobody.
            covered = [one if unknown.isdisjoint(one.authors()) else one.kept() for one in covered]
        passed_over: list[PassedOver] = []
        for one in covered:
            with _apart(one.state.id):
                moved: list[Advance] = []
                await self._move(one, keeping, moved, passed_over)
                advances += moved
        if advances:
            await self._marks.advance(advances)
            passing("marks.applied")
            self._inboxes.stored(advances)
            if read_on := [(move.account, one.state.id) for one in covered for move in one.moves if move.reads]:
                self._on_read(read_on)
        if passed_over:
            try:
                await self._tell_who_came_back(passed_over)
            except Refused as refused:
                # The marks are stored: were this round done again, it would find nothing to move.
                _log.warning("whoever came back is not told of marks", code=refused.code, detail=refused.detail)

    async def _tell_who_came_back(self, passed_over: Sequence[PassedOver]) -> None:
        """Tell authors who came into a group while the marks were on their way: they may have loaded it just before.
        Who loads it later than this finds the marks there."""
        states = await self._states.load(list(dict.fromkeys(one.state.id for one in passed_over)))
        # Of a group that has become wide meanwhile nobody is told.
        members = {state.id: state.members.keys() for state in states if state is not None and not state.wide}
        late: list[tuple[PassedOver, list[AccountId]]] = []
        for one in passed_over:
            came = {each for each in members.get(one.state.id, ()) if each not in one.state.members}
            told = came if one.authors is None else came & one.authors
            keep = frozenset[AccountId]()
            if told and not one.delivered:
                keep = await self._keeping("share_read", told, now=True)
            for some, which in ((told - keep, one), (keep, one._replace(delivered=True))):
                if some:
                    late.append((which, sorted(some)))
        for _ in range(TRIES):
            held = await self._marks.marks([(one.state.id, one.reader) for one, _ in late])
            # Told only if no other process moves them meanwhile, or they would go back for whoever heard of that.
            await self._marks.advance(
                [told_still(one, told, marks) for (one, told), marks in zip(late, held, strict=True)]
            )
            again = await self._marks.marks([(one.state.id, one.reader) for one, _ in late])
            late = [each for each, was, now in zip(late, held, again, strict=True) if was != now]
            if not late:
                return

    async def _cover(
        self, conversation: ConversationId, readers: Sequence[tuple[AccountId, Marks]], keep: Collection[AccountId]
    ) -> Covered | None:
        """The new marks of `readers` in one conversation, and what they cover. keep: who keeps what it reads."""
        state = await self._states.get(conversation)
        asked = max(max(marks.read.number, marks.delivered.number) for _, marks in readers)
        if state is not None and asked > state.head:
            state = (await self._states.load([conversation]))[0]
        if state is None:
            return None
        held = await self._marks.marks([(conversation, account) for account, _ in readers])
        moves: list[Move] = []
        members = await members_of(self._store, [(state, account) for account, _ in readers])
        for (account, marks), old, member in zip(readers, held, members, strict=True):
            limit = state.head if member is not None else await self._last_readable(account, conversation)
            new = Marks(
                Mark(min(marks.read.number, limit)),
                Mark(min(max(marks.delivered.number, marks.read.number), limit)),
            )
            received = min(marks.delivered.number, limit)
            # Where one of two takes nothing of the other, the other is not told, now or later, what was read meanwhile.
            # What was withheld before, authors are told of with the next move that is not: from what they saw on.
            known = old if state.declining else as_shown(old)
            hidden = account in keep and not state.declining
            come = hidden and received > known.delivered.number
            if new.read.number > old.read.number or new.delivered.number > old.delivered.number or come:
                moves.append(Move(account, old, new, received, known, hidden))
        if not moves:
            return None
        top = max(one.new.delivered.number for one in moves)
        if state.wide:  # nobody else is told, so nobody need be looked for
            return Covered(state, moves, top + 1, ())
        bottom = min(one.begin() for one in moves)
        scanned = await self._shown.backward(state.id, max(bottom, 1), top, SCAN, SCAN_BYTES, step=SCAN)
        return Covered(state, moves, scanned.first, [kind_of(content(row)) for row in scanned.rows])

    async def _move(
        self,
        covered: Covered,
        keeping: Collection[AccountId],
        advances: list[Advance],
        passed_over: list[PassedOver],
    ) -> None:
        """Work out who is told of the moves. keeping: authors who are told of nobody what it has read."""
        now = self._clock()
        state, moves, first, heads = covered
        withheld = bool(state.declining)
        known_heads = {head.number: head for head in heads}
        authored = [(head.number, head.sender) for head in heads if head.kind == "message"]
        for account, old, new, received, known, hidden in moves:
            read, delivered = old.read, old.delivered
            if new.read.number > old.read.number:
                read = Mark(new.read.number, await self._ordinal(state, heads, first, new.read.number), now)
            if new.delivered.number > old.delivered.number:
                delivered = Mark(new.delivered.number, 0, now)
                self.deliveries += 1
                if delivered.number in known_heads:
                    self.to_delivery.observe((now - known_heads[delivered.number].sent_at) / 1000)
            # In a wide group nobody is told of others.
            open_to_others = not state.wide and in_state(state, account) and not withheld
            told_read: list[Posting] = []
            if read is not old.read:
                self.reads += 1
                event = Read(conversation=state.id, account=account, number=read.number, at=now, ordinal=read.ordinal)
                encoded = _encode(event)
                told_read.append(Posting(account, encoded))
                if open_to_others and not hidden:
                    authors, missed = authors_of(state, authored, known.read.number, read.number, first, account)
                    told_read += [Posting(author, encoded) for author in authors if author not in keeping]
                    if missed is None or missed:
                        passed_over.append(PassedOver(state, account, missed, delivered=False))
            if hidden:
                # Reading implies having: others are told of what its devices say has come, and of nothing else.
                delivered = Mark(received, 0, now) if received > known.delivered.number else known.delivered
            told_delivered: list[Posting] = []
            moved = delivered is not (known if hidden else old).delivered
            if moved and open_to_others:
                came_event = Delivered(conversation=state.id, account=account, number=delivered.number, at=now)
                encoded = _encode(came_event)
                have = known.delivered.number
                if not hidden:
                    have = max(have, (known.read if read is old.read else read).number)
                if delivered.number > have:
                    authors, missed = authors_of(state, authored, have, delivered.number, first, account)
                    told_delivered += [Posting(one, encoded) for one in authors if hidden or one not in keeping]
                    if missed is None or missed:
                        passed_over.append(PassedOver(state, account, missed, delivered=True))
                if keeping and not hidden:
                    have = known.delivered.number
                    authors, _ = authors_of(state, authored, have, delivered.number, first, account)
                    told_delivered += [Posting(one, encoded) for one in authors if one in keeping]
            # An advance for each of the two: another process may have moved one of them further meanwhile, and what is
            # told of that one is not told then.
            if hidden:
                if told_read:
                    advances.append(Advance(state.id, account, Marks(read), False, read_withheld=True, told=told_read))
                if moved:
                    came = Marks(delivered=delivered)
                    advances.append(Advance(state.id, account, came, False, read_withheld=True, told=told_delivered))
                continue
            if moved:
                came = Marks(delivered=delivered)
                advances.append(Advance(state.id, account, came, False, withheld, told=told_delivered))
            if told_read:
                few = not state.wide and state.member_count <= STEPPED_MEMBERS
                stepped = not withheld and (state.direct or few)
                advances.append(Advance(state.id, account, Marks(read), stepped, withheld, told=told_read))

    async def _ordinal(self, state: Conversation, heads: Sequence[Kind], first: int, number: int) -> int:
        """How many messages there are up to `number`. heads: all messages and notices from `first` on."""
        if number >= first:
            place = bisect_right(heads, number, key=lambda head: head.number)
            if place:
                return heads[place - 1].ordinal
        rows = await self._store.events(state.id, number, number)
        return kind_of(content(rows[0])).ordinal

    async def _last_readable(self, account: AccountId, conversation: ConversationId) -> int:
        """Where somebody's reading ends who is no member any more; 0 for a stranger."""
        spans = await self._store.spans(account, conversation)
        return max((span.last or 0 for span in spans), default=0)
