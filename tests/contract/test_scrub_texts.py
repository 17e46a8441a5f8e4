"""What the embedded stores promise about texts that were edited away or deleted: that they leave the files."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from rocksdict import Options, Rdict
from tests.contract.embedded import EmbeddedHarness
from tests.contract.harness import ANN, PAIR, commit, event, name
from tests.support.plain_server import plain_options

from chinwag.adapters.embedded import forget, scrub, tuning
from chinwag.domain.conversation import Position, SendKey
from chinwag.domain.facts import Target
from chinwag.domain.ids import group_id
from chinwag.domain.refusal import Refused
from chinwag.ports.message_store import Changed, Commit

TEXT = "a-text-that-nothing-else-holds"
DIGEST = b"\x93a-digest\xa7"
KEY = SendKey(Position(1, 1, 0), 2, 1001, DIGEST)


@pytest.fixture
async def stores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[EmbeddedHarness]:
    monkeypatch.setattr(tuning, "options", plain_options)
    opened = EmbeddedHarness(tmp_path / "data")
    await opened.start()
    yield opened
    await opened.stop()


def said(number: int = 2) -> Commit:
    """A batch of which one event holds the text, and its key the digest."""
    events = [(one, event(one, TEXT) if one == number else event(one)) for one in range(1, 4)]
    return msgspec.structs.replace(commit(1, 3), events=events, keys=[(name(number), KEY)])


def taken_back(head: int, number: int = 2) -> Commit:
    """A later one that takes both away."""
    changed = Changed(event(number, "gone"), Target("message", ANN, 1001, "text", (), head))
    keys = [(name(number), msgspec.structs.replace(KEY, digest=b""))]
    return msgspec.structs.replace(commit(head, head), rewrites=[(number, changed)], keys=keys)


def holding(stores: EmbeddedHarness, what: bytes) -> list[str]:
    return [path.name for path in stores.path.rglob("*") if path.is_file() and what in path.read_bytes()]


def left(stores: EmbeddedHarness) -> list[list[str]]:
    """The files that hold the text, and those that hold the digest."""
    return [holding(stores, TEXT.encode()), holding(stores, DIGEST)]


@pytest.mark.parametrize("in_tables", [False, True])
async def test_text_and_digest_leave_the_files_and_all_else_stays(stores: EmbeddedHarness, in_tables: bool) -> None:
    await stores.store.commit([said()])
    if in_tables:
        await stores.open.scrub.scrub()
    assert not await stores.open.scrub.scrub_texts(), "nothing was taken back yet"
    assert all(left(stores))
    await stores.store.commit([taken_back(4)])
    assert all(left(stores)), "what is replaced is still there"
    assert not await stores.open.scrub.scrub_texts()
    assert left(stores) == [[], []]
    rows = await stores.store.events(PAIR, 1, 4)
    assert [row if isinstance(row, bytes) else row.event for row in rows] == [
        event(1),
        event(2, "gone"),
        event(3),
        event(4),
    ]


async def test_what_was_taken_back_is_remembered_over_a_restart(stores: EmbeddedHarness) -> None:
    await stores.store.commit([said()])
    await stores.open.scrub.scrub()
    await stores.store.commit([taken_back(4)])
    await stores.stop()
    await stores.start()
    assert all(left(stores))
    await stores.open.scrub.scrub_texts()
    assert left(stores) == [[], []]


async def test_a_scrub_that_fails_is_made_again(stores: EmbeddedHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    await stores.store.commit([said()])
    await stores.open.scrub.scrub()
    await stores.store.commit([taken_back(4)])

    def failing(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(scrub, "_compact_stretch", failing)
        with pytest.raises(Refused):
            await stores.open.scrub.scrub_texts()
    assert all(left(stores))
    await stores.open.scrub.scrub_texts()
    assert left(stores) == [[], []]


async def test_a_text_that_is_taken_back_meanwhile_is_for_the_next_time(
    stores: EmbeddedHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = msgspec.structs.replace(commit(1, 1, group_id("9")), events=[(1, event(1, "text-two"))])
    await stores.store.commit([said(), other])
    await stores.open.scrub.scrub()
    await stores.store.commit([taken_back(4)])
    meanwhile = []
    remove = forget.remove

    async def late(*arguments: object) -> None:
        row = Changed(event(1, "gone"), Target("message", ANN, 1001, "text", (), 2))
        late = msgspec.structs.replace(commit(2, 2, group_id("9")), rewrites=[(1, row)])
        meanwhile.append(late)
        await stores.store.commit([late])
        await remove(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as racing:
        racing.setattr(scrub, "remove", late)
        await stores.open.scrub.scrub_texts()
    assert len(meanwhile) == 1
    assert holding(stores, b"text-two")
    await stores.open.scrub.scrub_texts()
    assert not holding(stores, b"text-two")


async def test_many_are_taken_out_a_bounded_number_at_a_time(
    stores: EmbeddedHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scrub, "NOTES", 2)
    await stores.store.commit([said()])
    for head in range(4, 9):
        await stores.store.commit([taken_back(head)])
    again = [await stores.open.scrub.scrub_texts() for _ in range(4)]
    assert again == [True, True, False, False]
    assert left(stores) == [[], []]


def small_tables(cache_bytes: int) -> Options:
    chosen = plain_options(cache_bytes)
    chosen.set_target_file_size_base(64 << 10)
    return chosen


async def test_only_the_tables_concerned_are_written_anew_and_each_of_them_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuning, "options", small_tables)
    stores = EmbeddedHarness(tmp_path / "data")
    await stores.start()
    texts = [(number, event(number, "x" * 2_000)) for number in range(1, 1_001)]
    await stores.store.commit([msgspec.structs.replace(commit(1, 1_000), events=texts)])
    db: Rdict = stores.open.engine.db
    db.flush(True)
    scrub.compact_kind(db, ord("e"))
    before = {str(table["name"]) for table in db.live_files()}
    assert len(before) > 20
    for head, number in ((1_001, 900), (1_002, 901), (1_003, 902)):
        changed = Changed(event(number, "gone"), Target("message", ANN, 1001, "text", (), head))
        await stores.store.commit([msgspec.structs.replace(commit(head, head), rewrites=[(number, changed)])])
    stretches: list[object] = []
    compact = scrub._compact_stretch

    def counted(*arguments: object) -> None:
        stretches.append(arguments[1:])
        compact(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(scrub, "_compact_stretch", counted)
    await stores.open.scrub.scrub_texts()
    after = {str(table["name"]) for table in db.live_files()}
    assert len(stretches) <= 2, "three rows that lie side by side, in one table or two"
    assert len(before & after) > len(before) / 2
    await stores.stop()
