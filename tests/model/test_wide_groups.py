"""A wide group decides as one whose state knows all its members, and gives the same rows however its log is cut.

The same log is decided by workers over a store in memory whose rows are written one by one: with a threshold that makes
the group wide, large and small again on the way, and with one that nobody reaches.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import cast

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chinwag.domain.body import Text
from chinwag.domain.command import (
    Action,
    Add,
    Command,
    Create,
    Delete,
    Deliver,
    Edit,
    Heir,
    Join,
    Leave,
    Pin,
    React,
    Remove,
    Rules,
    Send,
    SetRole,
    SetTitle,
    asked,
)
from chinwag.domain.conversation import Conversation, GroupSettings, Position, Role, SendKey, Span
from chinwag.domain.ids import LISTING, AccountId, ClientId, ConversationId, DeviceId, group_id, stream_of
from chinwag.domain.member_row import MemberRow, Wrote
from chinwag.domain.mentions import ALL
from chinwag.domain.reaction_counts import ReactionCounts, counts_of
from chinwag.domain.reactions import Reacted
from chinwag.domain.wide import member_of
from chinwag.flow.deliver import Deliver as Worker
from chinwag.flow.wide_batch import members_as_of
from chinwag.ports.bus import NodeId
from chinwag.ports.log import Record, Submission
from chinwag.ports.message_store import Commit, EventName, Joining, KeyName, MessageStore, PersonName, ReactionName, Row

GROUP = group_id("9")
PEOPLE = [AccountId(one) for one in "12345678"]
WIDE = Rules(group_members=9, wide_above=4, large_above=6)
SMALL = Rules(group_members=9)
STREAM = stream_of(0)
TABLES = ("event", "key", "span", "mention", "reaction", "count", "person", "wrote", "joining", "wide", "state")
Write = tuple[str, object, object]


class Rows:
    """A store in memory that takes the rows of a commit one by one, as tables without transactions do."""

    def __init__(self, tables: dict[str, dict[object, object]] | None = None) -> None:
        self.tables = tables or {name: {} for name in TABLES}

    def write(self, writes: Iterable[Write]) -> None:
        for table, name, value in writes:
            if value is None:
                self.tables[table].pop(name, None)
            else:
                self.tables[table][name] = value

    def copy(self) -> "Rows":
        return Rows({name: dict(rows) for name, rows in self.tables.items()})

    @property
    def state(self) -> Conversation:
        return cast("Conversation", self.tables["state"][GROUP])

    async def states(self, conversations: Sequence[ConversationId]) -> list[Conversation | None]:
        return [cast("Conversation | None", self.tables["state"].get(one)) for one in conversations]

    async def keys(self, names: Sequence[KeyName]) -> list[SendKey | None]:
        return [cast("SendKey | None", self.tables["key"].get(one)) for one in names]

    async def rows(self, names: Sequence[EventName]) -> list[Row | None]:
        return [cast("Row | None", self.tables["event"].get(one)) for one in names]

    async def reacted(self, names: Sequence[ReactionName]) -> list[Reacted | None]:
        return [cast("Reacted | None", self.tables["reaction"].get(one)) for one in names]

    async def reactions(
        self, conversation: ConversationId, first: int, last: int, limit: int
    ) -> list[tuple[int, AccountId, Reacted]]:
        rows = cast("dict[ReactionName, Reacted]", self.tables["reaction"])
        return [(number, account, row) for (_, number, account), row in rows.items() if first <= number <= last]

    async def reaction_counts(self, names: Sequence[EventName]) -> list[ReactionCounts | None]:
        return [cast("ReactionCounts | None", self.tables["count"].get(one)) for one in names]

    async def spans(self, account: AccountId, conversation: ConversationId) -> list[Span]:
        found = [span for span in self.tables["span"].values() if isinstance(span, Span) and span.account == account]
        return sorted(found, key=lambda span: span.first)

    async def people(self, names: Sequence[PersonName]) -> list[MemberRow | None]:
        return [cast("MemberRow | None", self.tables["person"].get(account)) for _, account in names]

    async def joinings(
        self, conversation: ConversationId, after: tuple[int, AccountId] | None, limit: int
    ) -> list[Joining]:
        rows = sorted((cast("tuple[int, AccountId]", name), left) for name, left in self.tables["joining"].items())
        found = [(*name, cast("int", left) - 1) for name, left in rows if after is None or name > after]
        return found[:limit]


def writes_of(commit: Commit) -> list[Write]:
    """In an order in which a store may write them: what is found through a row before it, the state last."""
    found: list[Write] = [("event", (GROUP, number), event) for number, event in commit.events]
    found += [("key", name, key) for name, key in commit.keys]
    found += [("span", (span.account, span.first), span) for span in commit.spans]
    found += [("mention", (one.account, one.number), one.since or None) for one in commit.mentions]
    found += [("reaction", (GROUP, number, account), row) for number, account, row in commit.reactions]
    found += [("count", (GROUP, number), counts) for number, counts in commit.counts]
    found += [("person", account, row) for account, row in commit.people]
    found += [("wrote", account, row) for account, row in commit.wrote]
    found += [("joining", (joined, account), left + 1) for joined, account, left in commit.joinings]
    found += [("wide", GROUP, True)] if commit.widens else []
    found += [("event", (GROUP, number), row) for number, row in commit.rewrites]
    return [*found, ("state", GROUP, commit.state)]


def commits_of(store: Rows, records: Sequence[Record]) -> list[Commit]:
    """What a worker that has just begun makes of one batch."""
    worker = Worker(0, None, cast("MessageStore", store), None)  # type: ignore[arg-type]
    return asyncio.run(worker._decide(records)).commits


def log_of(asked_for: Sequence[tuple[AccountId, Action]], rules: Rules, kept: GroupSettings) -> list[Record]:
    begin: tuple[AccountId, Action] = (PEOPLE[0], Create("us", tuple(PEOPLE[1:4]), kept))
    said: list[tuple[AccountId, Action]] = [(account, Send(Text(f"hello {account}"))) for account in PEOPLE[:3]]
    records = []
    for sequence, (account, action) in enumerate([begin, *said, *asked_for], 1):
        name = ClientId(f"c{sequence}")
        command = Command(GROUP, account, DeviceId("d" + account), name, 1000, action, rules, digest=asked(action))
        records.append(Record(Position(1, sequence, 0), Submission(command, NodeId("n"), sequence), 1000))
    return records


def played(records: Sequence[Record], store: Rows, size: int) -> list[tuple[list[Write], list[Commit]]]:
    """Play the log in batches of `size`; all that each wrote."""
    found = []
    for first in range(0, len(records), size):
        commits = commits_of(store, records[first : first + size])
        writes = [one for commit in commits for one in writes_of(commit)]
        store.write(writes)
        found.append((writes, commits))
    return found


def placed(store: Rows) -> dict[str, dict[object, object]]:
    """All rows but the keys of refusals: those of a stranger are kept only where one knows that it came in later."""
    keys = {name: key for name, key in store.tables["key"].items() if cast("SendKey", key).number}
    return {**store.tables, "key": keys}


numbers = st.integers(1, 14)
people = st.sampled_from(PEOPLE)
named = st.sampled_from([(), (PEOPLE[3],), (PEOPLE[4], PEOPLE[5]), (*PEOPLE[1:], ALL)])
texts = st.builds(Text, st.sampled_from(["a", "b"]), named)
entering: st.SearchStrategy[tuple[AccountId, Action]] = st.one_of(
    st.tuples(people, st.just(Join())),
    st.tuples(st.just(PEOPLE[0]), st.builds(Add, people)),
)
acting: st.SearchStrategy[Action] = st.one_of(
    st.builds(Send, texts),
    st.builds(Send, texts, numbers),
    st.builds(Edit, numbers, texts),
    st.builds(Delete, numbers),
    st.builds(React, numbers, st.sampled_from("👍🎉"), st.booleans()),
    st.builds(Pin, numbers, st.booleans()),
    st.builds(Remove, people),
    st.builds(SetRole, people, st.sampled_from(Role)),
    st.builds(SetTitle, st.sampled_from(["x", "y"])),
    st.just(Leave()),
)
wishes = st.lists(st.one_of(entering, entering, st.tuples(people, acting)), min_size=6, max_size=26)
own: st.SearchStrategy[tuple[AccountId, Action]] = st.one_of(
    st.tuples(people, st.builds(Deliver, st.booleans())), people.map(lambda one: (one, Heir(one)))
)
all_wishes = st.lists(
    st.one_of(entering, entering, own, st.tuples(people, acting), st.tuples(people, acting)), min_size=6, max_size=26
)
kept = st.builds(GroupSettings, history=st.sampled_from(["all", "joined"]), join=st.just("open"))
OPEN = GroupSettings(join="open")
GROWS: list[tuple[AccountId, Action]] = [(one, Join()) for one in PEOPLE[4:]]


@settings(deadline=None, max_examples=30)
@given(all_wishes, kept, st.integers(1, 6), st.integers(1, 6), st.data())
def test_rows_are_the_same_however_the_log_is_cut(
    asked_for: list[tuple[AccountId, Action]], how: GroupSettings, size: int, other: int, data: st.DataObject
) -> None:
    records = log_of(asked_for, WIDE, how)
    whole, batched = Rows(), Rows()
    one_by_one = [writes for writes, _ in played(records, whole, 1)]
    played(records, batched, size)
    assert placed(batched) == placed(whole)
    # A worker ended while it wrote, or another has gone on: the state is of one record, rows of later ones are there.
    cut = data.draw(st.integers(0, len(records) - 1), "records that are applied")
    ahead = data.draw(st.sampled_from([0, 1, 3, 1000]), "records whose rows are ahead")
    later = Rows()
    for writes in one_by_one[:cut]:
        later.write(writes)
    for writes in one_by_one[cut : cut + ahead]:
        later.write(writes[:-1])
    if cut + ahead < len(records):
        writes = one_by_one[cut + ahead][:-1]
        later.write(writes[: data.draw(st.integers(0, len(writes)), "of the next one's")])
    played(records[cut:], later, other)
    assert placed(later) == placed(whole)


@settings(deadline=None, max_examples=30)
@given(all_wishes, kept, st.integers(1, 6))
@example([*GROWS, (PEOPLE[1], Leave()), (PEOPLE[1], Join())], OPEN, 3)
def test_who_is_a_member_is_said_alike_by_rows_joinings_and_count(
    asked_for: list[tuple[AccountId, Action]], how: GroupSettings, size: int
) -> None:
    store, members = Rows(), set[AccountId]()
    for _, commits in played(log_of(asked_for, WIDE, how), store, size):
        members |= {span.account for commit in commits for span in commit.spans}
    state = store.state
    rows = {one: row for one, row in store.tables["person"].items() if isinstance(row, MemberRow)}
    present = {one for one in members if member_of(state, one, cast("dict[AccountId, MemberRow]", rows))}
    assert len(present) == state.member_count
    if state.wide:
        assert set(asyncio.run(members_as_of(cast("MessageStore", store), state))) == present
        assert GROUP in store.tables["wide"]
        assert all(one.role is not Role.MEMBER for one in state.members.values())
        assert state.members.keys() <= present
        reads = [rows[one].stays[-1].reads_from for one in present]
        assert state.reads_most >= max(reads, default=0)


reacting = st.tuples(people, st.builds(React, st.integers(2, 4), st.sampled_from("👍🎉"), st.booleans()))
MIXED: list[tuple[AccountId, Action]] = [
    (PEOPLE[1], React(2, "👍")),
    (PEOPLE[0], Deliver(large=True)),
    (PEOPLE[2], React(2, "👍")),
    (PEOPLE[1], React(2, "👍", on=False)),
    (PEOPLE[3], React(3, "🎉")),
    (PEOPLE[0], Deliver(large=False)),
    (PEOPLE[3], React(2, "👍")),
    (PEOPLE[2], React(2, "👍", on=False)),
    (PEOPLE[0], Deliver(large=True)),
    (PEOPLE[4], React(2, "👍")),
]


def as_placed(commits: Iterable[Commit]) -> list[tuple[dict[str, object], frozenset[AccountId]]]:
    """The events, without what only a wide group says of them, each with its audience."""
    found = []
    for commit in commits:
        for number, event in commit.events:
            (fanout,) = (one for one in commit.fanouts if one.first <= number <= one.last)
            said = msgspec.json.decode(event)
            said.pop("shown", None)
            if isinstance(said.get("change"), dict):
                said["change"].pop("wide", None)
                said["change"].pop("large", None)
            found.append((said, frozenset(fanout.audience) - {LISTING, STREAM}))
    return found


@settings(deadline=None, max_examples=30)
@given(wishes, kept, st.integers(1, 6))
def test_a_wide_group_decides_as_a_small_one_would(
    asked_for: list[tuple[AccountId, Action]], how: GroupSettings, size: int
) -> None:
    """Apart from what is meant to differ: an owner's heir is an admin, an edit may say less, and who is told."""
    # Without an admin a wide group has no owner for a while, so there is one that stays.
    stays: tuple[AccountId, Action] = (PEOPLE[0], SetRole(PEOPLE[1], Role.ADMIN))
    quiet = [one for one in asked_for if not (one[0] in PEOPLE[:2] and isinstance(one[1], Leave | SetRole | Remove))]
    results = []
    for rules in (msgspec.structs.replace(WIDE, large_above=100), SMALL):
        records = log_of([stays, *quiet], rules, how)
        store = Rows()
        commits = [commit for _, some in played(records, store, size) for commit in some]
        results.append((store, as_placed(commits)))
    (wide, in_wide), (small, in_small) = results
    assert len(in_wide) == len(in_small)
    for (event, audience), (other, all_members) in zip(in_wide, in_small, strict=True):
        if event["kind"] == "edited" and "body" not in event:
            other.pop("body", None)
        assert event == other
        assert audience == all_members, "copied to all, as long as it is not large"
    assert wide.state.member_count == small.state.member_count
    assert (wide.state.head, wide.state.ordinal, wide.state.pins) == (
        small.state.head,
        small.state.ordinal,
        small.state.pins,
    )
    firsts = {name: (one.first, one.last) for name, one in spans(wide).items()}
    assert firsts == {name: (one.first, one.last) for name, one in spans(small).items()}
    assert wide.tables["mention"] == small.tables["mention"]
    assert wide.tables["reaction"] == small.tables["reaction"]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.one_of(reacting, reacting, own, entering), min_size=6, max_size=40), st.integers(1, 6), st.data())
@example([*GROWS, *MIXED], 1, None)
@example([*GROWS, *MIXED], 5, None)
def test_counts_say_what_the_rows_of_all_say(
    asked_for: list[tuple[AccountId, Action]], size: int, data: st.DataObject | None
) -> None:
    """Whichever way the group goes between small and large, and whatever is done again."""
    records = log_of(asked_for, WIDE, OPEN)
    store = Rows()
    for at, (writes, _) in enumerate(played(records, Rows(), size)):
        # A part of a batch is there when a worker ends, and the next one takes all of it again, one by one.
        rows = len(writes) // 2 if data is None or not writes else data.draw(st.integers(0, len(writes) - 1))
        store.write(writes[:rows])
        played(records[at * size : (at + 1) * size], store, 1)
        for name, counts in store.tables["count"].items():
            number = cast("EventName", name)[1]
            found = asyncio.run(store.reactions(GROUP, number, number, 99))
            now = counts_of({account: row for _, account, row in found}, store.state)
            assert dict(cast("ReactionCounts", counts).counts) == dict(now.counts)
    assert store.state.wide or not store.tables["count"]


def spans(store: Rows) -> dict[object, Span]:
    return {name: cast("Span", span) for name, span in store.tables["span"].items()}


@settings(deadline=None, max_examples=30)
@given(all_wishes, kept, st.integers(1, 6))
def test_in_a_large_group_only_those_whom_an_event_concerns_get_it(
    asked_for: list[tuple[AccountId, Action]], how: GroupSettings, size: int
) -> None:
    store = Rows()
    commits = [one for _, some in played(log_of([*GROWS, *asked_for], WIDE, how), store, size) for one in some]
    large, was_small = False, True
    for event, audience in as_placed_with_large(commits):
        change = cast("dict[str, object]", event.get("change", {}))
        switch = change.get("type") == "delivery" or (change.get("large") is True)
        if large and not switch:
            mentioned = set(cast("list[AccountId]", event.get("mentioned", [])))
            concerned = {event["from"], change.get("account"), change.get("owner")} | mentioned
            rest = audience - cast("set[AccountId]", concerned)
            assert ALL not in audience
            assert not rest or event["kind"] in ("edited", "deleted"), "who was spoken to before is told of a change"
        if change.get("type") == "delivery":
            assert bool(change["large"]) is not large, "only a change is told"
            large = bool(change["large"])
            was_small = was_small or not large
        elif change.get("large") is True:
            large = True
    assert was_small
    assert store.state.large is large


def as_placed_with_large(commits: Iterable[Commit]) -> list[tuple[dict[str, object], frozenset[AccountId]]]:
    found = []
    for commit in commits:
        for number, event in commit.events:
            (fanout,) = (one for one in commit.fanouts if one.first <= number <= one.last)
            found.append((msgspec.json.decode(event), frozenset(fanout.audience) - {LISTING, STREAM}))
    return found


def test_a_kill_between_counts_and_state_counts_nothing_twice() -> None:
    records = log_of([*GROWS, *MIXED], WIDE, OPEN)
    whole = Rows()
    made = [writes for writes, _ in played(records, whole, 3)]
    assert whole.tables["count"]
    for at, writes in enumerate(made):
        for size in (1, 2, len(records)):
            store = Rows()
            for some in made[:at]:
                store.write(some)
            store.write(writes[:-1])
            played(records[3 * at :], store, size)
            assert store.tables["count"] == whole.tables["count"], (at, size)
    assert placed(whole)["reaction"] == placed(store)["reaction"]


def test_a_kill_at_each_row_of_the_joining_that_makes_it_wide_gives_the_same_rows() -> None:
    records = log_of([GROWS[0], (PEOPLE[2], Send(Text("b"), 2)), (PEOPLE[4], Leave())], WIDE, OPEN)
    whole = Rows()
    made = [writes for writes, _ in played(records, whole, 1)]
    widening = next(at for at, writes in enumerate(made) if any(table == "wide" for table, *_ in writes))
    for rows in range(len(made[widening])):
        store = Rows()
        for writes in made[:widening]:
            store.write(writes)
        store.write(made[widening][:rows])
        played(records[widening:], store, 2)
        assert placed(store) == placed(whole), rows


def long_log() -> list[Record]:
    """Of a wide group, more than a thousand records, with `Deliver`, leavings and joinings between, so that who is told
    differs from record to record."""
    asked_for: list[tuple[AccountId, Action]] = list(GROWS)
    for turn in range(150):
        goes, comes = PEOPLE[4 + turn % 4], PEOPLE[4 + (turn + 2) % 4]  # so two are away whenever it is delivered anew
        asked_for += [
            (comes, Join()),
            (goes, Leave()),
            (PEOPLE[0], Deliver(large=turn % 2 == 0)),
            (PEOPLE[3], Send(Text("a", (goes, PEOPLE[2])))),
            (comes, Send(Text("b"), 3)),
            (PEOPLE[3], Edit(4 + turn, Text("c"))),
            (PEOPLE[turn % 4], React(2 + turn % 3, "👍", turn % 8 < 4)),
            (PEOPLE[0], SetTitle(f"{turn}")),
        ]
    return log_of(asked_for, msgspec.structs.replace(WIDE, large_above=20), OPEN)


def test_a_worker_a_thousand_records_behind_gives_the_same_rows_and_audiences() -> None:
    records = long_log()
    whole = Rows()
    made = played(records, whole, 50)
    behind = Rows()
    for writes, _ in made[:2]:
        behind.write(writes)
    audiences = [as_placed(commits) for _, commits in made[2:]]
    for writes, _ in made[2:]:
        behind.write(writes[:-1])
    assert len(records) - 100 > 950
    again = [as_placed(commits) for _, commits in played(records[100:], behind, 50)]
    assert again == audiences
    assert placed(behind) == placed(whole)
    assert cast("Wrote", whole.tables["wrote"][PEOPLE[7]]).number > 900
