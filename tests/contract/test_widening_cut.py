"""A group becomes wide, and large, while the store fails: at each call of it, over every adapter.

Whatever was written of that joining, a worker that begins again leaves the rows of one that nothing stopped, and tells
the same people.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Literal

import msgspec
import pytest
from tests.contract.harness import Stores, entries
from tests.contract.over_cassandra import CassandraHarness
from tests.model.test_wide_groups import GROWS, OPEN, PEOPLE, WIDE, as_placed, log_of

from chinwag.domain.body import Text
from chinwag.domain.command import Leave, Send
from chinwag.domain.conversation import Position
from chinwag.domain.ids import ConversationId, group_id
from chinwag.domain.refusal import Refused
from chinwag.flow.deliver import Deliver as Worker
from chinwag.ports.log import Record
from chinwag.ports.message_store import Commit

NOWHERE = ConversationId("")
EVENTS = log_of(
    [
        GROWS[0],  # makes it wide
        (PEOPLE[2], Send(Text("to all"), 2)),
        (PEOPLE[4], Leave()),
        *GROWS[1:],  # the last one makes it large
        (PEOPLE[3], Send(Text("for one", (PEOPLE[6],)))),
        (PEOPLE[7], Leave()),
    ],
    WIDE,
    OPEN,
)
SIZE = 2
"""Records that a worker takes at once, so that others are decided upon a joining that is not committed yet."""


def records_of(group: ConversationId, first: int) -> list[Record]:
    """The log of one group, at positions after `first`, as those of one partition rise."""
    found = []
    for at, record in enumerate(EVENTS, first + 1):
        command = msgspec.structs.replace(record.submission.command, conversation=group)
        submission = msgspec.structs.replace(record.submission, command=command)
        found.append(msgspec.structs.replace(record, position=Position(1, at, 0), submission=submission))
    return found


async def decided(stores: Stores, records: Sequence[Record]) -> list[Commit]:
    """By a worker that has just begun."""
    worker = Worker(0, None, stores.store, None)  # type: ignore[arg-type]
    return (await worker._decide(records)).commits


async def played(stores: Stores, records: Sequence[Record]) -> AsyncIterator[list[Commit]]:
    """In batches, each by a worker that has just begun; what is to be committed next, before it is."""
    for first in range(0, len(records), SIZE):
        commits = await decided(stores, records[first : first + SIZE])
        yield commits
        await stores.store.commit(commits)


async def calls_of(stores: CassandraHarness, batch: int) -> int:
    """Of how many calls of the driver the commit of that batch is."""
    records = records_of(group_id(f"counted{batch}"), 1_000 + 100 * batch)
    async for _ in played(stores, records[: batch * SIZE]):
        pass
    commits = await decided(stores, records[batch * SIZE : (batch + 1) * SIZE])
    before = stores.losing.writes
    await stores.store.commit(commits)
    calls = stores.losing.writes - before
    assert calls > 1, "the rows, and then the state"
    return calls


async def rows_of(stores: Stores, group: ConversationId) -> object:
    """All that is kept of a group, without what differs from group to group."""
    store = stores.store
    (state,) = await store.states([group])
    assert state is not None
    whose = [(group, one) for one in PEOPLE]
    spans = [span for one in PEOPLE for span in await store.spans(one, group)]
    rows = [bytes(row) for row in await store.events(group, 1, 99) if isinstance(row, bytes)]
    return (
        msgspec.structs.replace(state, id=NOWHERE, applied=Position(0, 0, 0)),
        await store.people(whose),
        await store.wrote(whose),
        await store.joinings(group, None, 99),
        group in await store.wide_groups(NOWHERE, 99),
        [msgspec.structs.replace(span, conversation=NOWHERE) for span in spans],
        [row.replace(group.encode(), b"") for row in rows],
    )


async def inboxes(stores: Stores, group: ConversationId) -> list[list[str]]:
    """What came of a group to each. Where postings take another way, that one may bring them twice: what it is given
    again it is here as well."""
    found = [await entries(stores, one) for one in PEOPLE]
    own = [[one.removeprefix(group) for one in inbox if one.startswith(f"{group}#")] for inbox in found]
    return [list(dict.fromkeys(one)) for one in own] if isinstance(stores, CassandraHarness) else own


def told(commits: Sequence[Commit], group: ConversationId) -> list[object]:
    return [
        ({name: value for name, value in said.items() if name != "conversation"}, audience)
        for said, audience in as_placed(commits)
        if said["conversation"] == group
    ]


@pytest.mark.parametrize("fail", ["before", "after"])
async def test_a_cut_at_each_call_of_the_store_leaves_the_same_rows_and_postings(
    stores: Stores, fail: Literal["before", "after"]
) -> None:
    whole = group_id("whole")
    audiences, batches, large = list[list[object]](), list[int](), False
    async for commits in played(stores, records_of(whole, 0)):
        if any(commit.widens or (commit.state.large and not large) for commit in commits):
            batches.append(len(audiences))
        audiences.append(told(commits, whole))
        large = any(commit.state.large for commit in commits)
    assert len(batches) == 2
    cuts = []
    for batch in batches:
        calls = await calls_of(stores, batch) if isinstance(stores, CassandraHarness) else 1
        cuts += [(batch, call) for call in range(calls)]
    wanted, posted = await rows_of(stores, whole), await inboxes(stores, whole)
    for count, (batch, call) in enumerate(cuts):
        group = group_id(f"cut{count}")
        records = records_of(group, 3_000 + 100 * count)
        async for commits in played(stores, records[: batch * SIZE]):
            assert commits
        commits = await decided(stores, records[batch * SIZE : (batch + 1) * SIZE])
        assert told(commits, group) == audiences[batch]
        _cut(stores, fail, call)
        with pytest.raises(Refused):
            await stores.store.commit(commits)
        _cut(stores, "", 0)
        await stores.store.reopen()
        (state,) = await stores.store.states([group])
        assert state is not None
        done = sum(record.position <= state.applied for record in records) // SIZE
        rest = done
        async for commits in played(stores, records[done * SIZE :]):
            assert told(commits, group) == audiences[rest], (batch, call)
            rest += 1
        assert await rows_of(stores, group) == wanted, (batch, call)
        assert await inboxes(stores, group) == posted, (batch, call)


def _cut(stores: Stores, fail: Literal["", "before", "after"], call: int) -> None:
    """Let so many calls pass, and none after them."""
    if isinstance(stores, CassandraHarness):
        stores.losing.lets, stores.losing.fail = call, fail
    else:
        stores.fault.fail = fail
