"""A message on which very many have put something: who has is told page by page, and nobody else waits for that."""

import asyncio
from pathlib import Path

import msgspec
import pytest
from tests.flow.test_wide_readers import OWNER, PLAIN, wide
from tests.support.backstage import Backstage

from chinwag.domain.body import Text
from chinwag.domain.command import Leave, Send
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.reactions import Reacted, Step
from chinwag.domain.refusal import Code, Refused
from chinwag.flow import reactors as reactors_module
from chinwag.flow.history import History
from chinwag.flow.reactors import PIECE, Reactors, Rows
from chinwag.ports.message_store import Commit

MANY = 3 * PIECE + 7
SMILE, HEART = "\U0001f600", "\u2764"


def _kind(turn: int) -> str:
    return HEART if turn % 3 else SMILE


async def _reacted(stage: Backstage, group: ConversationId, number: int) -> list[str]:
    """So many have put something on it, in an order that is none of their names; who, in that order."""
    state = await stage.state(group)
    turns = [(one * 7919) % MANY + 1 for one in range(MANY)]
    rows = [
        (number, AccountId(str(1_000_000 + one)), Reacted((Step(state.head + 1, _kind(turn), True, turn),)))
        for one, turn in enumerate(turns)
    ]
    after = msgspec.structs.replace(state, reacted=MANY)
    await stage.embedded.message_store.commit([Commit(after, [], [], [], [], reactions=rows)])
    await stage.states.load([group])
    return [who for _, who, _ in sorted(rows, key=lambda one: one[2].steps[0].turn)]


def _history(stage: Backstage) -> History:
    return History(stage.embedded.message_store, stage.embedded.mark_store, stage.states)


async def test_who_has_reacted_is_listed_in_order_page_by_page(tmp_path: Path) -> None:
    async with wide(tmp_path / "data", members=8) as (stage, tea):
        number = (await stage.do(OWNER, tea, Send(Text("look")))).number
        everybody = await _reacted(stage, tea, number)
        found: list[str] = []
        after = turn = 0
        while True:
            page = await _history(stage).reactions(AccountId(PLAIN), tea, number, after, 1_000, turn)
            found += [one.account for one in page.reactions]
            if page.next is None:
                break
            after, turn = page.next, page.next_turn or 0
        assert found == everybody
        # who has left reads what was put on until then: without counts, from the rows of all
        await stage.do(PLAIN, tea, Leave())
        shown = await _history(stage).page_around(AccountId(PLAIN), tea, number, 3)
        (message,) = [one for one in map(msgspec.json.decode, shown.events) if one.get("number") == number]
        counted = [(one["reaction"], one["count"], one["by"]) for one in message["reactions"]]
        kinds = [_kind(turn) for turn in range(1, MANY + 1)]
        assert counted == [
            (kind, kinds.count(kind), [who for who, its in zip(everybody, kinds, strict=True) if its == kind][:10])
            for kind in (HEART, SMILE)
        ]


async def test_others_have_their_turn_after_each_piece_and_one_asker_at_a_time_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reactors_module, "WAITING", 2)
    async with wide(tmp_path / "data", members=8) as (stage, tea):
        number = (await stage.do(OWNER, tea, Send(Text("look")))).number
        await _reacted(stage, tea, number)
        rests: list[float] = []
        rested, go_on = asyncio.Event(), asyncio.Event()

        async def sleep(seconds: float) -> None:
            rests.append(seconds)
            rested.set()
            await go_on.wait()

        reactors = Reactors(stage.embedded.message_store, sleep)
        sizes: list[int] = []

        def take(rows: Rows) -> None:
            sizes.append(len(rows))

        asking = [asyncio.create_task(reactors.all(tea, number, take)) for _ in range(3)]
        with pytest.raises(Refused) as refused:
            await asking[2]
        assert refused.value.code is Code.OVERLOADED
        await rested.wait()
        assert sizes == [PIECE] * 4, "the first piece of each, and the second of one"
        go_on.set()
        await asyncio.gather(*asking[:2])
        assert sum(sizes) == 2 * MANY + PIECE
        assert all(rest > 0 for rest in rests)
        assert len(rests) == 2 * 3
