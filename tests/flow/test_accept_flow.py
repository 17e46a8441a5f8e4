"""What accept lets on to the log, and what it answers by itself."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.support.backstage import backstage

from chinwag.domain.body import Text
from chinwag.domain.command import Leave, Remove, Send
from chinwag.domain.conversation import Conversation, GroupSettings
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow import accept, ask
from chinwag.flow.states import PASSED_SECONDS

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


class _GivenUp:
    """A directory whose answers are cancelled, not those who ask."""

    async def open_direct(self, *_: object) -> None:
        answer = asyncio.get_running_loop().create_future()
        answer.cancel()
        await answer


async def test_a_look_up_that_was_cancelled_keeps_nobody_waiting_behind_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people(ANNA, BERTA)
        with monkeypatch.context() as patch:
            patch.setattr(stage.accept, "_permits", _GivenUp())
            waiting = [asyncio.create_task(stage.write(ANNA, BERTA)) for _ in range(3)]
            assert await asyncio.gather(*waiting) == [Code.UNAVAILABLE] * 3
        assert stage.accept.waiting == 0
        assert await stage.write(ANNA, BERTA) is None


async def test_who_asks_waits_no_longer_than_an_answer_may_take_in_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people(ANNA, BERTA)
        monkeypatch.setattr(stage.accept, "_permits", _Away())
        monkeypatch.setattr(
            accept, "ANSWER_SECONDS", 3600.0
        )  # a look-up may take as long by itself, and so may the log
        monkeypatch.setattr(ask, "ANSWER_SECONDS", 0.05)
        async with asyncio.timeout(60):
            assert await stage.write(ANNA, BERTA) is Code.UNAVAILABLE


async def test_a_members_send_passes_on_a_state_of_a_minute_ago_and_the_worker_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people(ANNA, BERTA, "3")
        tea = await stage.group(ANNA, "Tea", GroupSettings(), BERTA, "3")
        as_it_was = stage.states.peek(tea) or (await stage.states.load([tea]))[0]
        assert as_it_was is not None
        await stage.do(ANNA, tea, Remove(AccountId(BERTA)))
        loads, load = 0, stage.states.load

        async def counted(conversations: Sequence[ConversationId]) -> list[Conversation | None]:
            nonlocal loads
            loads += 1
            return await load(conversations)

        monkeypatch.setattr(stage.states, "load", counted)

        def seen(seconds: float) -> None:
            stage.states._cached.put(as_it_was, time.monotonic() - seconds)

        seen(PASSED_SECONDS / 2)
        await stage.do("3", tea, Send(Text("still in")), "m1")
        with pytest.raises(Refused) as refused:
            await stage.do(BERTA, tea, Send(Text("not any more")), "m2")
        assert refused.value.code is Code.NOT_MEMBER
        assert loads == 0
        seen(PASSED_SECONDS + 1)
        await stage.do("3", tea, Send(Text("after a look")), "m3")
        assert loads == 1
        seen(PASSED_SECONDS / 2)
        with pytest.raises(Refused) as refused:
            await stage.do("4", tea, Send(Text("a stranger")), "m4")
        assert refused.value.code is Code.NO_CONVERSATION
        assert loads == 2, "nobody is refused by what was cached"
