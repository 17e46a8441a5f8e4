"""Deciding again: a log that is cut and replayed at any record gives the same rows, also where rows are ahead of it.

A worker that takes over knows the state as of one record, and rows, keys and spans that may be of later ones: of a part
of what a commit writes, of a whole batch, of all that another worker has done meanwhile.
"""

import asyncio
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chinwag.domain.body import Text
from chinwag.domain.command import Action, Add, Command, Create, Delete, Edit, Leave, Pin, React, Send, asked
from chinwag.domain.conversation import START, Conversation, GroupSettings, Position, SendKey, Span
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId, group_id
from chinwag.domain.mentions import ALL
from chinwag.domain.reaction_counts import ReactionCounts
from chinwag.domain.reactions import Reacted
from chinwag.flow.as_read import content
from chinwag.flow.deliver import Deliver
from chinwag.ports.bus import NodeId
from chinwag.ports.log import Record, Submission
from chinwag.ports.message_store import Commit, EventName, KeyName, ReactionName, Row

GROUP = group_id("9")
PEOPLE = [AccountId(one) for one in "123"]
Write = tuple[str, object, object]


class Rows:
    """A store in memory that takes the rows of a commit one by one, as tables without transactions do."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[object, object]] = {
            name: {} for name in ("event", "key", "span", "mention", "reaction", "state")
        }

    def write(self, writes: Sequence[Write]) -> None:
        for table, name, value in writes:
            if value is None:
                self.tables[table].pop(name, None)
            else:
                self.tables[table][name] = value

    def copy(self) -> "Rows":
        other = Rows()
        other.tables = {name: dict(rows) for name, rows in self.tables.items()}
        return other

    async def states(self, conversations: Sequence[ConversationId]) -> list[Conversation | None]:
        return [self.tables["state"].get(one) for one in conversations]  # type: ignore[misc]

    async def keys(self, names: Sequence[KeyName]) -> list[SendKey | None]:
        return [self.tables["key"].get(one) for one in names]  # type: ignore[misc]

    async def rows(self, names: Sequence[EventName]) -> list[Row | None]:
        return [self.tables["event"].get(one) for one in names]  # type: ignore[misc]

    async def reacted(self, names: Sequence[ReactionName]) -> list[Reacted | None]:
        return [self.tables["reaction"].get(one) for one in names]  # type: ignore[misc]

    async def reaction_counts(self, names: Sequence[EventName]) -> list[ReactionCounts | None]:
        return [ReactionCounts(START) for _ in names]  # the group is never wide

    async def spans(self, account: AccountId, conversation: ConversationId) -> list[Span]:
        found = [span for span in self.tables["span"].values() if isinstance(span, Span) and span.account == account]
        return sorted(found, key=lambda span: span.first)


def writes_of(commit: Commit) -> list[Write]:
    """In the order in which a store must write them: what is found through a row before it, the state last.

    Reactions of deleted messages stay here, as where a worker may be behind the state.
    """
    found: list[Write] = [("event", (GROUP, number), event) for number, event in commit.events]
    found += [("key", name, key) for name, key in commit.keys]
    found += [("span", (span.account, span.first), span) for span in commit.spans]
    found += [("mention", (one.account, one.number), one.since or None) for one in commit.mentions]
    found += [("reaction", (GROUP, number, account), row) for number, account, row in commit.reactions]
    found += [("event", (GROUP, number), row) for number, row in commit.rewrites]
    return [*found, ("state", GROUP, commit.state)]


def decided(store: Rows, records: Sequence[Record]) -> list[Commit]:
    """What a worker that has just begun makes of one batch."""
    worker = Deliver(0, None, store, None)  # type: ignore[arg-type]
    return asyncio.run(worker._decide(records)).commits


numbers = st.integers(1, 12)
named = st.sampled_from([(), (PEOPLE[0],), (PEOPLE[1],), (*PEOPLE[1:], ALL)])
texts = st.builds(Text, st.sampled_from(["a", "b"]), named)
actions: st.SearchStrategy[Action] = st.one_of(
    st.builds(Send, texts),
    st.builds(Send, texts, numbers),
    st.builds(Edit, numbers, texts),
    st.builds(Edit, numbers, texts),
    st.builds(Delete, numbers),
    st.builds(React, numbers, st.sampled_from("👍🎉"), st.booleans()),
    st.builds(React, numbers, st.sampled_from("👍🎉"), st.booleans()),
    st.builds(Pin, numbers, st.booleans()),
    st.builds(Add, st.sampled_from(PEOPLE)),
    st.just(Leave()),
)
wishes = st.lists(st.tuples(st.sampled_from(PEOPLE), actions), min_size=4, max_size=14)
history = st.sampled_from(["all", "joined"])


def log_of(asked_for: Sequence[tuple[AccountId, Action]], settings_: GroupSettings) -> list[Record]:
    begin = (PEOPLE[0], Create("us", (PEOPLE[1],), settings_))
    said = [(account, Send(Text(f"hello {account}"))) for account in PEOPLE[:2]]
    records = []
    everything: list[tuple[AccountId, Action]] = [begin, *said, *asked_for]
    for sequence, (account, action) in enumerate(everything, 1):
        name = ClientId(f"c{sequence}")
        command = Command(GROUP, account, DeviceId("d" + account), name, 1000, action, digest=asked(action))
        records.append(Record(Position(1, sequence, 0), Submission(command, NodeId("n"), sequence), 1000))
    return records


def played(records: Sequence[Record], store: Rows, size: int) -> list[list[Write]]:
    """Play the log in batches of `size`; all that each wrote."""
    all_writes = []
    for first in range(0, len(records), size):
        writes = [one for commit in decided(store, records[first : first + size]) for one in writes_of(commit)]
        store.write(writes)
        all_writes.append(writes)
    return all_writes


def placed(store: Rows) -> dict[str, dict[object, object]]:
    """All rows but the keys of refusals: those of a stranger are kept only where one knows that it came in later."""
    keys = {name: key for name, key in store.tables["key"].items() if key.number}  # type: ignore[attr-defined]
    return {**store.tables, "key": keys}


@settings(deadline=None, max_examples=60)
@given(wishes, history, st.integers(1, 5), st.integers(1, 5), st.data())
def test_rows_are_the_same_however_the_log_is_cut(
    asked_for: list[tuple[AccountId, Action]], kept: str, size: int, other: int, data: st.DataObject
) -> None:
    records = log_of(asked_for, GroupSettings(history=kept))  # type: ignore[arg-type]
    whole = Rows()
    one_by_one = played(records, whole, 1)
    batched = Rows()
    played(records, batched, size)
    assert placed(batched) == placed(whole)
    # A worker ended while it wrote a batch: the state is of before it, and of its rows any first part is there.
    cut = data.draw(st.integers(0, len(records) - 1), "records that are applied")
    before = Rows()
    for writes in one_by_one[:cut]:
        before.write(writes)
    ahead = data.draw(st.sampled_from([0, 1, 3, 1000]), "records whose rows are ahead")
    later = before.copy()
    for writes in one_by_one[cut : cut + ahead]:
        later.write(writes[:-1])
    if cut + ahead < len(records):
        writes = one_by_one[cut + ahead][:-1]
        later.write(writes[: data.draw(st.integers(0, len(writes)), "of the next one's")])
    played(records[cut:], later, other)
    assert placed(later) == placed(whole)


@settings(deadline=None, max_examples=60)
@given(wishes, st.integers(1, 5))
def test_a_mention_stands_where_the_message_says_so_and_nowhere_else(
    asked_for: list[tuple[AccountId, Action]], size: int
) -> None:
    store = Rows()
    played(log_of(asked_for, GroupSettings(mention_all="members")), store, size)
    said = set()
    for row in store.tables["event"].values():
        event = msgspec.json.decode(content(row))  # type: ignore[arg-type]
        if event["kind"] == "message":
            said |= {(account, event["number"]) for account in event.get("mentioned", ())}
    assert store.tables["mention"].keys() == said


@settings(deadline=None, max_examples=60)
@given(wishes, st.integers(1, 5))
@example([(PEOPLE[0], Delete(1)), (PEOPLE[0], Delete(1)), (PEOPLE[0], Pin(1, False)), (PEOPLE[1], Delete(3))], 1)
def test_a_text_stands_in_two_rows_at_most_and_after_a_deletion_in_none(
    asked_for: list[tuple[AccountId, Action]], size: int
) -> None:
    unique: list[tuple[AccountId, Action]] = []
    for count, (account, action) in enumerate(asked_for):
        if isinstance(action, Send | Edit):
            action = msgspec.structs.replace(action, body=Text(f"<{count}>"))
        unique.append((account, action))
    store = Rows()
    records = log_of(unique, GroupSettings())
    played(records, store, size)
    rows = {name[1]: str(row) for name, row in store.tables["event"].items() if isinstance(name, tuple)}
    for count in range(len(unique)):
        standing = [number for number, row in rows.items() if f"<{count}>" in row]
        assert len(standing) <= 2
        assert not any('"type":"deleted"' in rows[number] for number in standing)
    # What no row says any more, no key gives away by trying. The keys of what says nothing keep what was asked for.
    commands = [record.submission.command for record in records]
    texts = {command.id for command in commands if isinstance(command.action, Send | Edit)}
    said = {
        key.number  # type: ignore[attr-defined]
        for name, key in store.tables["key"].items()
        if name.id in texts and key.digest and key.number  # type: ignore[attr-defined]
    }
    for number in said:
        row = rows[number]
        assert '"edited":{' not in row
        assert '"type":"deleted"' not in row
        assert '"replaced":' not in row


@pytest.mark.parametrize("change", [Edit(2, Text("b")), Delete(2)])
@pytest.mark.parametrize(
    "beside", [React(4, "👍", True), Pin(4, True), Delete(4), Edit(4, Text("c")), Send(Text("d"), 4)]
)
@pytest.mark.parametrize("size", range(1, 7))
def test_digests_go_whatever_the_batch_names_besides(change: Action, beside: Action, size: int) -> None:
    """An edit's own event was read for another command of the batch; its key was then taken for none."""
    store = Rows()
    anna = PEOPLE[0]
    played(log_of([(anna, Edit(2, Text("a"))), (anna, change), (anna, beside)], GroupSettings()), store, size)
    keys = {name.id: key for name, key in store.tables["key"].items()}  # type: ignore[attr-defined]
    assert [keys[f"c{record}"].digest for record in (2, 4)] == [b"", b""]  # type: ignore[attr-defined]
