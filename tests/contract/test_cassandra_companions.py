"""How many reads a connect costs on Cassandra, and what becomes of rows that are missing, late or another's."""

from collections.abc import AsyncIterator

import msgspec
import pytest
from tests.contract.harness import ANN, BEN, CYD, PAIR, commit
from tests.contract.over_cassandra import CassandraHarness

from chinwag.adapters.cassandra import CassandraServers, companions
from chinwag.adapters.cassandra.statements import Read
from chinwag.domain.conversation import Position
from chinwag.domain.conversation import companions as companions_of
from chinwag.domain.ids import AccountId, group_id
from chinwag.flow.presence_audience import TOLD_MAX, Audience, nobody
from chinwag.ports.message_store import Commit

GROUPS = [group_id(str(number)) for number in range(120)]
FRIENDS = [AccountId(f"f{number}") for number in range(120)]
_KEPT = Read("SELECT conversation FROM companions WHERE account = ?")


@pytest.fixture
async def one(cassandra: CassandraServers, messages_database: str) -> AsyncIterator[CassandraHarness]:
    harness = CassandraHarness(cassandra, messages_database)
    await harness.start()
    yield harness
    await harness.stop()
    await harness.remove()


def kept(made: Commit) -> Commit:
    return msgspec.structs.replace(made, regrouped=companions_of(made.state))


async def reads(harness: CassandraHarness) -> int:
    """What a connect of ANN costs, whose audience is all that it shares a group with."""
    before = harness.losing.reads
    assert await Audience(harness.store, nobody).of(ANN) == {ANN, *FRIENDS}
    return harness.losing.reads - before


async def test_a_connect_reads_two_partitions_however_many_conversations_there_are(one: CassandraHarness) -> None:
    made = [kept(commit(1, 1, group, (ANN, friend))) for group, friend in zip(GROUPS, FRIENDS, strict=True)]
    await one.store.commit(made)
    assert await reads(one) == 2


async def test_rows_that_are_missing_are_made_once_and_so_many_at_a_time(
    one: CassandraHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of conversations from before there were any, or such as were moved here."""
    monkeypatch.setattr(companions, "MISSING_MOST", 70)
    await one.store.commit([commit(1, 1, group, (ANN, friend)) for group, friend in zip(GROUPS, FRIENDS, strict=True)])
    first = one.losing.reads
    assert len(await one.store.companions(ANN, TOLD_MAX)) == 71
    assert one.losing.reads - first == 2 + 70
    assert await reads(one) == 2 + 50
    assert await reads(one) == 2


async def test_a_row_that_was_made_from_a_state_gives_way_to_every_later_change(one: CassandraHarness) -> None:
    await one.store.commit([commit(1, 1)])
    assert await one.store.companions(ANN, 9) == {ANN, BEN}
    before = commit(2, 2)
    refusing = msgspec.structs.replace(before.state, declining=(BEN,))
    await one.store.commit([Commit(refusing, [], [], [], [], regrouped=(ANN, BEN))])
    assert await one.store.companions(ANN, 9) == set()


async def test_what_a_stopped_worker_still_writes_lies_below_what_came_after(one: CassandraHarness) -> None:
    tea = GROUPS[0]
    now = kept(commit(1, 3, tea, (ANN, BEN, CYD)))
    await one.store.commit([now])
    late = kept(commit(1, 2, tea, (ANN, BEN)))
    await one.store.commit([late])
    assert await one.store.companions(ANN, 9) == {ANN, BEN, CYD}


async def test_nothing_is_left_of_an_account_that_is_forgotten(one: CassandraHarness) -> None:
    await one.store.commit([kept(commit(1, 1)), kept(commit(1, 1, GROUPS[0], (ANN, CYD)))])
    later = commit(2, 2).state
    at = Position(7, 3, 1)
    await one.store.commit([Commit(msgspec.structs.replace(later, applied=at), [], [], [], [], regrouped=(ANN, BEN))])
    await one.store.forget(ANN, [])
    assert await one.losing.rows(_KEPT, (ANN.encode(),)) == []
    assert await one.losing.rows(_KEPT, (BEN.encode(),)) == [(PAIR.encode(),)]
