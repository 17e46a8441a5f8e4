"""What it costs to take deleted texts out of the embedded store's files, beside writing the whole store anew.

    python -m bench.erasing_texts [--seconds 60] [--changed 1000]

Writes messages of 100 characters, each with its send key, in 1,000 conversations, for so many seconds and without a
sync each; then takes so many of them back, at random, and times the housekeeping; then one alone; then compacts
everything by force, for comparison.
"""

import argparse
import asyncio
import os
import random
import tempfile
import time
from collections.abc import Awaitable
from pathlib import Path

import msgspec
from rocksdict import Rdict, WriteBatch

from chinwag.adapters.embedded import Embedded, open_embedded, scrub
from chinwag.domain.conversation import Conversation, Member, Position, Role, SendKey
from chinwag.domain.facts import Target
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId
from chinwag.ports.message_store import Changed, Commit, Fanout, KeyName, Row

ANN = AccountId("1000000000000000001")
PHONE = DeviceId("1000000000000000002")
CONVERSATIONS = 1_000
TOGETHER = 500


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--changed", type=int, default=1_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_measure(Path(folder), arguments.seconds, arguments.changed))


async def _measure(folder: Path, seconds: float, changed: int) -> None:
    stores = await open_embedded(folder, write=_unsynced)
    heads = dict.fromkeys((ConversationId(f"g~{number}") for number in range(CONVERSATIONS)), 0)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for conversation in random.sample(sorted(heads), 20):
            await stores.message_store.commit([_said(conversation, heads[conversation])])
            heads[conversation] += TOGETHER
    await stores.engine.read(lambda db: db.flush(True))
    tables = _tables(stores)
    print(f"{sum(heads.values()):,} messages, {sum(tables.values()) / 1e6:,.0f} MB in {len(tables)} tables")
    for count in (changed, 1):
        await _take_back(stores, heads, count)
        await _timed(f"{count:,} taken back", stores, stores.scrub.scrub_texts())
    await _timed("nothing taken back", stores, stores.scrub.scrub_texts())
    for kind in b"ek":
        await _timed(f"all of kind {chr(kind)}, by force", stores, _all(stores, kind))
    await stores.close()


def _said(conversation: ConversationId, head: int) -> Commit:
    numbers = range(head + 1, head + TOGETHER + 1)
    return Commit(
        state=_state(conversation, head + TOGETHER),
        events=[(number, _event(number)) for number in numbers],
        fanouts=[Fanout(head + 1, head + TOGETHER, (ANN,))],
        keys=[(_name(conversation, n), SendKey(Position(1, n, 0), n, n, os.urandom(8))) for n in numbers],
        spans=[],
    )


async def _take_back(stores: Embedded, heads: dict[ConversationId, int], count: int) -> None:
    for _ in range(count):
        conversation = random.choice([name for name, head in heads.items() if head])
        number = random.randint(1, heads[conversation])
        heads[conversation] += 1
        head = heads[conversation]
        row: Row = Changed(msgspec.json.encode({"number": number}), Target("message", ANN, 1, "text", (), head))
        key = SendKey(Position(1, number, 0), number, number)
        await stores.message_store.commit(
            [
                Commit(
                    _state(conversation, head),
                    [(head, b"{}")],
                    [Fanout(head, head, (ANN,))],
                    [(_name(conversation, number), key)],
                    [],
                    [(number, row)],
                )
            ]
        )


def _state(conversation: ConversationId, head: int) -> Conversation:
    return Conversation(
        id=conversation,
        direct=False,
        members={ANN: Member(Role.MEMBER)},
        head=head,
        ordinal=head,
        applied=Position(1, head, 0),
    )


def _event(number: int) -> bytes:
    return msgspec.json.encode({"kind": "message", "number": number, "text": os.urandom(50).hex()})


def _name(conversation: ConversationId, number: int) -> KeyName:
    return KeyName(conversation, PHONE, ClientId(f"send-{number}"))


async def _timed(what: str, stores: Embedded, work: Awaitable[object]) -> None:
    before = _tables(stores)
    began = time.perf_counter()
    await work
    took = time.perf_counter() - began
    now = _tables(stores)
    written = sum(size for name, size in now.items() if name not in before)
    print(f"{what}: {took:.2f} s, {written / 1e6:,.1f} MB written")


async def _all(stores: Embedded, kind: int) -> None:
    await stores.engine.read(lambda db: scrub.compact_kind(db, kind))


def _tables(stores: Embedded) -> dict[str, int]:
    return {str(table["name"]): int(table["size"]) for table in stores.engine.db.live_files()}


def _unsynced(db: Rdict, rows: WriteBatch) -> None:
    db.write(rows)


if __name__ == "__main__":
    main()
