"""What a page costs behind what lies between messages: rows that name the last message before them, against an index.

    python -m bench.shown_rows [--rounds 5]

On synthetic rows in the embedded store, warm. `followed` is what the server does: milliseconds for a page of 50, read
backward and forward. `indexed` is what a row more for each message, named by its place among those shown, would give:
one scan of that index and one read of the rows it names. `written` is what such rows add to a synced write of 16
messages of 16 conversations.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import msgspec
from rocksdict import Rdict, WriteBatch

from chinwag.adapters.embedded import keys, open_embedded, values
from chinwag.adapters.embedded.data_directory import write_synced
from chinwag.domain.conversation import Conversation, Member, Position, Role
from chinwag.domain.ids import AccountId, ConversationId, direct_id
from chinwag.flow.shown import ShownRows
from chinwag.ports.message_store import Commit, MessageStore

PAGE: Final = 50
ROOM: Final = 1 << 30
PATTERNS: Final = {
    "messages only": [True] * 2_000,
    "100,000 between two of them": [True] * 500 + [False] * 100_000 + [True] * 20,
    "one in two": [True, False] * 2_000,
    "one in 100": ([True] + [False] * 99) * 400,
}


def event(number: int, shown: int) -> bytes:
    """A message, or a reaction to the message `shown`."""
    common = {"conversation": "d~1000~2000", "number": number, "ordinal": number, "from": "1000", "device": "123456789"}
    if number == shown:
        return msgspec.json.encode({"kind": "message", **common, "body": {"type": "text", "text": "x" * 100}})
    return msgspec.json.encode({"kind": "reaction", **common, "shown": shown, "target": shown, "reaction": "+"})


async def fill(store: MessageStore, name: ConversationId, pattern: list[bool]) -> list[int]:
    """Write the rows; the numbers of the messages."""
    members = {AccountId(one): Member(Role.MEMBER) for one in ("1000", "2000")}
    shown, rows, numbers = 0, [], []
    for number, message in enumerate(pattern, 1):
        if message:
            shown = number
            numbers.append(number)
        rows.append((number, event(number, shown)))
    for begin in range(0, len(rows), 10_000):
        some = rows[begin : begin + 10_000]
        state = Conversation(name, True, members, head=some[-1][0], applied=Position(1, some[-1][0], 0))
        await store.commit([Commit(state, some, [], [], [])])
    return numbers


def index_key(name: ConversationId, place: int) -> bytes:
    """Where an index would say which number the message at this place has."""
    return b"x" + keys.name(name) + keys.number(place)


async def timed(reading: Callable[[], Awaitable[object]], rounds: int) -> float:
    """Milliseconds, the median of some times."""
    taken = []
    for _ in range(rounds * 20):
        began = time.perf_counter()
        await reading()
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


async def main(rounds: int, folder: Path) -> None:
    embedded = await open_embedded(folder / "data")
    store = embedded.message_store
    db = embedded.engine.db
    rows = ShownRows(store)
    print(f"{'':32}{'backward':>10}{'forward':>10}{'indexed':>10}   ms, a page of {PAGE}")
    for place, (words, pattern) in enumerate(PATTERNS.items()):
        name = direct_id(AccountId("1000"), AccountId(str(2_000 + place)))
        numbers = await fill(store, name, pattern)
        batch = WriteBatch(raw_mode=True)
        for at, number in enumerate(numbers):
            batch.put(index_key(name, at), values.sealed(number))
        write_synced(db, batch)
        last = len(pattern)
        start = numbers[-min(len(numbers), PAGE)]

        async def indexed(name: ConversationId = name, top: int = len(numbers)) -> int:
            found = []
            prefix = index_key(name, max(0, top - PAGE))
            for key, value in db.items(from_key=prefix):
                if not key.startswith(prefix[:-8]) or len(found) == PAGE:
                    break
                found.append(values.integer(value))
            return len(db.get([keys.events(name) + keys.number(one) for one in found]) or [])

        async def backward(name: ConversationId = name, last: int = last) -> object:
            return await rows.backward(name, 1, last, PAGE, ROOM)

        async def forward(name: ConversationId = name, start: int = start, last: int = last) -> object:
            return await rows.forward(name, start, last, PAGE, ROOM)

        figures = [await timed(one, rounds) for one in (backward, forward, indexed)]
        print(f"{words:32}" + "".join(f"{figure:>10.2f}" for figure in figures))
    without, with_index = written(db, rounds)
    print(f"written: {without:.0f} us without an index, {with_index:.0f} us with")
    await embedded.close()


def written(db: Rdict, rounds: int) -> tuple[float, float]:
    """Microseconds of processor time for a synced write of 16 messages of 16 conversations (row, key, state and two
    postings each), without an index and with, in turn."""
    taken: dict[bool, list[float]] = {False: [], True: []}
    for turn in range(rounds * 200):
        for index in (False, True):
            began = time.process_time()
            batch = WriteBatch(raw_mode=True)
            for one in range(16):
                name = ConversationId(f"w~{one}~{index}")
                batch.put(keys.events(name) + keys.number(turn), values.PLAIN + event(turn + 1, turn + 1))
                for row in (b"k", b"s", b"i1", b"i2"):
                    batch.put(row + keys.name(name) + keys.number(turn), b"x" * 120)
                if index:
                    batch.put(index_key(name, turn), values.sealed(turn))
            write_synced(db, batch)
            taken[index].append((time.process_time() - began) * 1e6)
    return statistics.median(taken[False]), statistics.median(taken[True])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    with tempfile.TemporaryDirectory() as made:
        asyncio.run(main(parser.parse_args().rounds, Path(made)))
