"""The longest texts, the largest groups and the strangest names, over every adapter of every port but the stores of
files: what goes in comes out as it was, under its own name and no other's."""

import asyncio
from collections.abc import Iterator, Sequence

import msgspec
import pytest
from tests.contract.directories import account as new_account
from tests.contract.harness import LogHarness, Stores, commit, entries
from tests.contract.hostile import CROWD, NAMES, TEXTS
from tests.contract.test_bus import Ear
from tests.contract.test_log import take
from tests.support.keeper import STREAMS_BYTES
from tests.support.own_nats import own_nats

from chinwag.adapters.nats.connection import PAYLOAD_LEAST
from chinwag.domain.account import name_key
from chinwag.domain.body import Text
from chinwag.domain.command import Command, Create, Send, SetTitle
from chinwag.domain.conversation import START, GroupSettings, Position, SendKey, Span
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId
from chinwag.domain.marks import Mark, Marks
from chinwag.domain.presence import DeviceAt, PresenceOf
from chinwag.domain.refusal import Code, Refused
from chinwag.domain.tracing import SessionAt
from chinwag.engines.nats import streams_in
from chinwag.ports.bus import PEOPLE, REVOKED, Answer, Answers, Bus, NodeId, Revoked, SessionChange, Tell, answers_to
from chinwag.ports.directory import CreatedGroup, DeclineDue, Device, Directory, OpenGroup
from chinwag.ports.inbox import Arrival, Posting
from chinwag.ports.log import Submission, partition_of
from chinwag.ports.mark_store import Advance, ReadStep, Seen
from chinwag.ports.message_store import KeyName
from chinwag.ports.questions import DevicesOnline, Questions, SessionsHere, WhoIsOnline

ONE = NodeId("one")


@pytest.fixture(scope="module")
def least_nats() -> Iterator[str]:
    """A NATS that takes no longer messages than every one does that will do; that of the run takes more."""
    with own_nats(lambda place: streams_in(place, STREAMS_BYTES) | {"max_payload": PAYLOAD_LEAST}) as server:
        yield server.url


@pytest.fixture
def nats_url(least_nats: str) -> str:
    """The one that adapters on NATS get here."""
    return least_nats


def _json(text: str) -> bytes:
    return msgspec.json.encode({"text": text})


async def test_the_log_carries_every_command_as_it_is(ports: LogHarness) -> None:
    actions = [Send(Text(text, CROWD[:100])) for text in TEXTS]
    commands = [
        *(
            Command(ConversationId(name), AccountId(name), DeviceId(name), ClientId(name), 1, SetTitle(name))
            for name in NAMES
        ),
        *(Command(ConversationId("g~1"), CROWD[0], DeviceId("d"), ClientId("c"), 1, action) for action in actions),
        Command(ConversationId("g~2"), CROWD[0], DeviceId("d"), ClientId("c"), 1, Create("t", CROWD, GroupSettings())),
    ]
    wanted: dict[int, list[Submission]] = {}
    for ref, command in enumerate(commands):
        submission = Submission(command, ONE, ref)
        wanted.setdefault(partition_of(command.conversation, ports.log.partitions), []).append(submission)
        ports.log.append(submission)
    for partition, submissions in wanted.items():
        records = await take(aiter(ports.log.records(partition, START)), len(submissions))
        assert [record.submission for record in records] == submissions


async def test_the_bus_carries_every_publication_as_it_is(bus: Bus) -> None:
    told = [
        *(Tell((AccountId(name),), _json(name), DeviceId(name)) for name in NAMES),
        *(Tell(CROWD, _json(text)) for text in TEXTS),
    ]
    revoked = [Revoked(AccountId(name), tuple(DeviceId(one) for one in NAMES)) for name in NAMES]
    changes = [SessionChange(AccountId(name), DeviceId(name), ONE, name, "up", 1) for name in NAMES]
    answers = Answers([Answer(1, _key(name), refused=Code.FORBIDDEN, detail=name) for name in NAMES])
    ears = {PEOPLE: Ear(), REVOKED: Ear(), answers_to(ONE): Ear()}
    for subject, ear in ears.items():
        bus.subscribe(subject, ear)
    for one in told:
        bus.publish(PEOPLE, one)
    for revocation in revoked:
        bus.publish(REVOKED, revocation)
    for change in changes:
        bus.publish(REVOKED, change)
    bus.publish(answers_to(ONE), answers)
    assert await ears[PEOPLE].until(len(told)) == told
    assert await ears[REVOKED].until(len(revoked) + len(changes)) == [*revoked, *changes]
    assert await ears[answers_to(ONE)].until(1) == [answers]


async def test_the_bus_tells_as_many_as_there_are(bus: Bus) -> None:
    """It may do so in several publications, none of which is too long to be carried."""
    many = tuple(AccountId(f"{number:07}" + "\U0001f600" * 62) for number in range(10_000))
    signal = b'"' + b"x" * 10_000 + b'"'
    ear = Ear()
    bus.subscribe(PEOPLE, ear)
    bus.publish(PEOPLE, Tell(many, signal))
    bus.publish(PEOPLE, Tell((), b"last"))
    async with asyncio.timeout(60):
        while Tell((), b"last") not in ear.heard:
            await ear.until(len(ear.heard) + 1)
    told = [one for one in ear.heard if isinstance(one, Tell)]
    assert [account for one in told for account in one.to] == list(many)
    assert {one.signal for one in told[:-1]} == {signal}


async def test_questions_and_answers_are_carried_as_they_are(questions: Questions) -> None:
    async def presence(question: WhoIsOnline) -> list[PresenceOf]:
        return [PresenceOf(account, online=True, last_active_at=1) for account in question.accounts]

    async def devices(question: DevicesOnline) -> list[DeviceAt]:
        return [DeviceAt(DeviceId(question.account), question.account, 1)]

    async def sessions(question: SessionsHere) -> list[SessionAt]:
        raise Refused(Code.FORBIDDEN, question.account, 1.5)

    questions.answer(ONE, WhoIsOnline, presence)
    questions.answer(ONE, DevicesOnline, devices)
    questions.answer(ONE, SessionsHere, sessions)
    found = await questions.ask(ONE, WhoIsOnline(CROWD[0], CROWD))
    assert [one.account for one in found] == list(CROWD)
    for name in (*NAMES, *TEXTS):
        account = AccountId(name)
        assert await questions.ask(ONE, DevicesOnline(account)) == [DeviceAt(DeviceId(name), name, 1)]
        with pytest.raises(Refused) as refused:
            await questions.ask(ONE, SessionsHere(account))
        assert (refused.value.code, refused.value.detail, refused.value.retry_after) == (Code.FORBIDDEN, name, 1.5)


@pytest.mark.parametrize("harness", ["embedded", "postgres", "nats", "cassandra"], indirect=True)
class TestStores:
    async def test_every_row_is_kept_under_its_own_name_alone(self, stores: Stores) -> None:
        for number, name in enumerate(NAMES):
            batch = commit(1, 1, ConversationId(name), (AccountId(name),), sequence=number + 1)
            key = (_key(name), SendKey(Position(1, number, 0), number, 0))
            await stores.store.commit([msgspec.structs.replace(batch, events=[(1, name.encode())], keys=[key])])
        for number, name in enumerate(NAMES):
            conversation, account = ConversationId(name), AccountId(name)
            assert await stores.store.events(conversation, 1, 10) == [name.encode()]
            assert await stores.store.memberships(account) == [Span(account, conversation, 1)]
            assert await entries(stores, account) == [f"{name}#1"]
            assert await stores.store.keys([_key(name)]) == [SendKey(Position(1, number, 0), number, 0)]
        shifted = KeyName(ConversationId("1"), DeviceId("0"), ClientId("10"))
        assert await stores.store.keys([shifted]) == [None]

    async def test_the_largest_messages_reach_the_largest_group(self, stores: Stores) -> None:
        batch = commit(1, len(TEXTS), ConversationId("g~1"), CROWD)
        batch = msgspec.structs.replace(batch, events=[(n, _json(text)) for n, text in enumerate(TEXTS, 1)])
        events = {event for _, event in batch.events}
        told: dict[AccountId, list[bytes]] = {}
        positions: dict[AccountId, int] = {}
        all_told = asyncio.Event()

        def hear(arrivals: Sequence[Arrival]) -> None:
            for one in arrivals:
                told.setdefault(one.account, []).extend(one.events)
                positions[one.account] = max(positions.get(one.account, 0), one.position + len(one.events))
            if sum(position > len(TEXTS) for position in positions.values()) == len(CROWD):
                all_told.set()

        stores.inbox.feed(hear)
        for account in CROWD:
            stores.inbox.hold(account)
        await stores.store.commit([batch])
        async with asyncio.timeout(60):
            await all_told.wait()
        for account in CROWD:
            # Long ones may be left to be read; none is cut, changed or told to somebody else.
            assert set(told[account]) <= events
            assert await entries(stores, account) == [f"g~1#{n}" for n in range(1, len(TEXTS) + 1)]
        assert await stores.store.states([ConversationId("g~1")]) == [batch.state]
        stored = await stores.store.events(ConversationId("g~1"), 1, len(TEXTS))
        assert stored == [event for _, event in batch.events]

    async def test_postings_are_told_and_kept_as_they_are(self, stores: Stores) -> None:
        told: dict[AccountId, list[bytes]] = {}
        last = asyncio.Event()

        def hear(arrivals: Sequence[Arrival]) -> None:
            for one in arrivals:
                told.setdefault(one.account, []).extend(one.events)
                if one.account == AccountId(NAMES[-1]) and one.events:
                    last.set()

        stores.inbox.feed(hear)
        for name in NAMES:
            stores.inbox.hold(AccountId(name))
        await stores.inbox.post([Posting(AccountId(name), _json(name)) for name in NAMES])
        async with asyncio.timeout(60):
            await last.wait()
        for name in NAMES:
            assert told[AccountId(name)] == [_json(name)]
            assert await entries(stores, AccountId(name)) == [_json(name).decode()]
        for text in TEXTS:
            await stores.inbox.post([Posting(CROWD[0], _json(text))])
        assert await entries(stores, CROWD[0]) == [_json(text).decode() for text in TEXTS]

    async def test_marks_and_presence_are_kept_under_their_own_names_alone(self, stores: Stores) -> None:
        marks = {name: Marks(Mark(n, n, n), Mark(n, n, n)) for n, name in enumerate(NAMES, 1)}
        advances = [
            Advance(ConversationId(name), AccountId(name), moved, stepped=True) for name, moved in marks.items()
        ]
        advances += [Advance(ConversationId("g~1"), one, marks["a"], stepped=False) for one in CROWD]
        await stores.marks.advance(advances, [])
        await stores.marks.save_seen([Seen(AccountId(name), True, n) for n, name in enumerate(NAMES, 1)])
        for n, (name, moved) in enumerate(marks.items(), 1):
            conversation, account = ConversationId(name), AccountId(name)
            assert await stores.marks.of_conversation(conversation, 500) == {account: moved}
            assert await stores.marks.readers(conversation, n, 500) == [ReadStep(account, n)]
            assert await stores.marks.seen([account]) == [Seen(account, True, n)]
        assert await stores.marks.of_conversation(ConversationId("g~1"), 500) == dict.fromkeys(CROWD, marks["a"])
        found: list[Seen] = []
        while page := await stores.marks.seen_after(found[-1].account if found else None, 7):
            found += page
        assert sorted(one.account for one in found) == sorted(NAMES)


async def test_the_directory_keeps_every_name_apart(directory: Directory) -> None:
    # One transaction a name: each is bounded in time, however busy the machine is.
    for n, name in enumerate(NAMES):
        async with directory.transaction() as transaction:
            await transaction.accounts.create(new_account(name, f"name{n}"), name_key(f"name{n}"), name)
    for n, name in enumerate(NAMES):
        account, device = AccountId(name), DeviceId(name)
        async with directory.transaction() as transaction:
            await transaction.devices.create(Device(device, account, name, n, n))
            await transaction.blocks.put(account, AccountId(NAMES[n - 1]), n)
            await transaction.declines.add(account, AccountId(name), n)
            await transaction.created_groups.remember(device, name, ConversationId(name), n)
            await transaction.listing.put(OpenGroup(ConversationId(name), name[:200], name, 1, 1))
            await transaction.outbox.add(account, name.encode(), 1)
            await transaction.accounts.set_profile(account, name, name)
    for n, name in enumerate(NAMES):
        account, device = AccountId(name), DeviceId(name)
        async with directory.reading() as transaction:
            found = await transaction.accounts.get(account)
            assert found is not None
            assert await transaction.accounts.password(account) == name
            assert (found.id, found.display_name, found.about) == (name, name, name)
            assert await transaction.devices.of(account) == [Device(device, account, name, n, n)]
            assert await transaction.blocks.page(account, None, 9) == [(NAMES[n - 1], n)]
            assert await transaction.created_groups.get(device, name) == name
    accounts: list[AccountId] = []
    groups: list[ConversationId] = []
    async with directory.reading() as transaction:
        many = await transaction.accounts.many([AccountId(name) for name in NAMES])
        while page := await transaction.accounts.page(accounts[-1] if accounts else None, 20):
            accounts += [one.id for one in page]
        while some := await transaction.listing.conversations(groups[-1] if groups else None, 20):
            groups += some
    assert sorted(one.id for one in many) == sorted(accounts) == sorted(NAMES)
    assert sorted(groups) == sorted(NAMES)
    async with directory.reading() as transaction:
        declines = await transaction.declines.pending(999)
        payloads = [row.payload for row in await transaction.outbox.pending(999)]
        waiting = await transaction.created_groups.unsettled(999, 999)
    assert declines == [DeclineDue(AccountId(name), AccountId(name), n) for n, name in enumerate(NAMES)]
    assert payloads == [name.encode() for name in NAMES]
    assert sorted(waiting, key=lambda one: one.at) == [
        CreatedGroup(DeviceId(name), name, ConversationId(name), n) for n, name in enumerate(NAMES)
    ]


def _key(name: str) -> KeyName:
    return KeyName(ConversationId(name), DeviceId(name), ClientId(name))
