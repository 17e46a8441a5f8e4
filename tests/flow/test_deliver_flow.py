"""A worker whose store or whose records are at fault: who is answered what, and that it goes on."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from chinwag.adapters.embedded import Embedded, open_embedded
from chinwag.domain.body import Text
from chinwag.domain.command import Action, Add, Command, Create, Decline, Leave, Remove, Rules, Send, SetTitle, asked
from chinwag.domain.conversation import Conversation, GroupSettings
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId, direct_id, group_id
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.deliver import Deliver
from chinwag.ports.bus import Answer, Answers, Bus, NodeId, Publication, Subject, answers_to
from chinwag.ports.log import Submission
from chinwag.ports.message_store import Commit, KeyName, MessageStore, TakenOverError

NODE = NodeId("test")
ANNA = AccountId("anna")


class DamagedStore:
    """A store one of whose conversations cannot be decoded, wherever it stands in a batch."""

    def __init__(self, store: MessageStore, damaged: ConversationId) -> None:
        self._store = store
        self._damaged = damaged

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    async def states(self, conversations: Sequence[ConversationId]) -> list[Conversation | None]:
        if self._damaged in conversations:
            raise ValueError("this row is damaged")
        return await self._store.states(conversations)


class FailingOnceStore:
    """A store whose first commit fails."""

    def __init__(self, store: MessageStore, failure: BaseException) -> None:
        self._store = store
        self._failures = [failure]

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    async def commit(self, batch: Sequence[Commit]) -> None:
        if self._failures:
            raise self._failures.pop()
        await self._store.commit(batch)


class FailingBus:
    """A bus that fails once where the worker does not expect it."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self.failed = asyncio.Event()

    def __getattr__(self, name: str) -> object:
        return getattr(self._bus, name)

    def publish(self, subject: Subject, publication: Publication) -> None:
        if not self.failed.is_set():
            self.failed.set()
            raise OSError("the bus is at fault")
        self._bus.publish(subject, publication)


class Answering:
    """Collects answers until there are as many as were asked for."""

    def __init__(self, embedded: Embedded) -> None:
        self.answers: dict[int, Answer] = {}
        self.all: list[Answer] = []
        """In the order in which they came."""
        self._more = asyncio.Event()
        embedded.bus.subscribe(answers_to(NODE), self._take)

    def _take(self, publication: Publication) -> None:
        assert isinstance(publication, Answers)
        self.all += publication.answers
        self.answers |= {answer.ref: answer for answer in publication.answers}
        self._more.set()

    async def more(self) -> None:
        """Wait for the next answers."""
        self._more.clear()
        await self._more.wait()

    async def wait(self, *refs: int) -> list[Answer]:
        async with asyncio.timeout(60):
            while not all(ref in self.answers for ref in refs):
                await self.more()
        return [self.answers[ref] for ref in refs]


NOW = 1_000
"""The log's clock, in milliseconds since 1970."""


def _send(ref: int, other: str) -> Submission:
    action = Send(Text(f"text {ref}"))
    conversation = direct_id(ANNA, AccountId(other))
    command = Command(conversation, ANNA, DeviceId("laptop"), ClientId(f"m{ref}"), 1, action, opening=True)
    return Submission(command, NODE, ref)


async def test_what_cannot_be_read_is_set_aside_alone(tmp_path: Path) -> None:
    embedded = await open_embedded(tmp_path, clock=lambda: NOW)
    answering = Answering(embedded)
    store = DamagedStore(embedded.message_store, direct_id(ANNA, AccountId("carl")))
    worker = Deliver(0, embedded.log, store, embedded.bus)  # type: ignore[arg-type]
    for ref, other in enumerate(("berta", "carl", "dora", "berta")):
        embedded.log.append(_send(ref, other))
    working = asyncio.create_task(worker.run())
    answers = await answering.wait(0, 1, 2, 3)
    assert [(answer.number, answer.refused) for answer in answers] == [
        (1, None),
        (0, Code.INTERNAL),
        (1, None),
        (2, None),
    ]
    assert worker.figures.poison == 1
    assert worker.figures.failed_commits == 0
    await embedded.close()
    await working


async def test_a_worker_goes_on_after_whatever_went_wrong(tmp_path: Path) -> None:
    embedded = await open_embedded(tmp_path, clock=lambda: NOW)
    answering = Answering(embedded)
    bus = FailingBus(embedded.bus)
    worker = Deliver(0, embedded.log, embedded.message_store, bus)  # type: ignore[arg-type]
    working = asyncio.create_task(worker.run())
    embedded.log.append(_send(1, "berta"))
    await bus.failed.wait()
    embedded.log.append(_send(2, "berta"))
    (answer,) = await answering.wait(2)
    assert answer.number == 2
    await embedded.close()
    await working


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        # it goes to the new owner by itself, which says its number: told of a refusal, somebody would think it lost
        (TakenOverError(), [(1, None)]),
        (Refused(Code.UNAVAILABLE), [(0, Code.UNAVAILABLE), (1, None)]),
        (OSError("the disk is full"), [(0, Code.UNAVAILABLE), (1, None)]),
        # what the worker waited for was cancelled, and not itself: it must not end by that
        (asyncio.CancelledError(), [(1, None)]),
    ],
)
async def test_what_another_owner_takes_over_is_not_refused(
    tmp_path: Path, failure: BaseException, told: list[tuple[int, Code | None]]
) -> None:
    embedded = await open_embedded(tmp_path, clock=lambda: NOW)
    answering = Answering(embedded)
    store = FailingOnceStore(embedded.message_store, failure)
    worker = Deliver(0, embedded.log, store, embedded.bus)  # type: ignore[arg-type]
    working = asyncio.create_task(worker.run())
    embedded.log.append(_send(1, "berta"))
    async with asyncio.timeout(60):
        while not answering.all or not answering.all[-1].number:
            await answering.more()
    assert [(answer.number, answer.refused) for answer in answering.all] == told
    await embedded.close()
    await working


def _asking(ref: int, name: str, action: Action) -> Submission:
    conversation = direct_id(ANNA, AccountId("berta"))
    command = Command(
        conversation, ANNA, DeviceId("laptop"), ClientId(name), ref, action, opening=True, digest=asked(action)
    )
    return Submission(command, NODE, ref)


async def test_an_id_used_again_in_one_batch_or_later_is_refused_and_its_key_stays(tmp_path: Path) -> None:
    embedded = await open_embedded(tmp_path, clock=lambda: NOW)
    answering = Answering(embedded)
    worker = Deliver(0, embedded.log, embedded.message_store, embedded.bus)
    one, other = Send(Text("one")), Send(Text("other"))
    wishes: tuple[tuple[str, Action], ...] = (("a", one), ("a", other), ("a", one), ("b", other), ("a", Leave()))
    for ref, (name, action) in enumerate(wishes):
        embedded.log.append(_asking(ref, name, action))
    working = asyncio.create_task(worker.run())
    answers = await answering.wait(*range(5))
    assert worker.figures.batches == 1, "they were decided together"
    for ref, (name, action) in enumerate(wishes, start=5):
        embedded.log.append(_asking(ref, name, action))
        answers += await answering.wait(ref)
    expected = [(1, None), (0, Code.ID_REUSED), (1, None), (2, None), (0, Code.ID_REUSED)]
    assert [(answer.number, answer.refused) for answer in answers] == expected * 2
    (key,) = await embedded.message_store.keys(
        [KeyName(direct_id(ANNA, AccountId("berta")), DeviceId("laptop"), ClientId("a"))]
    )
    assert key is not None
    assert (key.number, key.sent_at, key.digest) == (1, 0, asked(one))
    await embedded.close()
    await working


class KeptCommits:
    """A store that remembers what was committed."""

    def __init__(self, store: MessageStore) -> None:
        self._store = store
        self.commits: list[Commit] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    async def commit(self, batch: Sequence[Commit]) -> None:
        self.commits += batch
        await self._store.commit(batch)


async def test_a_commit_names_whose_companions_change_with_it_and_a_message_s_names_nobody(tmp_path: Path) -> None:
    embedded = await open_embedded(tmp_path, clock=lambda: NOW)
    answering = Answering(embedded)
    store = KeptCommits(embedded.message_store)
    worker = Deliver(0, embedded.log, store, embedded.bus)  # type: ignore[arg-type]
    working = asyncio.create_task(worker.run())
    group = group_id("1")

    def does(ref: int, action: Action, conversation: ConversationId = group) -> Submission:
        command = Command(conversation, ANNA, DeviceId("d"), ClientId(f"m{ref}"), 1, action, Rules(group_members=9))
        return Submission(command, NODE, ref)

    steps = [
        _send(1, "berta"),
        _send(2, "berta"),
        does(3, Decline(on=True), direct_id(ANNA, AccountId("berta"))),
        does(4, Create("tea", (AccountId("carl"),), GroupSettings())),
        does(5, SetTitle("coffee")),
        does(6, Add(AccountId("dora"))),
        does(7, Remove(AccountId("carl"))),
    ]
    for ref, step in enumerate(steps, 1):
        embedded.log.append(step)
        assert [answer.refused for answer in await answering.wait(ref)] == [None]
    assert [sorted(commit.regrouped) for commit in store.commits] == [
        ["anna", "berta"],
        [],
        ["anna", "berta"],
        ["anna", "carl"],
        [],
        ["anna", "carl", "dora"],
        ["anna", "carl", "dora"],
    ]
    await embedded.close()
    await working
