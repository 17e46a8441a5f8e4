"""What one account may have others told of: neither a request that is asked and taken back, nor a profile that changes
all the time, fills the inboxes of others at the pace of requests."""

from pathlib import Path

import msgspec
from tests.support.backstage import Backstage, backstage

from chinwag.domain.account import FRIENDS_MAX
from chinwag.domain.ids import AccountId
from chinwag.domain.rate import Rate
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.collaborators import TELLING
from chinwag.flow.accounts.block import block
from chinwag.flow.accounts.friends import befriend, unfriend
from chinwag.flow.accounts.profile import change_profile
from chinwag.flow.budget import Budget

ANN, BEN, CEM, DAN = AccountId("1"), AccountId("2"), AccountId("3"), AccountId("4")
PACE = Rate(1.0, 4)


class Now:
    """A clock that stands still until it is moved."""

    at = 0.0

    def __call__(self) -> float:
        return self.at


def paced(stage: Backstage) -> Now:
    """Let accounts of `stage` tell others at `PACE`, by the clock that is returned."""
    now = Now()
    stage.accounts = msgspec.structs.replace(stage.accounts, telling=Budget(PACE, now))
    return now


async def asked_and_taken_back(stage: Backstage, by: AccountId, other: AccountId) -> Code | None:
    try:
        await befriend(stage.accounts, by, other)
    except Refused as refused:
        return refused.code
    await unfriend(stage.accounts, by, other)
    return None


async def renamed(stage: Backstage, account: AccountId, words: str) -> Code | None:
    try:
        await change_profile(stage.accounts, account, about=words)
    except Refused as refused:
        return refused.code
    return None


async def waiting(stage: Backstage) -> int:
    """What the outbox holds."""
    async with stage.directory.reading() as directory:
        return len(await directory.outbox.pending(1_000))


async def test_asking_again_and_again_ends(tmp_path: Path) -> None:
    """Whomever one asks, and also where the other never hears of it: that one is blocked must not show in it."""
    async with backstage(tmp_path / "data") as stage:
        await stage.people("1", "2", "3", "4")
        await block(stage.accounts, CEM, ANN)
        now = paced(stage)
        done = [await asked_and_taken_back(stage, ANN, other) for other in (BEN, CEM, BEN, CEM, BEN, CEM)]
        assert done == [None] * PACE.burst + [Code.RATE_LIMITED] * 2
        full = await waiting(stage)
        assert await asked_and_taken_back(stage, ANN, DAN) is Code.RATE_LIMITED
        assert await waiting(stage) == full
        assert await asked_and_taken_back(stage, BEN, ANN) is None, "each has a budget of its own"
        now.at += 1.0
        assert await asked_and_taken_back(stage, ANN, BEN) is None


async def test_accepting_and_ending_are_never_held_up(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people("1", "2", "3")
        paced(stage)
        while await asked_and_taken_back(stage, ANN, BEN) is None:
            pass
        await befriend(stage.accounts, CEM, ANN)
        await befriend(stage.accounts, ANN, CEM)
        await unfriend(stage.accounts, ANN, CEM)


async def test_a_change_of_a_profile_costs_as_many_as_are_told(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people("1", "2", "3", "4")
        for other in (BEN, CEM):
            await befriend(stage.accounts, ANN, other)
            await befriend(stage.accounts, other, ANN)
        now = paced(stage)
        words = map(str, range(100))
        assert [await renamed(stage, ANN, next(words)) for _ in range(4)] == [None, None, *[Code.RATE_LIMITED] * 2]
        assert await renamed(stage, ANN, "1") is None, "what changes nothing tells nobody"
        now.at += 2.0
        assert await renamed(stage, ANN, next(words)) is None
        assert [await renamed(stage, DAN, next(words)) for _ in range(20)] == [None] * 20, "nobody is told of it"


def test_whoever_has_most_friends_may_still_change() -> None:
    assert TELLING.burst >= FRIENDS_MAX
