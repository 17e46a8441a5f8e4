"""What past versions wrote to Cassandra, opened by the stores of this one: the same history, keys, marks and inboxes.

One folder for each kept state; `python -m tools.make_kept_cassandra COMMIT` adds one.
"""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest
from tests.kept.wide import brought

from chinwag.adapters.cassandra import (
    CassandraServers,
    CassandraStores,
    Poster,
    SchemaError,
    make_schema,
    open_driver,
    stores_on,
)
from chinwag.adapters.cassandra.inbox_rows import CassandraInboxRows
from chinwag.adapters.cassandra.schema import PARTITIONS
from chinwag.adapters.cassandra.stamps import stamp
from chinwag.adapters.cassandra.statements import insert
from chinwag.adapters.cassandra.stream_tables import TABLES, VERSION, inbox_partitions, make_stream_tables
from chinwag.adapters.inboxes.records import PARTITIONS as INBOX_PARTITIONS
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId
from chinwag.ports.message_store import Changed, KeyName

STATES = sorted(path.parent for path in Path(__file__).parent.glob("*/wide.json"))


def test_there_are_kept_rows() -> None:
    assert STATES


class Opened:
    """The stores on kept rows, and what must be found in them."""

    def __init__(self, servers: CassandraServers, stores: CassandraStores, expected: dict[str, Any]) -> None:
        self.servers = servers
        self.messages = stores.message_store
        self.marks = stores.mark_store
        self.inboxes = CassandraInboxRows(stores.database, 30)
        self.expected = expected
        self.group = ConversationId(expected["group"])
        self.accounts = [AccountId(one["account"]["id"]) for one in expected["people"]]


@pytest.fixture(params=STATES, ids=lambda state: state.name)
async def kept(request: pytest.FixtureRequest, cassandra_port: int) -> AsyncIterator[Opened]:
    """The rows in a keyspace that is brought up to this version."""
    async with brought(request.param, cassandra_port) as servers:
        await make_schema(servers, partitions=PARTITIONS, replicas=1, besides=TABLES)
        await make_stream_tables(servers, INBOX_PARTITIONS)
        driver, partitions = await open_driver(servers)
        stores = stores_on(driver, cast("Poster", None), partitions)  # nothing is posted
        yield Opened(servers, stores, json.loads((request.param / "wide.json").read_text()))
        await stores.close()


async def test_history_keys_marks_and_inboxes_are_what_they_were_and_a_newer_form_is_refused(
    kept: Opened,
) -> None:
    expected = kept.expected
    for name, events in expected["history"].items():
        conversation = ConversationId(name)
        rows = await kept.messages.rows([(conversation, event["number"]) for event in events])
        for event, row in zip(events, rows, strict=True):
            assert row is not None, event
            stored = json.loads(row.event if isinstance(row, Changed) else row)
            shared = stored.keys() & event.keys() - {"reactions", "mine"}
            assert {"number", "kind", "sent_at"} <= shared
            assert {key: stored[key] for key in shared} == {key: event[key] for key in shared}
        [state] = await kept.messages.states([conversation])
        assert state is not None
        assert state.head >= events[-1]["number"]
    for command in expected["commands"]:
        device = DeviceId(expected["people"][command["by"]]["device"])
        [found] = await kept.messages.keys([KeyName(kept.group, device, ClientId(command["key"]))])
        assert found is not None, command
        assert found.number == command["number"], command
    for wide, members in expected["members"].items():
        names = [(ConversationId(wide), AccountId(member["account"])) for member in members]
        assert None not in await kept.messages.people(names)
        assert await kept.messages.wide_groups(ConversationId(""), 10) == [wide]
    [marks] = await kept.marks.marks([(kept.group, kept.accounts[1])])
    assert marks.read.number == expected["history"][expected["group"]][-1]["number"]
    await _inbox(kept)
    await _refused_of_a_newer(kept)


async def _inbox(kept: Opened) -> None:
    """What the second's device was given after its first cursor: the same places, one after the other."""
    account, synced = kept.accounts[1], kept.expected["synced"]
    position = int(kept.expected["begun"].rpartition(".")[2])
    [state] = await kept.inboxes.states([account])
    rows = await kept.inboxes.rows(account, position, state.head, len(synced))
    assert [row.last for row in rows] == sorted({row.last for row in rows})
    found: list[tuple[str | None, object]] = []
    for row in rows:
        for part in row.parts:
            if isinstance(part, bytes):
                event = json.loads(part)
                found.append((event.get("conversation"), event["kind"]))
            else:
                conversation, first, count = part
                found += [(conversation, number) for number in range(first, first + count)]
    given = [
        (event.get("conversation"), event["number"] if place[0] and isinstance(place[1], int) else event["kind"])
        for event, place in zip(synced, found, strict=False)
    ]
    assert len(given) == len(synced)
    assert found[: len(given)] == given


async def _refused_of_a_newer(kept: Opened) -> None:
    """The messages' tables: `tests/contract/test_cassandra_stores.py`."""
    driver, _ = await open_driver(kept.servers)
    try:
        newer = insert("inbox_life", "one version partitions", 1)
        await driver.write([(newer, (1, VERSION + 1, INBOX_PARTITIONS, stamp(VERSION + 1)))])
        words = f"are of form {VERSION + 1}, and this version of Chinwag knows {VERSION} at most: use the version that"
        for refused in (inbox_partitions(driver), make_stream_tables(kept.servers, INBOX_PARTITIONS)):
            with pytest.raises(SchemaError, match=words):
                await refused
    finally:
        await driver.close()
