"""A data folder with a bit of everything, an empty database to move it to, and what the ports show of either."""

import tarfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import create_engine, insert, select
from sqlalchemy.ext.asyncio import create_async_engine

from chinwag.adapters.embedded import keys, open_embedded, values
from chinwag.adapters.embedded.data_directory import begin, open_rocksdb
from chinwag.adapters.files import FileKeyStore
from chinwag.adapters.postgres import make_schema, open_stores
from chinwag.adapters.postgres.registry import make_registry
from chinwag.adapters.relational import open_directory
from chinwag.adapters.relational.everything import OWN
from chinwag.adapters.relational.postgres import engine_on, prepare_postgres_directory
from chinwag.adapters.relational.schema import METADATA
from chinwag.domain.conversation import START, Conversation, Member, Position, Role, SendKey, Span
from chinwag.domain.facts import Target as Kept
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId, direct_id, group_id
from chinwag.domain.marks import Mark, Marks
from chinwag.domain.member_row import MemberRow, Stay, Wrote
from chinwag.domain.mentions import ALL, Mention
from chinwag.domain.reaction_counts import ReactionCounts
from chinwag.domain.reactions import Reacted, Step
from chinwag.domain.refusal import Code
from chinwag.flow.access.key_ring import KeyRing
from chinwag.life.folder import DIRECTORY, MESSAGES
from chinwag.life.move.move import Target
from chinwag.ports.inbox import Inbox, Posting
from chinwag.ports.mark_store import Advance, MarkStore, Seen
from chinwag.ports.message_store import Changed, Commit, Fanout, KeyName, MessageStore

SECRET = b"the secret of one cluster, shared"
STARTS = 2_000
"""How often the folder has been started."""
ANN, BEN = AccountId("101"), AccountId("102")
ODD = (AccountId("nul\0\0"), AccountId("x" * 255), AccountId("*>.%_'\\"), AccountId("é\U0010fffe"))
"""Whatever has a UTF-8 form and 255 bytes at most is a name to the stores."""
EVERYBODY = (ANN, BEN, *ODD)
PAIR, GROUP, LATER = direct_id(ANN, BEN), group_id("g\0\U0010fffe*"), group_id("201")
CONVERSATIONS = (PAIR, GROUP, LATER)
DEVICES = (DeviceId("d1"), DeviceId("d\0"))
Picture = dict[str, Any]


async def prepared(url: str) -> None:
    """Make all tables in the database at `url`, as a cluster has them before its first start."""
    await make_schema(url)
    await prepare_postgres_directory(url)
    await make_registry(url)


def target(url: str, directory: str = "") -> Target:
    """The database, or two."""
    return Target(messages=url, directory=directory or url, secret=SECRET, name="the new one")


def unpacked(state: Path, into: Path) -> Path:
    """A kept data folder."""
    with tarfile.open(state / "data.tar.xz") as tar:
        tar.extractall(into, filter="tar")
    return into / "data"


def started(data: Path, times: int) -> None:
    """Let the folder have been started so often: a start writes this row, and nothing else of what is moved."""
    path = data / MESSAGES
    store = open_rocksdb(path, 1 << 20)
    begin(store, path, lambda: 1_700_000_000_000)
    store.put(keys.LOG_EPOCH, values.sealed(times))
    store.close()


async def filled(data: Path) -> Path:
    """Make the folder `data`: started 2,000 times, and with rows of every table."""
    now = 1_800_000_000_000
    started(data, STARTS - 1)
    embedded = await open_embedded(data, clock=lambda: now)
    assert embedded.engine.epochs.log == STARTS
    try:
        await _talk(embedded.message_store)
        await _mark(embedded.mark_store, embedded.inbox)
        # A chunk of which only the beginning is forgotten, one inbox of which all is, and one that is begun anew.
        assert await embedded.inbox.trim(now + 1, 3) == 3
        await embedded.inbox.forget(ODD[0])
        await embedded.inbox.forget(BEN)
        await embedded.inbox.post([Posting(BEN, b'{"again":1}')])
    finally:
        await embedded.close()
    await (await open_directory(data / DIRECTORY)).close()
    _enrol(data / DIRECTORY)
    KeyRing(FileKeyStore(data / "keys"), 1_700_000_000_000, 600_000).rotate(1_700_000_000_001)
    return data


async def _talk(store: MessageStore) -> None:
    sequence = 0
    for conversation, audience in ((PAIR, (ANN, BEN)), (GROUP, EVERYBODY), (LATER, (ANN, *ODD[:2]))):
        for first, last in ((1, 1), (2, 40), (41, 43)):
            sequence += 1
            await store.commit([_commit(conversation, audience, first, last, sequence)])


def _commit(
    conversation: ConversationId, audience: Sequence[AccountId], first: int, last: int, sequence: int
) -> Commit:
    numbers = range(first, last + 1)
    wide = audience if conversation == GROUP and first > 1 else ()
    return Commit(
        state=Conversation(
            id=conversation,
            direct=conversation == PAIR,
            wide=bool(wide),
            members={one: Member(Role.MEMBER, reads_from=2, wrote=last) for one in audience},
            head=last,
            ordinal=last,
            at=5_000 + last,
            title="no title\0",
            applied=Position(STARTS, sequence, 7),
            barred=(AccountId("9"),),
            history_from=3,
        ),
        events=[
            (number, msgspec.json.encode({"number": number, "from": audience[0], "text": "\0é" * number}))
            for number in numbers
        ],
        fanouts=[
            Fanout(first, last, tuple(audience)),
        ],
        keys=[
            (
                KeyName(conversation, DEVICES[number % 2], ClientId(f"{number}\0")),
                # Some stand for what was refused for ever.
                SendKey(
                    Position(STARTS, sequence, number),
                    number,
                    1_000 + number,
                    bytes((number,) * 8),
                    Code.NOT_ALLOWED if number % 10 == 9 else None,
                ),
            )
            for number in numbers
        ],
        spans=[Span(one, conversation, 1 + first, None if first < 41 else last) for one in audience],
        rewrites=[(first, Changed(b'{"now":"else"}', Kept("message", audience[0], 1_000 + first, "text", (last,))))],
        mentions=[Mention(one, number, last) for one in (audience[0], ALL) for number in numbers],
        reactions=[
            (number, one, Reacted((Step(last, "\U0001f44d", True), Step(last, "\u2764", False))))
            for number in numbers
            for one in audience
        ],
        counts=[
            (number, ReactionCounts(Position(STARTS, sequence, number), (("\U0001f44d", number), ("\u2764", 1))))
            for number in numbers
            if wide
        ],
        people=[(one, MemberRow((Stay(1, 0, 2, first), Stay(last, last, last)))) for one in wide],
        wrote=[(one, Wrote(last, last, 1_000 + last)) for one in wide],
        joinings=[(joined, one, left) for one in wide for joined, left in ((1, first), (last, 0))],
        widens=bool(wide),
    )


async def _mark(marks: MarkStore, inbox: Inbox) -> None:
    posted = [Posting(one, b'{"read":%d}' % number) for number, one in enumerate(EVERYBODY)]
    for number in (1, 5, 40):
        mark = Mark(number, number, 7_000 + number)
        advances = [
            Advance(conversation, one, Marks(mark, mark), stepped=one != BEN, withheld=one == ODD[1])
            for conversation in CONVERSATIONS
            for one in (ANN, BEN, *ODD)
        ]
        await marks.advance(advances, posted)
    await marks.save_seen([Seen(one, number % 2 == 0, 9_000 + number) for number, one in enumerate(EVERYBODY)])
    # Larger than a chunk, so that one write makes several.
    await inbox.post([Posting(ANN, b'{"long":"%s"}' % (b"x" * 40_000)) for _ in range(5)])


def _enrol(file: Path) -> None:
    """Rows in every table of the directory, two in most."""
    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        for table in METADATA.sorted_tables:
            if table.name in OWN:
                continue
            for number in range(1 if table.name == "listing_mark" else 2):
                row = {column.name: _value(column, number) for column in table.columns}
                connection.execute(insert(table).values(row))
        # The last rows of what is counted are gone, and their keys are not given again.
        for _ in range(3):
            connection.exec_driver_sql("INSERT INTO outbox (account, payload, version) VALUES ('a', x'00', 1)")
        connection.exec_driver_sql("DELETE FROM outbox WHERE id > 2")
    engine.dispose()


def _value(column: Any, number: int) -> object:
    """A value that fits: what refers to something is like what it refers to."""
    kind = str(column.type)
    if kind == "BOOLEAN":
        return number == 0
    if kind in ("BIGINT", "INTEGER"):
        large = kind == "BIGINT" and not column.primary_key
        return None if column.nullable and number else number + (1 << 52 if large else 1)
    if kind == "BLOB":
        return None if column.nullable and number else bytes((number, 0, 255, 1))
    if column.nullable and number:
        return None
    return f"\0{number}\U0010fffe\U0010fffe0é" if number else "plain"


async def shown_by_folder(data: Path) -> Picture:
    """What the ports show of the folder."""
    embedded = await open_embedded(data)
    try:
        picture = await shown_by_ports(
            embedded.message_store, embedded.inbox, embedded.mark_store, await _names(data, embedded)
        )
    finally:
        await embedded.close()
    engine = create_async_engine(f"sqlite+aiosqlite:///{data / DIRECTORY}")
    try:
        return picture | await _tables(engine)
    finally:
        await engine.dispose()


async def shown_by_database(url: str, names: dict[str, list[Any]], directory: str = "") -> Picture:
    """What the ports show of the database. names: of what there is, as the folder's picture has them."""
    stores = await open_stores(url)
    try:
        picture = await shown_by_ports(stores.message_store, stores.inbox, stores.mark_store, names)
    finally:
        await stores.close()
    engine = engine_on(directory or url, 10, reading=True)
    try:
        return picture | await _tables(engine)
    finally:
        await engine.dispose()


async def _names(data: Path, embedded: Any) -> dict[str, list[Any]]:
    """Names of all that is in the folder, from the keys of its rows alone."""
    found: dict[str, set[Any]] = defaultdict(set)
    for key in embedded.engine.db.keys():  # noqa: SIM118 - no dict
        parts, at = [], 1
        for _ in range({b"k": 3, b"m": 2, b"r": 2, b"t": 2, b"!": 0}.get(key[:1], 1)):
            end = at + 1 + key[at]
            parts.append(key[at + 1 : end].decode())
            at = end
        if key[:1] in b"kse":
            found["conversations"].add(ConversationId(parts[0]))
        if key[:1] in b"imo":
            found["accounts"].add(AccountId(parts[0]))
        if key[:1] == b"k":
            found["keys"].add((ConversationId(parts[0]), DeviceId(parts[1]), ClientId(parts[2])))
    return {kind: sorted(found[kind]) for kind in ("conversations", "accounts", "keys")}


async def shown_by_ports(store: MessageStore, inbox: Inbox, marks: MarkStore, names: dict[str, list[Any]]) -> Picture:
    """What the ports of some stores show. names: as of `shown_by_database`."""
    conversations, accounts = names["conversations"], names["accounts"]
    states = [state for state in await store.states(conversations) if state is not None]
    keys = await store.keys([KeyName(*name) for name in names["keys"]])
    assert len(states) == len(conversations)
    picture: Picture = {
        "names": names,
        "states": [msgspec.structs.replace(state, applied=START) for state in states],
        "keys": [msgspec.structs.replace(key, position=START) for key in keys if key is not None],
        "seen": await marks.seen(accounts),
        "wide": sorted(await store.wide_groups(ConversationId(""), 1_000)),
    }
    for state in states:
        picture[f"events of {state.id}"] = await store.events(state.id, 0, state.head + 9)
        picture[f"mentions of {state.id}"] = sorted(
            await store.mentions([*accounts, ALL], state.id, 0, 1_000), key=repr
        )
        picture[f"reactions of {state.id}"] = sorted(await store.reactions(state.id, 0, state.head + 9, 10_000))
        counted = await store.reaction_counts([(state.id, number) for number in range(1, state.head + 1)])
        picture[f"reaction counts of {state.id}"] = [
            one and msgspec.structs.replace(one, covers=START) for one in counted
        ]
        counts = await store.reaction_counts([(state.id, number) for number in range(state.head + 10)])
        picture[f"counts of {state.id}"] = [one and msgspec.structs.replace(one, covers=START) for one in counts]
        people = [(state.id, one) for one in accounts]
        picture[f"people of {state.id}"] = await store.people(people), await store.wrote(people)
        picture[f"joinings of {state.id}"] = await store.joinings(state.id, None, 10_000)
        picture[f"marks of {state.id}"] = await marks.of_conversation(state.id, 1_000)
        picture[f"readers of {state.id}"] = [
            sorted(await marks.readers(state.id, number, 1_000), key=repr) for number in range(1, state.head + 2)
        ]
    for account in accounts:
        picture[f"spans of {account}"] = await store.memberships(account)
        bounds = await inbox.bounds(account)
        picture[f"inbox of {account}"] = bounds
        for after in (bounds.floor, (bounds.floor + bounds.head) // 2):
            entries = (await inbox.read(account, after, 1_000)).entries
            assert sum(entry.count for entry in entries) == bounds.head - after
            picture[f"inbox of {account} after {after}"] = entries
    return picture


async def _tables(engine: Any) -> Picture:
    """Every table of the directory but what is not moved."""
    found: Picture = {}
    async with engine.connect() as connection:
        for table in METADATA.sorted_tables:
            if table.name not in OWN:
                rows = (await connection.execute(select(table))).all()
                found[f"table {table.name}"] = sorted(map(tuple, rows), key=repr)
    return found


def assert_same(one: Picture, other: Picture) -> None:
    """Two pictures show the same; told by what they show."""
    assert one.keys() == other.keys()
    for what, shown in one.items():
        assert shown == other[what], what
