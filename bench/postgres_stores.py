"""Messages a second of the stores on PostgreSQL, by size of batch, beside the time of one sync.

    python -m bench.postgres_stores [--seconds 5] [--url postgresql://…]

Starts a PostgreSQL of its own, with every sync, unless --url names a database whose messages it may remove. Texts of
100 bytes between pairs of people, two inboxes each; then one group of 100. Client and server share the cores.
"""

import argparse
import asyncio
import itertools
import os
import tempfile
import time

import msgspec
from prove.postgres.server import database

from chinwag.adapters.postgres import PostgresStores, make_schema, open_stores
from chinwag.adapters.postgres.database import connected
from chinwag.domain.conversation import Conversation, Member, Position, Role, SendKey
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId, direct_id, group_id
from chinwag.ports.log import partition_of
from chinwag.ports.message_store import Commit, Fanout, KeyName

PARTITIONS = 4
PAIRS = 100


class Place:
    """A conversation that grows."""

    def __init__(self, conversation: ConversationId, members: tuple[AccountId, ...]) -> None:
        self.conversation = conversation
        self.members = members
        self.head = 0

    def message(self, applied: Position) -> Commit:
        self.head += 1
        number, device = self.head, DeviceId("1234567890123456789")
        name = KeyName(self.conversation, device, ClientId(f"{self.conversation}-{number}"))
        body = {"conversation": self.conversation, "number": number, "text": "x" * 100, "from": self.members[0]}
        return Commit(
            state=Conversation(
                id=self.conversation,
                direct=len(self.members) == 2,
                members={member: Member(Role.MEMBER) for member in self.members},
                head=number,
                ordinal=number,
                applied=applied,
            ),
            events=[(number, msgspec.json.encode(body))],
            fanouts=[Fanout(number, number, self.members)],
            keys=[(name, SendKey(applied, number, 0, b"0123456789abcdef"))],
            spans=[],
        )


def pairs(partition: int) -> list[Place]:
    """A hundred pairs of people whose conversations are in the partition."""
    found = []
    for n in itertools.count(1_000_000):
        one, other = AccountId(f"7{n}00000001"), AccountId(f"7{n}00000002")
        conversation = direct_id(one, other)
        if partition_of(conversation, PARTITIONS) == partition:
            found.append(Place(conversation, (one, other)))
            if len(found) == PAIRS:
                return found
    raise AssertionError


async def commits(
    stores: PostgresStores, partition: int, places: list[Place], size: int, seconds: float
) -> list[float]:
    """Batches of `size`, one after another; how long each took."""
    epoch = await stores.partitions.claim(partition)
    took = []
    turn = itertools.cycle(places)
    until = time.perf_counter() + seconds
    for sequence in itertools.count(1):
        batch = [next(turn).message(Position(epoch, sequence, 0)) for _ in range(size)]
        began = time.perf_counter()
        await stores.message_store.commit(batch)
        took.append(time.perf_counter() - began)
        if time.perf_counter() > until:
            return took
    raise AssertionError


def sync_ms() -> float:
    """What one small write with its sync takes here, the median of 200."""
    with tempfile.TemporaryFile(buffering=0) as file:
        took = []
        for _ in range(200):
            file.write(b"x" * 8192)
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            took.append(time.perf_counter() - began)
    return sorted(took)[100] * 1000


async def measure(url: str, seconds: float) -> None:
    await make_schema(url, partitions=PARTITIONS)
    async with connected(url) as connection:
        said = await connection.fetchval("SELECT version()")
        syncs = [await connection.fetchval(f"SHOW {name}") for name in ("fsync", "synchronous_commit")]
    print(f"{said.split(' on ')[0]}, fsync {syncs[0]}, synchronous_commit {syncs[1]}, one sync {sync_ms():.2f} ms")
    stores = await open_stores(url)
    own = [pairs(partition) for partition in range(PARTITIONS)]
    print(f"{'owners':>6} {'batch':>6} {'messages/s':>11} {'p50 ms':>8} {'p99 ms':>8} {'client CPU us/message':>22}")
    for owners, size in ((1, 1), (1, 16), (1, 100), (4, 1), (4, 16), (4, 100)):
        began, worked = time.perf_counter(), time.process_time()
        all_took = await asyncio.gather(*(commits(stores, n, own[n], size, seconds) for n in range(owners)))
        spent, worked = time.perf_counter() - began, time.process_time() - worked
        took = sorted(itertools.chain.from_iterable(all_took))
        rate = len(took) * size / spent
        p50, p99 = took[len(took) // 2] * 1000, took[len(took) * 99 // 100] * 1000
        print(f"{owners:>6} {size:>6} {rate:>11,.0f} {p50:>8.1f} {p99:>8.1f} {worked * 1e6 / len(took) / size:>22.0f}")
    people = tuple(AccountId(f"8{n:018}") for n in range(100))
    name = next(one for n in itertools.count() if partition_of(one := group_id(str(n)), PARTITIONS) == 0)
    took = await commits(stores, 0, [Place(name, people)], 1, seconds)
    print(f"a group of 100, one message a batch: {len(took) * 100 / sum(took):,.0f} postings/s")
    await stores.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.postgres_stores", description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=5.0, help="of each row (5)")
    parser.add_argument("--url", help="a database, in place of one of its own")
    asked = parser.parse_args()
    with database(asked.url) as url:
        asyncio.run(measure(url, asked.seconds))


if __name__ == "__main__":
    main()
