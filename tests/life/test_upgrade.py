"""Data of an earlier format: brought up step by step, resumable; data of a later one: refused by name."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rocksdict import Rdict, WriteBatch
from tests.life.commands import chinwag

from chinwag.adapters.embedded import NewerDataError, keys, open_embedded, values
from chinwag.adapters.embedded.data_directory import FORMAT, begin, open_rocksdb
from chinwag.adapters.embedded.upgrade import UNDER_WAY, Batch, Step
from chinwag.assembly.data import begin_folder
from chinwag.domain.conversation import Conversation
from chinwag.domain.ids import ConversationId
from chinwag.ports.message_store import Commit

ROWS = 10


class PowerCutError(Exception):
    """The process ends here."""


def put(db: Rdict, **rows: bytes) -> None:
    for key, value in rows.items():
        db[key.encode()] = value


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Callable[[], Rdict]]:
    """The store as it is opened; each call closes the one before."""
    opened: list[Rdict] = []

    def again() -> Rdict:
        if opened:
            opened.pop().close()
        opened.append(open_rocksdb(tmp_path / "messages", 1 << 20))
        return opened[-1]

    db = again()
    begin(db, tmp_path, lambda: 1_000_000)
    put(db, **{f"x{number}": b"old" for number in range(ROWS)})
    yield again
    opened.pop().close()


def doubling(cut_after: int = ROWS + 1) -> tuple[Step, list[int]]:
    """A made-up step: appends to every row, two at a time. It ends with a power cut after some rows."""
    done: list[int] = []

    def step(db: Rdict, after: bytes) -> Iterator[Batch]:
        for first in range(int(after or b"0"), ROWS, 2):
            if first >= cut_after:
                raise PowerCutError
            rows = WriteBatch(raw_mode=True)
            for number in range(first, first + 2):
                key = b"x%d" % number
                rows.put(key, bytes(db[key] or b"") + b"+new")
                done.append(number)
            yield Batch(rows, b"%d" % (first + 2))

    return step, done


def no_change(db: Rdict, after: bytes) -> Iterator[Batch]:
    del db, after
    yield from ()


def test_steps_run_in_order_and_once(store: Callable[[], Rdict], tmp_path: Path) -> None:
    first, done = doubling()
    second, done_again = doubling()
    begin(store(), tmp_path, lambda: 1, known=FORMAT + 2, steps={FORMAT: first, FORMAT + 1: second})
    db = store()
    assert {db[b"x%d" % number] for number in range(ROWS)} == {b"old+new+new"}
    assert values.integer(db.get(keys.FORMAT)) == FORMAT + 2
    begin(db, tmp_path, lambda: 1, known=FORMAT + 2, steps={FORMAT: first, FORMAT + 1: second})
    assert done == done_again == list(range(ROWS))


@pytest.mark.parametrize("cut_after", [0, 2, 6, 8])
def test_a_step_that_is_cut_short_goes_on_where_it_was(
    store: Callable[[], Rdict], tmp_path: Path, cut_after: int
) -> None:
    step, done = doubling(cut_after)
    with pytest.raises(PowerCutError):
        begin(store(), tmp_path, lambda: 1, known=FORMAT + 1, steps={FORMAT: step})
    db = store()
    assert values.integer(db.get(keys.FORMAT)) == FORMAT, "it is not of the new format yet"
    rest, done_then = doubling()
    begin(db, tmp_path, lambda: 1, known=FORMAT + 1, steps={FORMAT: rest})
    db = store()
    assert done + done_then == list(range(ROWS)), "each row once"
    assert {db[b"x%d" % number] for number in range(ROWS)} == {b"old+new"}
    assert db.get(UNDER_WAY) is None


def test_how_far_one_step_came_means_nothing_to_the_next(store: Callable[[], Rdict], tmp_path: Path) -> None:
    step, _ = doubling(4)
    with pytest.raises(PowerCutError):
        begin(store(), tmp_path, lambda: 1, known=FORMAT + 2, steps={FORMAT: no_change, FORMAT + 1: step})
    rest, done = doubling()
    begin(store(), tmp_path, lambda: 1, known=FORMAT + 2, steps={FORMAT: no_change, FORMAT + 1: rest})
    assert done == list(range(4, ROWS))


def test_a_step_that_is_missing_changes_nothing(store: Callable[[], Rdict], tmp_path: Path) -> None:
    step, done = doubling()
    with pytest.raises(KeyError):
        begin(store(), tmp_path, lambda: 1, known=FORMAT + 2, steps={FORMAT: step})
    assert not done


def test_data_of_a_newer_format_is_refused(store: Callable[[], Rdict], tmp_path: Path) -> None:
    begin(store(), tmp_path, lambda: 1, known=FORMAT + 1, steps={FORMAT: no_change})
    with pytest.raises(NewerDataError, match=f"data format {FORMAT + 1}; this one knows {FORMAT}"):
        begin(store(), tmp_path, lambda: 1)


async def test_the_server_says_so_too(tmp_path: Path) -> None:
    await begin_folder(tmp_path / "data")
    password = "correct horse battery"
    added = await chinwag(
        "user", "add", "anna", "--data-path", tmp_path / "data", folder=tmp_path, CHINWAG_PASSWORD=password
    )
    assert added.code == 0, added.err
    embedded = await open_embedded(tmp_path / "data")
    await embedded.message_store.commit([Commit(Conversation(ConversationId("g~1"), False, {}), [], [], [], [])])
    await embedded.close()
    db = open_rocksdb(tmp_path / "data" / "messages", 1 << 20)
    db[keys.FORMAT] = values.sealed(FORMAT + 7)
    db.close()
    ports = ("--server-port", 0, "--observe-port", 0)
    ran = await chinwag("serve", "--data-path", tmp_path / "data", *ports, folder=tmp_path)
    assert ran.code == 1
    assert f"was written by a newer Chinwag (data format {FORMAT + 7}; this one knows {FORMAT})" in ran.err
    assert "Traceback" not in ran.err
