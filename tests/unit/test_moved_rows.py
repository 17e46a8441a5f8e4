"""What rows of PostgreSQL's tables become in Cassandra's."""

from chinwag.adapters import stored
from chinwag.adapters.cassandra.moved_rows import AT, SHAPES, Converting, Totals
from chinwag.adapters.cassandra.schema import TABLES
from chinwag.adapters.postgres.leaving import KEYS
from chinwag.adapters.postgres.moving import MESSAGES
from chinwag.domain.conversation import START, Conversation, Position, SendKey, Span
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.reaction_counts import ReactionCounts

LATER = Position(1_790_000_000_000, 17, 3)
OWN = {"life", "partitions", "erasures", "companions"}
"""What a keyspace says of itself, and what is made of the states by whoever misses it."""


def test_no_table_and_no_column_is_forgotten() -> None:
    """Whoever adds one to the schema says here what a move makes of it."""
    assert set(SHAPES) == set(TABLES) - OWN
    for table, (keys, values) in SHAPES.items():
        columns = [column.split()[0] for column in TABLES[table].partition("PRIMARY KEY (")[0].split(", ") if column]
        assert {*keys, *values} == set(columns), table


def test_each_table_of_the_source_becomes_something() -> None:
    rows: dict[str, tuple[object, ...]] = {
        "states": (b"c", stored.sealed(Conversation(id=ConversationId("c"), direct=False, members={}, applied=LATER))),
        "events": (b"c", 1_234, stored.row(b"{}")),
        "send_keys": (b"c", b"d", b"1", stored.sealed(SendKey(LATER, 1, 2, b"x"))),
        "spans": (b"a", b"c", 1, stored.sealed(Span(AccountId("a"), ConversationId("c"), 1, 4))),
        "mentions": (b"a", b"c", 1, 0),
        "reactions": (b"c", 501, b"a", b"reacted"),
        "reaction_counts": (b"c", 501, stored.sealed(ReactionCounts(LATER, (("x", 2),)))),
        "people": (b"c", b"a", b"stays"),
        "wrote": (b"c", b"a", b"wrote"),
        "joinings": (b"c", 10_001, b"a", 0),
        "wide_groups": (b"c",),
        "heads": (b"a", 9, 3, ((20_000, 3),)),
        "inbox": (b"a", 9, 2, b"c", 5, None, 1),
        "marks": (b"c", b"a", 0, None),
        "steps": (b"c", b"a", 7, 8),
        "seen": (b"a", True, 5),
    }
    assert set(rows) == set(KEYS) == {table.name for table in MESSAGES}
    converting = Converting(60)
    for table, row in rows.items():
        changes = converting.changes(table, [row])
        assert bool(changes) is (table != "marks"), "a row without marks says nothing"
        for write, values in changes:
            place = values[len(write.columns)]
            assert place == AT or table in ("steps", "seen")
    ((_, state),) = converting.changes("states", [rows["states"]])
    assert isinstance(state[1], bytes)
    found = stored.state(state[1])
    assert found is not None
    assert found.applied == START
    ((_, sent),) = converting.changes("send_keys", [rows["send_keys"]])
    assert isinstance(sent[4], bytes)
    key = stored.send_key(sent[4])
    assert key is not None
    assert key.position == START
    ((_, counted),) = converting.changes("reaction_counts", [rows["reaction_counts"]])
    assert isinstance(counted[3], bytes)
    assert stored.reaction_counts(counted[3]) == ReactionCounts(START, (("x", 2),))


def test_a_bucket_is_told_of_once_and_totals_know_every_value_and_its_time() -> None:
    rows: list[tuple[object, ...]] = [(b"c", number, b"a", b"x") for number in (1, 2, 499, 500, 501)]
    changes = Converting(60).changes("reactions", rows)
    assert [values[1] for write, values in changes if write.table == "reaction_buckets"] == [0, 1]
    one, other = Totals(), Totals()
    one.write(changes)
    for table in ("reactions", "reaction_buckets"):
        read = [(*values[:-1], values[-1]) for write, values in reversed(changes) if write.table == table]
        other.read(table, read)
        assert one.of(table) == other.of(table)
    for spoilt in ((b"c", 0, 1, b"a", b"y", AT), (b"c", 0, 1, b"a", b"x", AT + 1), (b"c", 0, 1, b"b", b"x", AT)):
        totals = Totals()
        totals.read("reactions", [spoilt])
        right = Totals()
        right.read("reactions", [(b"c", 0, 1, b"a", b"x", AT)])
        assert totals.of("reactions") != right.of("reactions")
