"""The device's store: what a device before this one left over is neither sent nor lost, and what cannot be read is
told."""

import sqlite3
from pathlib import Path

import msgspec
import pytest

from chinwag.client import Client, StoreDamaged
from chinwag.client.store import LEFT_MOST, DeviceStore
from chinwag.wire.frames import Send
from chinwag.wire.values import ClientId, ConversationId, DeviceId, Text

from .conftest import credentials
from .scripted import TALK

pytestmark = pytest.mark.asyncio


def _keep(store: DeviceStore, name: str, conversation: ConversationId = TALK) -> None:
    store.add(conversation, ClientId(name), msgspec.json.encode(Send(ClientId(name), Text(name), conversation)))


async def test_what_a_device_before_left_over_is_kept_until_it_was_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "device.sqlite3"
    store = DeviceStore(path)
    store.claim(DeviceId("1"))
    for name in ("a", "b"):
        _keep(store, name)
    store.claim(DeviceId("1"))
    assert [row.id for row in store.waiting()] == ["a", "b"]
    store.claim(DeviceId("2"))
    assert not store.waiting()
    _keep(store, "c")
    store.close()
    store = DeviceStore(path)
    store.claim(DeviceId("3"))
    assert [row.id for row in store.left_over()] == ["a", "b", "c"]
    store.forget_left_over()
    assert not store.left_over()


async def test_what_is_left_over_is_bounded() -> None:
    store = DeviceStore()
    store._database.executemany(
        "INSERT INTO outbox (conversation, id, frame) VALUES ('c', ?, x'')", ((f"{n}",) for n in range(LEFT_MOST + 5))
    )
    store.claim(DeviceId("2"))
    assert [row.id for row in store.left_over()][:1] == ["5"]
    assert len(store.left_over()) == LEFT_MOST


async def test_a_client_tells_what_was_left_over(tmp_path: Path) -> None:
    store = DeviceStore(tmp_path / "device.sqlite3")
    store.claim(DeviceId("8"))
    _keep(store, "not heard of")
    store.close()
    client = Client(credentials("http://127.0.0.1:9"), store=tmp_path)
    assert [(one.conversation, one.frame.id) for one in client.left_over()] == [(TALK, "not heard of")]
    client.forget_left_over()
    assert not client.left_over()
    assert not client.waiting
    await client.close()


async def test_an_id_is_unique_in_its_conversation_only(tmp_path: Path) -> None:
    store = DeviceStore(tmp_path / "device.sqlite3")
    _keep(store, "a")
    _keep(store, "a", ConversationId("d~1~3"))
    with pytest.raises(ValueError, match="waits already"):
        _keep(store, "a")


async def test_nothing_of_an_answered_send_stays_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "store"
    store = DeviceStore(path)
    kept = [store.add(TALK, ClientId(f"s{number}"), b"a frame with words %d" % number) for number in range(40)]
    store.flush()
    long = store.add(TALK, ClientId("long"), b"a frame with words" + b"x" * 20_000)
    store.save_read(TALK, 1)
    for sequence in (*kept, long):
        store.remove(sequence)
    store.close()
    assert b"with words" not in path.read_bytes()


async def test_a_store_of_the_first_version_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "device.sqlite3"
    with sqlite3.connect(path) as database:
        database.executescript(
            """
            CREATE TABLE outbox (sequence INTEGER PRIMARY KEY, conversation TEXT NOT NULL, id TEXT NOT NULL UNIQUE,
                frame BLOB NOT NULL) STRICT;
            CREATE TABLE reads (conversation TEXT PRIMARY KEY, number INTEGER NOT NULL) STRICT;
            CREATE TABLE device (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
            INSERT INTO device VALUES ('id', '1'), ('cursor', '1.7');
            INSERT INTO outbox VALUES (3, 'd~1~2', 'a', x'7b7d');
            PRAGMA user_version = 1;
            """
        )
    database.close()
    store = DeviceStore(path)
    store.claim(DeviceId("1"))
    assert [(row.sequence, row.id, row.frame) for row in store.waiting()] == [(3, "a", b"{}")]
    assert str(store.cursor()) == "1.7"
    _keep(store, "a", ConversationId("d~1~3"))
    store.close()
    assert len(DeviceStore(path).waiting()) == 2


@pytest.mark.parametrize("damage", ["no database", "a newer version", "other tables", "cut off"])
async def test_a_store_that_cannot_be_read_is_told(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "device.sqlite3"
    match damage:
        case "no database":
            path.write_bytes(b"these are the words of somebody else" * 100)
        case "a newer version":
            store = DeviceStore(path)
            store._database.execute("PRAGMA user_version = 99")
            store.close()
        case "other tables":
            with sqlite3.connect(path) as database:
                database.executescript("CREATE TABLE outbox (x); PRAGMA user_version = 1")
            database.close()
        case "cut off":
            store = DeviceStore(path)
            for n in range(200):
                _keep(store, f"{n}")
            store.close()
            path.write_bytes(path.read_bytes()[:5_000])
    before = path.read_bytes()
    with pytest.raises(StoreDamaged, match=r"device\.sqlite3"):
        DeviceStore(path).claim(DeviceId("1"))
    assert damage == "other tables" or path.read_bytes() == before
