"""What the ports of messages, marks and inboxes promise about forgetting an account."""

from pathlib import Path

import msgspec
import pytest
from tests.contract.embedded import EmbeddedHarness
from tests.contract.harness import ANN, BEN, CYD, PAIR, Stores, commit, entries, name
from tests.support.plain_server import plain_options

from chinwag.adapters.embedded import tuning
from chinwag.domain.ids import DeviceId, group_id
from chinwag.domain.marks import Mark, Marks
from chinwag.domain.mentions import ALL, Mention
from chinwag.ports.inbox import Posting
from chinwag.ports.mark_store import Advance, Seen

PHONE = DeviceId("phone")
MARKER = b"a-text-that-nothing-else-holds"


def read(number: int) -> Marks:
    mark = Mark(number, number, 1000 + number)
    return Marks(read=mark, delivered=mark)


async def test_spans_and_send_keys_go_and_nobody_elses(stores: Stores) -> None:
    tea = group_id("9")
    await stores.store.commit([commit(1, 3), commit(1, 2, tea, (BEN, CYD))])
    speaking = [Mention(one, 2, 2) for one in (ANN, BEN, ALL)]
    await stores.store.commit([msgspec.structs.replace(commit(4, 4), mentions=speaking)])
    await stores.store.forget(ANN, [PHONE])
    assert set(await stores.store.mentions([ANN, BEN, ALL], PAIR, 0, 9)) == set(speaking[1:])
    assert await stores.store.memberships(ANN) == []
    assert await stores.store.spans(ANN, PAIR) == []
    assert await stores.store.keys([name(1), name(3)]) == [None, None]
    assert len(await stores.store.events(PAIR, 1, 4)) == 4
    assert {span.conversation for span in await stores.store.memberships(BEN)} == {PAIR, tea}
    assert None not in await stores.store.keys([name(1, tea), name(2, tea)]), "of conversations that ANN was never in"
    await stores.store.forget(ANN, [PHONE])


async def test_other_devices_keys_stay(stores: Stores) -> None:
    await stores.store.commit([commit(1, 2)])
    await stores.store.forget(ANN, [DeviceId("pho"), DeviceId("phones")])
    assert None not in await stores.store.keys([name(1), name(2)])


async def test_marks_steps_and_presence_go_and_nobody_elses(stores: Stores) -> None:
    both = [Advance(PAIR, one, read(4), stepped=True) for one in (ANN, BEN)]
    await stores.marks.advance(both, [])
    await stores.marks.save_seen([Seen(ANN, True, 5), Seen(BEN, True, 5)])
    await stores.marks.forget(ANN, [PAIR])
    for _ in range(2):
        assert await stores.marks.marks([(PAIR, ANN), (PAIR, BEN)]) == [Marks(), read(4)]
        assert await stores.marks.seen([ANN, BEN]) == [None, Seen(BEN, True, 5)]
        assert [step.account for step in await stores.marks.readers(PAIR, 1, 10)] == [BEN]
        await stores.stop()
        await stores.start()


async def test_a_mark_after_forgetting_starts_from_nothing(stores: Stores) -> None:
    await stores.marks.advance([Advance(PAIR, ANN, read(4), stepped=True)], [])
    await stores.marks.forget(ANN, [PAIR])
    await stores.marks.advance([Advance(PAIR, ANN, read(2), stepped=True)], [])
    assert await stores.marks.marks([(PAIR, ANN)]) == [read(2)]


async def test_an_inbox_is_forgotten_and_goes_on_without_a_hole(stores: Stores) -> None:
    await stores.store.commit([commit(1, 3)])
    posted = stores.inbox.post([Posting(ANN, b"late")])
    await posted
    await stores.inbox.forget(ANN)
    bounds = await stores.inbox.bounds(ANN)
    assert (bounds.floor, bounds.head) == (4, 4)
    assert (await stores.inbox.read(ANN, 0, 10)).entries == []
    await stores.inbox.forget(ANN)
    await stores.inbox.post([Posting(ANN, b"new")])
    assert await entries(stores, ANN, 4) == ["new"]
    assert await entries(stores, BEN) == [f"{PAIR}#{number}" for number in (1, 2, 3)]
    await stores.inbox.forget(CYD)
    assert (await stores.inbox.bounds(CYD)).head == 0


async def test_an_inbox_is_rewritten_in_place(stores: Stores) -> None:
    await stores.store.commit([commit(1, 2)])
    await stores.inbox.post([Posting(ANN, b"one"), Posting(ANN, b"two"), Posting(BEN, b"one")])
    await stores.store.commit([commit(3, 3)])
    before = await stores.inbox.bounds(ANN)
    assert await stores.inbox.rewrite(ANN, lambda event: event.replace(b"one", b"something longer")) == 1
    expected = [f"{PAIR}#1", f"{PAIR}#2", "something longer", "two", f"{PAIR}#3"]
    assert await entries(stores, ANN) == expected
    assert await entries(stores, ANN, 2) == expected[2:]
    assert await stores.inbox.bounds(ANN) == before
    assert (await entries(stores, BEN))[2] == "one"
    assert await stores.inbox.rewrite(ANN, lambda event: event) == 0


async def test_a_scrub_takes_what_was_deleted_and_replaced_out_of_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuning, "options", plain_options)
    stores = EmbeddedHarness(tmp_path / "data")
    await stores.start()
    try:
        await stores.inbox.post([Posting(ANN, MARKER), Posting(BEN, MARKER)])
        assert holds(tmp_path, MARKER)
        await stores.open.scrub.scrub()
        assert holds(tmp_path, MARKER), "nothing was deleted yet, so this is in a table"
        await stores.inbox.forget(ANN)
        await stores.inbox.rewrite(BEN, lambda _: b"hidden")
        assert holds(tmp_path, MARKER), "what is deleted is still in the table"
        await stores.open.scrub.scrub()
        assert not holds(tmp_path, MARKER)
        assert await entries(stores, BEN) == ["hidden"]
    finally:
        await stores.stop()


def holds(folder: Path, marker: bytes) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file() and marker in path.read_bytes()]
