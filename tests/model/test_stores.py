"""The message store, the inbox and the marks against a plain model, through failures, restarts and trimming."""

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from rocksdict import Rdict, WriteBatch

from chinwag.adapters.embedded import Embedded, open_embedded
from chinwag.adapters.embedded.data_directory import write_synced
from chinwag.domain.conversation import Conversation, Position, SendKey
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId
from chinwag.domain.marks import Mark, Marks, merge
from chinwag.domain.refusal import Refused
from chinwag.ports.inbox import Arrival, Inline, Posting
from chinwag.ports.mark_store import Advance
from chinwag.ports.message_store import Commit, Fanout, KeyName

T = TypeVar("T")
ACCOUNTS = [AccountId(one) for one in ("1", "10", "2")]
CONVERSATIONS = [ConversationId(one) for one in ("d~1~2", "d~1~10", "g~1")]
DISKS = st.sampled_from(["good", "good", "good", "before", "after"])

accounts = st.sampled_from(ACCOUNTS)
audiences = st.lists(accounts, min_size=1, max_size=3, unique=True).map(tuple)
parts = st.lists(st.tuples(audiences, st.integers(1, 3)), min_size=1, max_size=3)


class Stores(RuleBasedStateMachine):
    """Each step does the same to the stores and to plain lists. What a failed write left is asked of the stores.

    A failed write is atomic, so either the model's next state holds afterwards or the one before.
    """

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.path = Path(tempfile.mkdtemp())
        self.now = 1_000_000
        self.disk = "good"
        self.events: dict[ConversationId, list[bytes]] = {one: [] for one in CONVERSATIONS}
        self.inboxes: dict[AccountId, list[str]] = {one: [] for one in ACCOUNTS}
        self.floors = dict.fromkeys(ACCOUNTS, 0)
        self.posted: dict[AccountId, list[int]] = {one: [] for one in ACCOUNTS}
        self.marks: dict[tuple[ConversationId, AccountId], Marks] = {}
        self.told: dict[AccountId, int] = {}
        self.stores: Embedded

    def do(self, doing: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(doing)

    def write(self, db: Rdict, rows: WriteBatch) -> None:
        if self.disk == "before":
            raise OSError(28, "No space left on device")
        write_synced(db, rows)
        if self.disk == "after":
            raise OSError(5, "Input/output error")

    @initialize()
    def start(self) -> None:
        self.stores = self.do(open_embedded(self.path, write=self.write, clock=lambda: self.now))
        self.told = {}
        self.stores.inbox.feed(self.tell)
        for account in ACCOUNTS:
            self.stores.inbox.hold(account)

    def tell(self, arrivals: Sequence[Arrival]) -> None:
        """What the feed tells follows what it told before, unless a failure lay between."""
        for arrival in arrivals:
            assert arrival.position > self.told.get(arrival.account, 0)
            self.told[arrival.account] = arrival.position + len(arrival.events) - 1

    def arrived(self, entries: dict[AccountId, list[str]]) -> None:
        for account, new in entries.items():
            self.inboxes[account] += new
            self.posted[account] += [self.now] * len(new)

    @rule(batch=st.dictionaries(st.sampled_from(CONVERSATIONS), parts, min_size=1), disk=DISKS)
    def commit(self, batch: dict[ConversationId, list[tuple[tuple[AccountId, ...], int]]], disk: str) -> None:
        commits: list[Commit] = []
        entries: dict[AccountId, list[str]] = {account: [] for account in ACCOUNTS}
        added: dict[ConversationId, list[bytes]] = {}
        for conversation, fans in batch.items():
            number = len(self.events[conversation])
            fanouts: list[Fanout] = []
            events: list[tuple[int, bytes]] = []
            for audience, count in fans:
                fanouts.append(Fanout(number + 1, number + count, audience))
                for step in range(number + 1, number + count + 1):
                    events.append((step, f"{conversation}#{step}@{self.now}".encode()))
                    for account in audience:
                        entries[account].append(f"{conversation}#{step}")
                number += count
            state = Conversation(conversation, False, {}, number, applied=Position(1, number, 0))
            keys = [(key(conversation, at), SendKey(Position(1, at, 0), at, at)) for at, _ in events]
            commits.append(Commit(state, events, fanouts, keys, []))
            added[conversation] = [event for _, event in events]
        self.disk = disk
        try:
            self.do(self.stores.message_store.commit(commits))
            done = True
        except Refused:
            done = False
        self.disk = "good"
        assert done == (disk == "good")
        if not done:
            self.do(self.stores.message_store.reopen())
            first = commits[0].state
            stored = self.do(self.stores.message_store.states([first.id]))[0]
            done = stored == first
            assert done == (disk == "after")
        if done:
            self.arrived(entries)
            for conversation, new in added.items():
                self.events[conversation] += new

    @rule(to=st.lists(accounts, min_size=1, max_size=5), disk=DISKS)
    def post(self, to: list[AccountId], disk: str) -> None:
        self.disk = disk
        texts = [f"post {self.now} {index}" for index in range(len(to))]
        try:
            postings = [Posting(account, text.encode()) for account, text in zip(to, texts, strict=True)]
            self.do(self.stores.inbox.post(postings))
        except Refused:
            assert disk != "good"
        self.disk = "good"
        if disk != "before":
            for account, text in zip(to, texts, strict=True):
                self.arrived({account: [text]})
        self.do(self.stores.message_store.reopen())

    @rule(
        moves=st.lists(
            st.tuples(st.sampled_from(CONVERSATIONS), accounts, st.integers(1, 20), st.booleans()),
            min_size=1,
            max_size=4,
        ),
        disk=DISKS,
    )
    def advance(self, moves: list[tuple[ConversationId, AccountId, int, bool]], disk: str) -> None:
        advances = []
        for conversation, account, number, read in moves:
            mark = Mark(number, number, number)
            marks = Marks(mark if read else Mark(), mark)
            advances.append(Advance(conversation, account, marks, stepped=False))
        self.disk = disk
        text = f"marks {self.now}"
        try:
            self.do(self.stores.mark_store.advance(advances, [Posting(moves[0][1], text.encode())]))
        except Refused:
            assert disk != "good"
        self.disk = "good"
        if disk != "before":
            self.arrived({moves[0][1]: [text]})
            for one in advances:
                pair = (one.conversation, one.account)
                self.marks[pair] = merge(self.marks.get(pair, Marks()), one.marks)
        self.do(self.stores.message_store.reopen())

    @rule(back=st.integers(0, 4), limit=st.integers(1, 12))
    def trim(self, back: int, limit: int) -> None:
        before = self.now - back
        gone = self.do(self.stores.inbox.trim(before, limit))
        went = due = 0
        for account in ACCOUNTS:
            floor = self.do(self.stores.inbox.bounds(account)).floor
            assert floor >= self.floors[account]
            assert all(at < before for at in self.posted[account][self.floors[account] : floor])
            went += floor - self.floors[account]
            self.floors[account] = floor
            due += sum(at < before for at in self.posted[account][floor:])
        assert went == gone <= limit
        assert due == 0 or gone == limit

    @rule()
    def tick(self) -> None:
        self.now += 1

    @rule()
    def restart(self) -> None:
        self.do(self.stores.close())
        self.start()

    @invariant()
    def stores_and_model_agree(self) -> None:
        if hasattr(self, "stores"):
            self.do(self.agree())

    async def agree(self) -> None:
        store, inbox = self.stores.message_store, self.stores.inbox
        for conversation, state in zip(CONVERSATIONS, await store.states(CONVERSATIONS), strict=True):
            events = self.events[conversation]
            assert (0 if state is None else state.head) == len(events)
            assert await store.events(conversation, 1, 1000) == events
            found = await store.keys([key(conversation, number) for number in range(1, len(events) + 2)])
            assert [one.number for one in found[:-1] if one is not None] == list(range(1, len(events) + 1))
            assert found[-1] is None
        for account in ACCOUNTS:
            page = await inbox.read(account, self.floors[account], 10_000)
            assert (page.bounds.floor, page.bounds.head) == (self.floors[account], len(self.inboxes[account]))
            entries: list[str] = []
            for entry in page.entries:
                assert entry.position == self.floors[account] + len(entries) + 1
                if isinstance(entry, Inline):
                    entries.append(entry.event.decode())
                else:
                    entries += [f"{entry.conversation}#{entry.first + step}" for step in range(entry.count)]
            assert entries == self.inboxes[account][self.floors[account] :]
        pairs = [(conversation, account) for conversation in CONVERSATIONS for account in ACCOUNTS]
        assert await self.stores.mark_store.marks(pairs) == [self.marks.get(pair, Marks()) for pair in pairs]

    def teardown(self) -> None:
        if hasattr(self, "stores"):
            self.do(self.stores.close())
        self.runner.close()
        shutil.rmtree(self.path, ignore_errors=True)


def key(conversation: ConversationId, number: int) -> KeyName:
    return KeyName(conversation, DeviceId("d"), ClientId(str(number)))


Stores.TestCase.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
TestStores = Stores.TestCase
