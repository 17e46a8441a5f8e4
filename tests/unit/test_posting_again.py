"""What a batch posted is posted again once its states are stored, where the inboxes' stream was lost meanwhile."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.contract.harness import ANN, BEN, commit

from chinwag.adapters.cassandra import stores_on
from chinwag.adapters.cassandra.database import Database
from chinwag.adapters.cassandra.driver import Row
from chinwag.adapters.cassandra.inbox_rows import CassandraInboxRows
from chinwag.adapters.cassandra.log_places import LogPlaces
from chinwag.adapters.cassandra.statements import Read, Values, Write
from chinwag.adapters.inboxes import records
from chinwag.adapters.inboxes.poster import StreamPoster
from chinwag.adapters.inboxes.publisher import Publisher
from chinwag.adapters.inboxes.records import Posted, inbox_partition
from chinwag.adapters.nats.stream_epochs import StreamEpochs
from chinwag.adapters.nats.streams import Taken
from chinwag.domain.conversation import START, Position

PARTITIONS = 16
OF_ANN, OF_BEN = inbox_partition(ANN, PARTITIONS), inbox_partition(BEN, PARTITIONS)


class Engines:
    """Counters, streams and a database that hold nothing: they note what was asked of them, in order.

    lost: when what was appended to a partition is lost, by how often it was appended to before.
    """

    def __init__(self, lost: Mapping[int, int]) -> None:
        self.happened: list[object] = []
        self.appended: list[Posted] = []
        self._lost = lost
        self._counts: dict[int, int] = {}
        self._epochs: dict[int, int] = {}
        self._changed: dict[int, Callable[[], None]] = {}

    async def current(self, partition: int, changed: Callable[[], None] | None = None) -> int:
        if changed is not None:
            self._changed[partition] = changed
        return self._epochs.setdefault(partition, 1)

    async def begin(self, partition: int, after: int, floor: int = 0) -> int:
        raise AssertionError((partition, after, floor))

    async def append(self, partition: int, epoch: int, record: bytes, label: str) -> Taken:
        assert label not in self.happened
        self.happened.append((partition, epoch))
        self.appended.append(records.decode(record))
        count = self._counts[partition] = self._counts.get(partition, 0) + 1
        if count <= self._lost.get(partition, 0):
            self._epochs[partition] += 1
            self._changed.pop(partition)()
        return Taken(count, copy=False)

    async def page(self, statement: Read, values: Values, after: bytes | None) -> tuple[list[Row], bytes | None]:
        return [], None

    async def rows(self, statement: Read, values: Values) -> list[Row]:
        return [(1,)] if "FROM partitions" in statement.cql else []  # epoch 1 is on

    async def write(self, writes: Sequence[tuple[Write, Values]]) -> None:
        self.happened += ["states" for write, _ in writes if write.table == "states"]


async def _commit(lost: Mapping[int, int]) -> Engines:
    engines: Any = Engines(lost)
    database = Database(engines)

    async def applied(_partition: int) -> Position:
        return START

    epochs = StreamEpochs(engines, engines, applied, lambda partition: None)
    for partition in range(PARTITIONS):
        await epochs.learn(partition)
    publisher = Publisher(engines, epochs, CassandraInboxRows(database, 30), PARTITIONS, 1)
    stores = stores_on(engines, StreamPoster(publisher, LogPlaces(database), 1), 1)
    await stores.message_store.commit([commit(1, 3)])
    await epochs.close()
    found: Engines = engines
    return found


async def test_what_is_not_lost_is_posted_once_before_the_states() -> None:
    engines = await _commit({})
    assert OF_ANN != OF_BEN
    *posted, states = engines.happened
    assert (sorted(map(str, posted)), states) == (sorted(map(str, [(OF_ANN, 1), (OF_BEN, 1)])), "states")


async def test_what_is_lost_is_posted_again_behind_the_states_until_it_is_not() -> None:
    assert (await _commit({OF_ANN: 1})).happened[2:] == ["states", (OF_ANN, 2)]
    engines = await _commit({OF_BEN: 2})
    assert engines.happened[2:] == ["states", (OF_BEN, 2), (OF_BEN, 3)]
    of_ben = [one for one in engines.appended if one.entries[0].accounts == [BEN]]
    assert len(of_ben) == 3
    assert of_ben == of_ben[:1] * 3  # and the same, so that a worker that has it drops it
