"""What a message costs on the stores on Cassandra: requests, rows, bytes, the client's processor time, and the disk.

    python -m bench.cassandra_stores [--messages 1600]

Starts a node of its own, with every sync. Texts of 100 bytes between pairs of people, by size of batch, each message
looked up by its send key first, as delivery does; then a group of 20. What is posted to inboxes is made into records as
they go to their streams, and measured, not sent. docs/capacity.md reckons with these figures.
"""

import argparse
import asyncio
import itertools
import random
import socket
import string
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec
from bench.postgres_stores import PAIRS, Place

from chinwag.adapters.cassandra import CassandraServers, CassandraStores, Driver, make_schema, open_driver, stores_on
from chinwag.adapters.cassandra.statements import Read, Values, Write
from chinwag.adapters.inboxes import records
from chinwag.adapters.inboxes.numbering import Made, Numbering
from chinwag.adapters.inboxes.rows import InboxState
from chinwag.adapters.inboxes.split import of_commits
from chinwag.domain.body import Text
from chinwag.domain.command import Command, Send
from chinwag.domain.conversation import Position
from chinwag.domain.events import Message
from chinwag.domain.ids import AccountId, ClientId, DeviceId, direct_id, group_id
from chinwag.engines import Place as Folder
from chinwag.engines.cassandra import Cassandra, Ring, hosts_of
from chinwag.engines.jars import CASSANDRA, fetch_jars, java
from chinwag.engines.process import Running
from chinwag.ports.inbox import Posting
from chinwag.ports.message_store import Commit

DEVICE: Final = DeviceId("1234567890123456789")
NOW: Final = 1_790_000_000_000
KEYSPACE: Final = "chinwag"
SIZES: Final = (1, 16, 100)
_random = random.Random(7)
_encode = msgspec.json.Encoder().encode


class Counting:
    """Between the stores and their driver: counts what goes by, tables and bytes of values."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self.counts: Counter[str] = Counter()

    async def rows(self, statement: Read, values: Values) -> list[tuple[object, ...]]:
        self.counts["reads"] += 1
        return await self._driver.rows(statement, values)

    async def write(self, writes: Sequence[tuple[Write, Values]]) -> None:
        self.counts["writes"] += 1
        for write, values in writes:
            self.counts["rows"] += 1
            size = sum(len(value) if isinstance(value, bytes) else 8 for value in values)
            self.counts["bytes"] += size
            self.counts[f"rows of {write.table}"] += 1
            self.counts[f"bytes of {write.table}"] += size
        await self._driver.write(writes)

    async def close(self) -> None:
        await self._driver.close()


class Measured:
    """A `Poster` that makes the records of inbox streams and keeps their lengths alone."""

    def __init__(self, counting: Counting) -> None:
        self._counting = counting

    async def commits(self, batch: Sequence[Commit]) -> Mapping[int, int]:
        for found in of_commits("log.0", batch, records.PARTITIONS).values():
            for record in found:
                self._counting.counts["inbox records"] += 1
                self._counting.counts["inbox bytes"] += len(records.encode(record))
        return {}

    async def stored(self, batch: Sequence[Commit], before: Mapping[int, int]) -> None: ...

    async def post(self, postings: Sequence[Posting]) -> None:
        raise AssertionError(postings)


class Talk(Place):
    """A conversation whose events are as people get them, and the command of the last as the log carries it."""

    def message(self, applied: Position) -> Commit:
        made = super().message(applied)
        name = ClientId(_random.randbytes(12).hex())
        event = Message(
            conversation=self.conversation,
            number=self.head,
            ordinal=self.head,
            sender=self.members[0],
            device=DEVICE,
            id=name,
            sent_at=NOW,
            body=Text(text()),
        )
        (key,) = made.keys
        known = msgspec.structs.replace(key[1], sent_at=NOW, digest=_random.randbytes(16))
        keys = [(msgspec.structs.replace(key[0], id=name), known)]
        return msgspec.structs.replace(made, events=[(self.head, _encode(event))], keys=keys)

    def command(self) -> bytes:
        """A send as it is appended."""
        name = ClientId(_random.randbytes(12).hex())
        command = Command(self.conversation, self.members[0], DEVICE, name, NOW, Send(Text(text())))
        return msgspec.msgpack.encode(command)


def text() -> str:
    """A hundred characters of words."""
    words = ("".join(_random.choices(string.ascii_lowercase, k=_random.randint(2, 9))) for _ in range(60))
    return " ".join(words)[:100]


def talks() -> list[Talk]:
    """A hundred pairs of people."""
    found = []
    for n in range(PAIRS):
        one, other = AccountId(f"7{n:09}00000001"), AccountId(f"7{n:09}00000002")
        found.append(Talk(direct_id(one, other), (one, other)))
    return found


async def commits(stores: CassandraStores, places: Sequence[Talk], size: int, messages: int, first: int) -> float:
    """Place so many messages, `size` of different conversations at a time; the client's seconds of processor. They are
    made before anything is measured: their random words take longer than their rows."""
    sequences = itertools.count(first + 1)
    made = [places[n % len(places)].message(Position(1, next(sequences), 0)) for n in range(messages)]
    worked = time.process_time()
    for start in range(0, messages, size):
        batch = made[start : start + size]
        await stores.message_store.keys([commit.keys[0][0] for commit in batch])
        await stores.message_store.commit(batch)
    return time.process_time() - worked


async def measure(servers: CassandraServers, messages: int) -> int:
    """All of it; how many messages were placed."""
    await make_schema(servers, partitions=1, replicas=1)
    driver, partitions = await open_driver(servers)
    counting = Counting(driver)
    stores = stores_on(counting, Measured(counting), partitions)
    people, placed = talks(), 0
    await commits(stores, people, 1, 100, 0)  # statements are prepared, states known
    placed += 100
    sample = talks()[0]
    event = sample.message(Position(1, 1, 0)).events[0][1]
    print(f"an event {len(event)} B, a command {len(sample.command())} B")
    group = [Talk(group_id("7777777777777777777"), tuple(AccountId(f"8{n:018}") for n in range(20)))]
    for name, places, size in (
        *((f"pairs, {size} a batch", people, size) for size in SIZES),
        ("group of 20", group, 1),
    ):
        counting.counts.clear()
        many = messages if size > 1 else messages // 4
        spent = await commits(stores, places, size, many, placed)
        placed += many
        print(f"{name}: {spent * 1e6 / many:.0f} us of the client a message; of each:")
        for what, count in sorted(counting.counts.items()):
            print(f"    {count / many:10.2f} {what}")
    await stores.close()
    print(f"{numbering_us():.1f} us to read and number one posting of a pair's message, without its rows' writing")
    return placed


def numbering_us() -> float:
    """Microseconds that an inbox worker takes to decode and number one posting."""
    people, worker = talks(), Numbering({}, 30)
    made = [one.message(Position(1, n, 0)) for n, one in enumerate(people * 20, 1)]
    found = [records.encode(record) for one in made for record in of_commits("log.0", [one], 1)[0]]
    known: dict[AccountId, InboxState] = {}
    began = time.process_time()
    for sequence, record in enumerate(found, 1):
        posted, part = records.decode(record), Made()
        states = {account: known.get(account, InboxState()) for entry in posted.entries for account in entry.accounts}
        worker.apply(part, posted, Position(1, sequence, 0), NOW, states)
        known |= part.states
    return (time.process_time() - began) * 1e6 / (2 * len(found))


@contextmanager
def node(folder: Path) -> Iterator[tuple[Cassandra, Running, CassandraServers]]:
    """A node on this machine; ended, with all that it has on disk, unless that was done already."""
    with socket.socket() as first, socket.socket() as second:
        for probe in (first, second):
            probe.bind(("127.0.0.1", 0))
        port, between = first.getsockname()[1], second.getsockname()[1]
    jars = fetch_jars("Cassandra", CASSANDRA, print)
    one = Cassandra(java(), jars, Folder.make(folder), Ring(tuple(hosts_of(1)), between))
    running = one.launch(port)
    try:
        one.wait(running)
        yield one, running, CassandraServers(hosts=("127.0.0.1",), port=port, keyspace=KEYSPACE)
    finally:
        one.stop(running)


def on_disk(folder: Path, placed: int) -> None:
    """Print what the tables take, all files of them."""
    tables = folder / "cassandra-1" / "data" / KEYSPACE
    for table in sorted(tables.iterdir()):
        size = sum(file.stat().st_size for file in table.glob("*-Data.db"))
        around = sum(file.stat().st_size for file in table.glob("*.db")) - size
        if size:
            print(
                f"    {size / placed:8.1f} B a message in {table.name.partition('-')[0]}, {around / placed:.1f} around"
            )


def main() -> None:
    """Measure, end the node, and look at its files."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--messages", type=int, default=1_600, help="of each row (1600)")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="chinwag-") as home:
        folder = Path(home)
        folder.chmod(0o755)  # root's engines run as another user
        with node(folder) as (_, _, servers):
            placed = asyncio.run(measure(servers, asked.messages))
        on_disk(folder, placed)


if __name__ == "__main__":
    main()
