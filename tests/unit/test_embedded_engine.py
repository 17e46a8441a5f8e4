"""What only the embedded stores have: one directory, one writer, rows in RocksDB."""

import asyncio
import subprocess
import sys
import textwrap
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from rocksdict import Options, Rdict, WriteBatch

from chinwag.adapters.embedded import (
    DataDirectoryInUseError,
    Embedded,
    NewerDataError,
    engine,
    keys,
    open_embedded,
    values,
)
from chinwag.adapters.embedded.data_directory import FORMAT, write_synced
from chinwag.adapters.embedded.generations import Generations
from chinwag.domain.conversation import Conversation, Member, Position, Role, SendKey, Span
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId
from chinwag.domain.marks import Mark, Marks
from chinwag.domain.refusal import Code, Refused
from chinwag.ports.inbox import Posting
from chinwag.ports.mark_store import Advance, Seen
from chinwag.ports.message_store import Commit, Fanout, KeyName

ANN, GROUP = AccountId("1"), ConversationId("g~1")
MEMBERS = tuple(AccountId(str(number)) for number in range(1, 6))


def batch(first: int, last: int, conversation: ConversationId = GROUP, size: int = 10) -> Commit:
    state = Conversation(conversation, False, {ANN: Member(Role.OWNER)}, last, last, applied=Position(1, last, 0))
    return Commit(
        state,
        [(number, b"x" * size) for number in range(first, last + 1)],
        [Fanout(first, last, MEMBERS)],
        [(KeyName(conversation, DeviceId("d"), ClientId("c")), SendKey(Position(1, 1, 0), 1, 1))],
        [Span(ANN, conversation, 1)],
    )


def raw(path: Path) -> list[tuple[bytes, bytes]]:
    """All rows, read when nobody has the store open."""
    db = Rdict(str(path / "messages"), Options(raw_mode=True))
    rows = list(db.items())
    db.close()
    return rows  # type: ignore[return-value]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Embedded]:
    opened = await open_embedded(tmp_path)
    yield opened
    await opened.close()


async def test_a_directory_is_opened_once_in_a_process(store: Embedded, tmp_path: Path) -> None:
    with pytest.raises(DataDirectoryInUseError, match="stop that one, or give this one its own"):
        await open_embedded(tmp_path)
    await store.message_store.commit([batch(1, 1)])


async def test_a_directory_is_opened_once_by_all_processes(store: Embedded, tmp_path: Path) -> None:
    program = f"""
        import asyncio, pathlib
        from chinwag.adapters.embedded import DataDirectoryInUseError, open_embedded
        try:
            asyncio.run(open_embedded(pathlib.Path({str(tmp_path)!r})))
        except DataDirectoryInUseError:
            print("in use")
    """
    ran = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, timeout=60, check=False
    )
    assert ran.stdout.strip() == b"in use", ran.stderr
    await store.message_store.commit([batch(1, 1)])


async def test_data_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    await (await open_embedded(tmp_path)).close()
    db = Rdict(str(tmp_path / "messages"), Options(raw_mode=True))
    db[keys.FORMAT] = values.sealed(FORMAT + 1)
    db.close()
    before = raw(tmp_path)
    for _ in range(2):  # and it is not left open
        with pytest.raises(NewerDataError, match="newer Chinwag"):
            await open_embedded(tmp_path)
    assert raw(tmp_path) == before


async def test_nobody_else_may_look_into_the_directory(store: Embedded, tmp_path: Path) -> None:
    assert (tmp_path / "messages").stat().st_mode & 0o077 == 0


async def test_every_value_says_its_format_and_its_key(tmp_path: Path) -> None:
    opened = await open_embedded(tmp_path)
    await opened.message_store.commit([batch(1, 3)])
    advance = Advance(GROUP, ANN, Marks(Mark(1, 1, 1)), stepped=True)
    await opened.mark_store.advance([advance], [Posting(ANN, b"{}")])
    await opened.mark_store.save_seen([Seen(ANN, True, 1)])
    await opened.inbox.trim(2**60, 1)
    await opened.close()
    rows = raw(tmp_path)
    assert {chr(key[0]) for key, _ in rows} == set("eskmirto!")
    assert all(value.startswith(b"\x01\x00") for _, value in rows)


async def test_a_commit_writes_one_inbox_row_an_account(tmp_path: Path) -> None:
    opened = await open_embedded(tmp_path)
    await opened.message_store.commit([batch(1, 8), batch(1, 8, ConversationId("g~2"))])
    await opened.close()
    assert len([key for key, _ in raw(tmp_path) if key.startswith(keys.INBOXES)]) == len(MEMBERS)


async def test_an_inbox_row_is_bounded(tmp_path: Path) -> None:
    opened = await open_embedded(tmp_path)
    await opened.inbox.post([Posting(ANN, b"x" * 1000) for _ in range(1000)])
    assert len((await opened.inbox.read(ANN, 0, 2000)).entries) == 1000
    await opened.close()
    sizes = [len(value) for key, value in raw(tmp_path) if key.startswith(keys.INBOXES)]
    assert max(sizes) < 70_000
    assert len(sizes) < 20


async def test_each_start_has_a_higher_log_epoch_and_other_worker_numbers(tmp_path: Path) -> None:
    epochs, workers = [], []
    for _ in range(3):
        opened = await open_embedded(tmp_path)
        epochs.append(opened.engine.epochs.log)
        workers.append((await opened.registry.lease_worker())())
        await opened.close()
    assert epochs == sorted(set(epochs))
    assert len(set(workers)) == 3


async def test_the_log_epoch_is_higher_also_where_a_process_was_killed(tmp_path: Path) -> None:
    program = f"""
        import asyncio, os, pathlib
        from chinwag.adapters.embedded import open_embedded
        async def main():
            opened = await open_embedded(pathlib.Path({str(tmp_path)!r}))
            print(opened.engine.epochs.log, flush=True)
            os._exit(9)
        asyncio.run(main())
    """
    ran = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, timeout=60, check=False
    )
    opened = await open_embedded(tmp_path)
    assert opened.engine.epochs.log > int(ran.stdout)
    await opened.close()


async def test_closing_writes_what_is_queued(tmp_path: Path) -> None:
    gate = threading.Event()

    def write(db: Rdict, rows: WriteBatch) -> None:
        gate.wait(30)
        write_synced(db, rows)

    opened = await open_embedded(tmp_path, write=write)
    waiting = [
        asyncio.create_task(opened.message_store.commit([batch(1, 1, ConversationId(str(n)))])) for n in range(3)
    ]
    await asyncio.sleep(0)
    closing = asyncio.create_task(opened.close())
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(*waiting, closing)
    with pytest.raises(Refused):
        await opened.message_store.commit([batch(2, 2)])
    with pytest.raises(Refused):
        await opened.message_store.events(GROUP, 1, 1)
    await opened.close()
    again = await open_embedded(tmp_path)
    assert (await again.inbox.bounds(ANN)).head == 3
    await again.close()


async def test_the_queue_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "GROUP_BYTES", 50_000)
    gate = threading.Event()
    sizes: list[int] = []

    def write(db: Rdict, rows: WriteBatch) -> None:
        gate.wait(30)
        sizes.append(rows.size_in_bytes())
        write_synced(db, rows)

    opened = await open_embedded(tmp_path, write=write)
    commits = [opened.message_store.commit([batch(1, 1, ConversationId(str(n)), size=20_000)]) for n in range(30)]
    waiting = asyncio.gather(*commits)
    await asyncio.sleep(0)
    gate.set()
    await waiting
    assert max(sizes) < 80_000
    assert (await opened.inbox.bounds(ANN)).head == 30
    await opened.close()


async def test_a_disk_that_does_not_answer_fails_the_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "STALLED_SECONDS", 0.0)
    gate, writing = threading.Event(), threading.Event()

    def write(db: Rdict, rows: WriteBatch) -> None:
        writing.set()
        gate.wait(30)
        write_synced(db, rows)

    opened = await open_embedded(tmp_path, write=write)
    waiting = asyncio.create_task(opened.message_store.commit([batch(1, 1)]))
    await asyncio.to_thread(writing.wait, 10)
    with pytest.raises(Refused) as refused:
        await asyncio.wait_for(waiting, 10)
    assert refused.value.code is Code.UNAVAILABLE
    with pytest.raises(Refused):
        await opened.message_store.commit([batch(2, 2)])
    monkeypatch.setattr(engine, "STALLED_SECONDS", 30.0)
    gate.set()
    await opened.message_store.reopen()
    state = (await opened.message_store.states([GROUP]))[0]
    assert state is not None  # it got through after all, and the next one follows it
    await opened.message_store.commit([batch(2, 2)])
    assert (await opened.inbox.bounds(ANN)).head == 2
    await opened.close()


async def test_a_disk_that_is_full_refuses_and_serves_again_when_there_is_room(tmp_path: Path) -> None:
    """The real thing, by a limit on the size of files: RocksDB's own error, and its way back."""
    program = f"""
        import asyncio, pathlib, resource
        from chinwag.adapters.embedded import open_embedded
        from chinwag.domain.ids import AccountId
        from chinwag.domain.refusal import Code, Refused
        from chinwag.ports.inbox import Posting

        async def main():
            opened = await open_embedded(pathlib.Path({str(tmp_path)!r}))
            soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
            acked = 0
            try:
                while acked < 1000:
                    await opened.inbox.post([Posting(AccountId("1"), b"%5d" % acked + b"x" * 5000)])
                    acked += 1
            except Refused as refused:
                assert refused.code is Code.UNAVAILABLE
            assert 10 < acked < 1000
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            await opened.inbox.post([Posting(AccountId("1"), b"%5d" % acked)])
            page = await opened.inbox.read(AccountId("1"), 0, 2000)
            numbers = [int(entry.event[:5]) for entry in page.entries]
            assert sorted(set(numbers)) == list(range(acked + 1)), numbers
            assert [entry.position for entry in page.entries] == list(range(1, len(numbers) + 1))
            await opened.close()
            print("served")

        asyncio.run(main())
    """
    ran = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, timeout=120, check=False
    )
    assert ran.stdout.strip().endswith(b"served"), (ran.stdout[-500:], ran.stderr[-2000:])


async def test_an_unknown_format_is_an_error_and_not_a_guess(tmp_path: Path) -> None:
    opened = await open_embedded(tmp_path)
    await opened.message_store.commit([batch(1, 1)])
    await opened.close()
    db = Rdict(str(tmp_path / "messages"), Options(raw_mode=True))
    db[keys.state(GROUP)] = b"\x07\x00???"
    db.close()
    again = await open_embedded(tmp_path)
    with pytest.raises(values.UnknownFormatError):
        await again.message_store.states([GROUP])
    await again.close()


async def test_what_is_not_on_disk_yet_stays_in_the_cache(store: Embedded) -> None:
    cache: Generations[int, int] = Generations(store.engine, capacity=2)
    store.engine.serial, answered = 5, store.engine.answered
    for number in range(4):
        cache.put(number, number)
    cache.age()
    for number in range(4, 8):
        cache.put(number, number)
        cache.age()  # group 5 is not answered: nothing may go
    assert [cache.get(number) for number in range(8)] == list(range(8))
    store.engine.answered = 5
    cache.age()
    cache.put(8, 8)
    cache.put(9, 9)
    cache.age()
    assert cache.get(0) is None
    assert cache.get(9) == 9
    store.engine.serial = store.engine.answered = answered
