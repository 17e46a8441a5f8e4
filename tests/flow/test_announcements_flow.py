"""An announcement reaches everybody's inbox, also over crashes."""

from pathlib import Path

import msgspec
import pytest
from tests.support.backstage import Backstage, backstage

from chinwag.domain.account_change import Announced
from chinwag.domain.events import AccountEvent
from chinwag.domain.ids import AccountId
from chinwag.domain.refusal import Refused
from chinwag.flow.accounts.announce import announce, announcements_for, list_announcements
from chinwag.flow.announcements import announce_some
from chinwag.ports.inbox import Inline


async def heard(stage: Backstage, account: str) -> list[str]:
    page = await stage.embedded.inbox.read(AccountId(account), 0, 100)
    events = [msgspec.json.decode(one.event, type=AccountEvent) for one in page.entries if isinstance(one, Inline)]
    return [one.change.id for one in events if isinstance(one.change, Announced)]


async def test_everybody_hears_it_over_crashes_and_who_comes_later_does_not(tmp_path: Path) -> None:
    people = [f"{n}" for n in range(1000, 1450)]
    async with backstage(tmp_path / "data") as stage:
        await stage.people(*people)
        made = await announce(stage.accounts, "tea is ready", key="k")
        assert await announce(stage.accounts, "tea is ready", key="k") == made
        assert await announce_some(stage.directory, stage.embedded.inbox)
        stage.directory.failing = 1
        with pytest.raises(Refused):  # posted, and not noted
            await announce_some(stage.directory, stage.embedded.inbox)
    async with backstage(tmp_path / "data", epoch=2) as stage:
        while await announce_some(stage.directory, stage.embedded.inbox):
            pass
        counts = [len(await heard(stage, one)) for one in people]
        assert set(counts) == {1, 2}
        assert counts.count(2) == 200
        assert {one for who in people for one in await heard(stage, who)} == {made.id}
        [stored] = await list_announcements(stage.accounts, None, 9)
        assert stored.done
        assert [one.id for one in await announcements_for(stage.accounts, AccountId("1000"), None, 9)] == [made.id]


async def test_an_announcement_is_text_of_bounded_length(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        for text in (" ", "x" * 4001, "a\x07"):
            with pytest.raises(Refused):
                await announce(stage.accounts, text)
