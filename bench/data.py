"""People and messages written straight into a data folder, before any server has it open.

Signing up a thousand people costs a thousand argon2 hashes, and sending a million messages takes minutes: neither is
what is measured. So both are written as the server would have written them. Only for folders that the bench has made
itself: these accounts have no password that anyone could log in with.
"""

import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from rocksdict import Rdict
from sqlalchemy import create_engine, insert

from chinwag.adapters.embedded import Embedded, open_embedded
from chinwag.adapters.embedded.data_directory import write_synced
from chinwag.adapters.embedded.engine import Write
from chinwag.adapters.files import FileKeyStore
from chinwag.adapters.relational.schema import accounts, devices
from chinwag.assembly import begin_folder
from chinwag.domain.body import Text
from chinwag.domain.command import Command, Create, Rules
from chinwag.domain.conversation import Conversation, GroupSettings, Member, Position, Role, SendKey, Span
from chinwag.domain.decide import Numbered, decide
from chinwag.domain.events import Message
from chinwag.domain.ids import AccountId, ClientId, DeviceId, Snowflake, direct_id, group_id
from chinwag.flow.access.key_ring import KeyRing
from chinwag.flow.access.tokens import Tokens
from chinwag.flow.clock import system_clock
from chinwag.flow.draft import Draft
from chinwag.load.peer import Login, text_of
from chinwag.ports.message_store import Commit, Fanout, KeyName

WORKER = 1022
"""The worker number of the ids that are made here."""
COMMIT = 500
"""Messages of one commit."""
TOKEN_MS = 3_600_000

_ids = Snowflake(WORKER)
_encode = msgspec.json.Encoder().encode


class Person(msgspec.Struct, frozen=True):
    """An account with one device."""

    account: AccountId
    device: DeviceId


def new_people(count: int) -> list[Person]:
    """People whom no data folder knows yet."""
    now = system_clock()
    return [Person(AccountId(_ids.next(now)), DeviceId(_ids.next(now))) for _ in range(count)]


async def make_people(data: Path, count: int) -> list[Person]:
    """Add `count` accounts to a data folder, made if it is not there."""
    people = new_people(count)
    await add_people(data, people)
    return people


async def add_people(data: Path, people: Sequence[Person]) -> None:
    """Add accounts to a data folder, made if it is not there."""
    await begin_folder(data)
    now = system_clock()
    engine = create_engine(f"sqlite:///{data / 'directory.sqlite'}")
    with engine.begin() as connection:
        connection.execute(insert(accounts), [_account(person, now) for person in people])
        connection.execute(insert(devices), [_device(person, now) for person in people])
    engine.dispose()


def _account(person: Person, now: int) -> dict[str, object]:
    name = f"bench{person.account}"
    row: dict[str, object] = {"id": person.account, "name": name, "name_key": name, "display_name": "", "about": ""}
    return row | {
        "settings": "{}",
        "password": "",
        "admin": False,
        "disabled": False,
        "closed_at": None,
        "created_at": now,
        "version": 1,
    }


def _device(person: Person, now: int) -> dict[str, object]:
    return {"id": person.device, "account": person.account, "name": "bench", "created_at": now, "last_seen_at": now}


def logins(data: Path, people: Sequence[Person], cursors: Sequence[str | None] = ()) -> tuple[Login, ...]:
    """Access tokens for people, good for an hour. cursors: where each device stopped, if it has been here before."""
    tokens = Tokens(KeyRing(FileKeyStore(data / "keys"), system_clock(), TOKEN_MS), system_clock)
    starts = cursors or [None] * len(people)
    return tuple(
        Login(person.account, tokens.access(person.account, person.device)[0], cursor)
        for person, cursor in zip(people, starts, strict=True)
    )


class Book:
    """Writes conversations into an open store, by its own port."""

    def __init__(self, stores: Embedded) -> None:
        self._stores = stores
        self._sequence = 0

    async def group(self, members: Sequence[Person]) -> Conversation:
        """A group of `members`, the first of whom owns it."""
        owner, now = members[0], system_clock()
        action = Create("bench", tuple(member.account for member in members[1:]), GroupSettings())
        name = group_id(_ids.next(now))
        rules = Rules(group_members=len(members))
        command = Command(name, owner.account, owner.device, ClientId("create"), now, action, rules=rules)
        placed = decide(None, command, self._position())
        assert isinstance(placed, Numbered), placed
        draft = Draft(placed.state)
        draft.place(placed, KeyName(name, owner.device, command.id), SendKey(placed.state.applied, 1, now))
        await self._stores.message_store.commit([draft.commit()])
        return placed.state

    def direct(self, one: Person, other: Person) -> Conversation:
        """The direct conversation of two people, which its first message will make."""
        name = direct_id(one.account, other.account)
        pair = sorted((one.account, other.account))
        return Conversation(id=name, direct=True, members={account: Member(Role.MEMBER) for account in pair})

    async def write(self, state: Conversation, sender: Person, count: int) -> Conversation:
        """`count` messages of `sender`, with the texts of `text_of(conversation, number)`; the state after them."""
        while count > 0:
            commit = self.messages(state, sender, min(count, COMMIT))
            await self.commit([commit])
            state, count = commit.state, count - COMMIT
        return state

    async def commit(self, batch: Sequence[Commit]) -> None:
        """Write commits at once."""
        await self._stores.message_store.commit(batch)

    def messages(
        self, state: Conversation, sender: Person, count: int, text: Callable[[str, int], str] = text_of
    ) -> Commit:
        """`count` messages of `sender` as one commit, not written yet. text: of a conversation's number."""
        now, first, last = system_clock(), state.head + 1, state.head + count
        events: list[tuple[int, bytes]] = []
        keys: list[tuple[KeyName, SendKey]] = []
        for number in range(first, last + 1):
            name, ordinal = ClientId(f"bench-{number}"), state.ordinal + number - state.head
            event = Message(
                conversation=state.id,
                number=number,
                ordinal=ordinal,
                sender=sender.account,
                device=sender.device,
                id=name,
                sent_at=now,
                body=Text(text(state.id, number)),
            )
            events.append((number, _encode(event)))
            keys.append((KeyName(state.id, sender.device, name), SendKey(self._position(), number, now)))
        audience = tuple(state.members)
        spans = [Span(account, state.id, 1) for account in audience] if first == 1 else []
        after = msgspec.structs.replace(
            state, head=last, ordinal=state.ordinal + count, at=now, applied=keys[-1][1].position
        )
        return Commit(after, events, [Fanout(first, last, audience)], keys, spans)

    def _position(self) -> Position:
        self._sequence += 1
        return Position(self._stores.engine.epochs.log, self._sequence, 0)

    async def settle(self, settling: Callable[[Rdict], None]) -> None:
        """Let `settling` bring the files of the store in order, in a thread."""
        await self._stores.engine.read(settling)

    async def cursors(self, people: Sequence[Person]) -> list[str]:
        """The end of each person's inbox."""
        bounds = [await self._stores.inbox.bounds(person.account) for person in people]
        return [f"{each.epoch}.{each.head}" for each in bounds]


@asynccontextmanager
async def opened(data: Path, *, write: Write = write_synced) -> AsyncIterator[Book]:
    """A data folder's stores, for as long as no server runs on it. write: how a commit reaches the disk."""
    stores = await open_embedded(data, write=write)
    try:
        yield Book(stores)
    finally:
        await stores.close()


def nonce() -> str:
    """A name for one run, so that its sends are no copies of another's."""
    return secrets.token_hex(3)
