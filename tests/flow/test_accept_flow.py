"""What accept lets on to the log, and what it answers by itself."""

import asyncio
from pathlib import Path

import pytest
from tests.support.backstage import backstage

from chinwag.domain.body import Text
from chinwag.domain.command import Leave, Remove, Send
from chinwag.domain.conversation import GroupSettings
from chinwag.domain.ids import AccountId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow import accept

ANNA, BERTA = "1", "2"


async def test_a_retry_of_what_was_placed_is_answered_also_after_one_is_out(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people(ANNA, BERTA, "3")
        tea = await stage.group(ANNA, "Tea", GroupSettings(), BERTA, "3")
        sent = await stage.do(BERTA, tea, Send(Text("hello")), "m1")
        left = await stage.do(BERTA, tea, Leave(), "gone")
        await stage.do(ANNA, tea, Remove(AccountId("3")))
        await stage.states.load([tea])  # or else the cache would let her on as a member
        again = await stage.do(BERTA, tea, Send(Text("hello")), "m1")
        left_again = await stage.do(BERTA, tea, Leave(), "gone")
        assert [again.number, left_again.number] == [sent.number, left.number]
        with pytest.raises(Refused) as refused:
            await stage.do(BERTA, tea, Send(Text("hello")), "m2")
        assert refused.value.code is Code.NOT_MEMBER


class _Away:
    """A directory that never answers."""

    async def open_direct(self, *_: object) -> None:
        await asyncio.get_running_loop().create_future()


async def test_a_look_up_that_never_ends_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people(ANNA, BERTA)
        monkeypatch.setattr(stage.accept, "_permits", _Away())
        monkeypatch.setattr(accept, "ANSWER_SECONDS", 0.05)
        waiting = [asyncio.create_task(stage.write(ANNA, BERTA)) for _ in range(3)]
        async with asyncio.timeout(60):
            assert await asyncio.gather(*waiting) == [Code.UNAVAILABLE] * 3
        assert stage.accept.waiting == 0
