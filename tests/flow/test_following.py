"""Who follows all that is placed gets each event once, whatever fails between."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from tests.support.backstage import Backstage, backstage

from chinwag.domain.body import Text
from chinwag.domain.command import Leave, Send, SetTitle
from chinwag.domain.conversation import GroupSettings
from chinwag.domain.ids import AccountId, ConversationId, direct_id, stream_of
from chinwag.domain.refusal import Code, Refused
from chinwag.flow import following
from chinwag.flow.following import Following
from chinwag.ports.follower import Reached, Stretch

PAIR = direct_id(AccountId("1"), AccountId("2"))


class Notebook:
    """A follower that lasts as long as the test, and fails at the end of as many transactions as `failing` says."""

    def __init__(self) -> None:
        self.at: Reached | None = None
        self.got: Counter[tuple[ConversationId, int]] = Counter()
        self.order: list[tuple[ConversationId, int]] = []
        self.begun = 0
        self.failing = 0

    async def reached(self) -> Reached | None:
        return self.at

    async def begin(self, place: Reached) -> None:
        self.at = place
        self.begun += 1
        self.got.clear()
        self.order.clear()

    async def keep(self, stretches: Sequence[Stretch], before: Reached, after: Reached) -> bool:
        if self.failing:
            self.failing -= 1
            raise Refused(Code.UNAVAILABLE)
        if self.at != before:
            return False
        for stretch in stretches:
            events = [(stretch.conversation, number) for number in range(stretch.first, stretch.last + 1)]
            self.got.update(events)
            self.order += events
        self.at = after
        return True


def followed(stage: Backstage, notebook: Notebook) -> Following:
    embedded = stage.embedded
    return Following(notebook, embedded.inbox, embedded.message_store, embedded.log.partitions)


async def to_the_end(reading: Following) -> None:
    while await reading.step():
        pass


async def test_each_event_comes_once_and_in_order(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people("1", "2")
        notebook = Notebook()
        reading = followed(stage, notebook)
        await to_the_end(reading)
        group = await stage.group("1", "Chess", GroupSettings(), "2")
        for _ in range(3):
            await stage.write("1", "2")
            await stage.do("1", group, Send(Text("hello")))
        await stage.do("2", group, Leave())
        await to_the_end(reading)
        assert notebook.got == Counter([(PAIR, n) for n in (1, 2, 3)] + [(group, n) for n in range(1, 6)])
        for name in (PAIR, group):
            numbers = [number for conversation, number in notebook.order if conversation == name]
            assert numbers == sorted(numbers)
        assert reading.lag == 0
        assert notebook.begun == 1


async def test_what_fails_or_is_read_by_another_too_is_kept_once(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people("1", "2")
        notebook = Notebook()
        one, other = followed(stage, notebook), followed(stage, notebook)
        await to_the_end(one)
        for n in range(1, 6):
            await stage.write("1", "2")
            stale = notebook.at
            notebook.failing = 1
            try:
                await one.step()
            except Refused:
                pass
            else:
                raise AssertionError("it was to fail")
            assert notebook.at == stale
            await to_the_end(other)
            assert stale is not None
            assert not await notebook.keep([Stretch(PAIR, n, n)], stale, stale)
            await to_the_end(one)
        assert notebook.got == Counter([(PAIR, n) for n in range(1, 6)])


async def test_it_goes_on_after_a_restart(tmp_path: Path) -> None:
    notebook = Notebook()
    async with backstage(tmp_path / "data") as stage:
        await stage.people("1", "2")
        await to_the_end(followed(stage, notebook))
        await stage.write("1", "2")
    async with backstage(tmp_path / "data", epoch=2) as stage:
        await stage.write("2", "1")
        await to_the_end(followed(stage, notebook))
    assert notebook.got == Counter([(PAIR, 1), (PAIR, 2)])


async def test_who_begins_late_walks_through_everything_whatever_is_placed_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "ENTRIES", 3)
    monkeypatch.setattr(following, "LOOKED_AT", 2)
    async with backstage(tmp_path / "data") as stage:
        await stage.people("1", "2")
        groups = [await stage.group("1", f"Group {n}", GroupSettings(), "2") for n in range(7)]
        for group in groups:
            for _ in range(5):
                await stage.do("1", group, Send(Text("hello")))
        notebook = Notebook()
        reading = followed(stage, notebook)
        steps = 0
        while await reading.step():
            steps += 1
            assert reading.walking == (notebook.at is not None and notebook.at.walk is not None)
            if steps <= 12:
                await stage.do("1", groups[steps % 7], SetTitle(f"Title {steps}"))
            if steps == 5:
                groups.append(await stage.group("1", "New", GroupSettings()))
            if steps == 7:
                reading = followed(stage, notebook)  # as after a crash
        assert steps > 12
        expected = {(group, n) for group in groups for n in range(1, (await stage.state(group)).head + 1)}
        assert set(notebook.got) == expected
        # Only what was placed while it walked may have come a second time, and nothing a third.
        assert {event for event, count in notebook.got.items() if count > 1} <= {
            (group, n) for group in groups for n in range(1 if group == groups[-1] else 7, 99)
        }
        assert max(notebook.got.values()) <= 2
        assert reading.lag == 0
        assert not reading.walking


async def test_what_is_not_kept_any_more_is_walked_through_again(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people("1", "2")
        notebook = Notebook()
        reading = followed(stage, notebook)
        await to_the_end(reading)
        for _ in range(4):
            await stage.write("1", "2")
        while await stage.embedded.inbox.trim(1 << 60, 1000) >= 1000:
            pass
        assert (await stage.embedded.inbox.bounds(stream_of(0))).floor > 0
        await to_the_end(reading)
        assert set(notebook.got) == {(PAIR, n) for n in range(1, 5)}
        assert notebook.begun == 2
        # Of another epoch, as after a restore: what was read may never have been.
        assert notebook.at is not None
        notebook.at = msgspec.structs.replace(notebook.at, epoch=notebook.at.epoch - 1)
        await to_the_end(reading)
        assert notebook.begun == 3
        await reading.rebuild()
        await to_the_end(reading)
        assert set(notebook.got) == {(PAIR, n) for n in range(1, 5)}
