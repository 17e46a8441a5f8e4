"""What an account keeps to itself: nobody is told of it, and it is told of nobody else's."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.support.backstage import DEVICE, Backstage, backstage

from chinwag.domain.account import AccountSettings
from chinwag.domain.conversation import GroupSettings
from chinwag.domain.ids import AccountId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow import sharing
from chinwag.flow.presence_audience import Audience, nobody
from chinwag.flow.sharing import Sharing
from chinwag.flow.typing import tell_typing
from chinwag.ports.bus import PEOPLE, Tell

ANNA, BERTA, CARL = "1", "2", "3"
ALL = {AccountId(one) for one in (ANNA, BERTA, CARL)}


async def _settings(stage: Backstage, account: str, settings: AccountSettings) -> None:
    async with stage.directory.transaction() as transaction:
        await transaction.accounts.set_settings(AccountId(account), settings)


class Hearing:
    """A bus that keeps who is told."""

    def __init__(self) -> None:
        self.told: list[set[AccountId]] = []

    def publish(self, subject: str, publication: Tell) -> None:
        assert subject == PEOPLE
        self.told.append(set(publication.to))


async def test_who_keeps_its_typing_is_neither_told_nor_told_of(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people(ANNA, BERTA, CARL)
        tea = await stage.group(ANNA, "Tea", GroupSettings(), BERTA, CARL)
        await _settings(stage, BERTA, AccountSettings(share_typing=False))
        heard = Hearing()
        for one in (ANNA, BERTA):
            keeping = Sharing(stage.directory).keeping
            await tell_typing(stage.states, heard, AccountId(one), DEVICE, tea, keeping)  # type: ignore[arg-type]
        assert heard.told == [{AccountId(ANNA), AccountId(CARL)}, {AccountId(BERTA)}]


async def test_who_keeps_its_presence_is_neither_shown_nor_shown_any(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people(ANNA, BERTA, CARL)
        await stage.group(ANNA, "Tea", GroupSettings(), BERTA, CARL)
        await _settings(stage, BERTA, AccountSettings(share_last_seen=False))
        audience = Audience(stage.embedded.message_store, nobody, keeping=Sharing(stage.directory).keeping)
        anna, berta, carl = map(AccountId, (ANNA, BERTA, CARL))
        assert await audience.of(anna) == {anna, carl}
        assert await audience.of(berta) == {berta}
        assert await audience.may_ask(anna, [*ALL]) == {anna, carl}
        assert await audience.may_ask(berta, [*ALL]) == {berta}


class Away:
    """A directory that answers until it is away."""

    def __init__(self, directory: Any) -> None:
        self._directory = directory
        self.away = False

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Any]:
        if self.away:
            raise Refused(Code.UNAVAILABLE)
        async with self._directory.reading() as reading:
            yield reading


async def test_while_the_directory_is_away_what_is_known_counts_and_who_is_not_known_shares_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "SECONDS", 0.0)
    async with backstage(tmp_path / "data") as stage:
        await stage.people(ANNA, BERTA)
        directory = Away(stage.directory)
        asked = Sharing(directory)  # type: ignore[arg-type]
        anna, berta = AccountId(ANNA), AccountId(BERTA)
        assert await asked.keeping("share_typing", [anna]) == set()
        await _settings(stage, ANNA, AccountSettings(share_typing=False))
        assert await asked.keeping("share_typing", [anna]) == {anna}
        await _settings(stage, ANNA, AccountSettings())
        assert await asked.keeping("share_typing", [anna]) == set()
        directory.away = True
        assert await asked.keeping("share_typing", [anna, berta]) == {berta}
