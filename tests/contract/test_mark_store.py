"""The contract of the `MarkStore` port, over every adapter."""

import asyncio
import random

import pytest
from tests.contract.harness import ANN, BEN, CYD, PAIR, Stores, entries

from chinwag.domain.ids import AccountId, ConversationId, group_id
from chinwag.domain.marks import Mark, Marks, as_shown, merge
from chinwag.domain.refusal import Refused
from chinwag.ports.inbox import Posting
from chinwag.ports.mark_store import Advance, ReadStep, Seen


def read(number: int, at: int = 0) -> Marks:
    mark = Mark(number, number, at or number)
    return Marks(mark, mark)


def delivered(number: int) -> Marks:
    return Marks(delivered=Mark(number, number, number))


async def advance(stores: Stores, account: AccountId, marks: Marks, *, stepped: bool = False) -> None:
    await stores.marks.advance([Advance(PAIR, account, marks, stepped)], [])


async def test_marks_are_there_when_advance_returns_and_after_a_restart(stores: Stores) -> None:
    await stores.marks.advance([Advance(PAIR, ANN, read(5), stepped=True)], [Posting(BEN, b"read")])
    for _ in range(2):
        assert await stores.marks.marks([(PAIR, BEN), (PAIR, ANN)]) == [Marks(), read(5)]
        assert await entries(stores, BEN) == ["read"]
        assert await stores.marks.readers(PAIR, 5, 10) == [ReadStep(ANN, 5)]
        await stores.stop()
        await stores.start()
    assert await stores.marks.marks([]) == []


async def test_marks_only_move_forward(stores: Stores) -> None:
    await advance(stores, ANN, read(5))
    await advance(stores, ANN, read(3))
    await advance(stores, ANN, delivered(4))
    assert await stores.marks.marks([(PAIR, ANN)]) == [read(5)]
    await advance(stores, ANN, delivered(8))
    assert await stores.marks.marks([(PAIR, ANN)]) == [Marks(read(5).read, delivered(8).delivered)]


@pytest.mark.parametrize("seed", range(5))
async def test_the_order_and_number_of_advances_do_not_matter(stores: Stores, seed: int) -> None:
    chance = random.Random(seed)
    accounts = [ANN, BEN, CYD]
    advances = [
        Advance(PAIR, chance.choice(accounts), chance.choice([read, delivered])(chance.randint(1, 50)), stepped=False)
        for _ in range(60)
    ]
    expected = dict.fromkeys(accounts, Marks())
    for one in advances:
        expected[one.account] = merge(expected[one.account], one.marks)
    shuffled = advances * 2
    chance.shuffle(shuffled)
    calls = []
    while shuffled:
        size = chance.randint(1, 10)
        calls.append(stores.marks.advance(shuffled[:size], []))
        shuffled = shuffled[size:]
    await asyncio.gather(*calls)
    assert await stores.marks.marks([(PAIR, account) for account in accounts]) == list(expected.values())


async def test_marks_hold_through_failures(stores: Stores) -> None:
    await advance(stores, ANN, read(5))
    stores.fault.fail = "before"
    with pytest.raises(Refused, match="unavailable"):
        await stores.marks.advance([Advance(PAIR, ANN, read(9), stepped=False)], [Posting(BEN, b"nine")])
    stores.fault.fail = ""
    assert await stores.marks.marks([(PAIR, ANN)]) == [read(5)]
    # Done again, it is done, and the notice with it.
    await stores.marks.advance([Advance(PAIR, ANN, read(9), stepped=False)], [Posting(BEN, b"nine")])
    assert await stores.marks.marks([(PAIR, ANN)]) == [read(9)]
    assert await entries(stores, BEN) == ["nine"]


async def test_what_another_process_has_overtaken_tells_nobody(stores: Stores) -> None:
    def telling(marks: Marks, text: str) -> Advance:
        return Advance(PAIR, ANN, marks, stepped=True, told=[Posting(BEN, text.encode())])

    await stores.marks.advance([telling(read(9), "read 9")])
    await stores.marks.advance([telling(read(5), "read 5"), telling(delivered(7), "delivered 7")])
    await stores.marks.advance([telling(delivered(12), "delivered 12")], [Posting(BEN, b"in any case")])
    await stores.marks.advance([telling(delivered(11), "delivered 11"), telling(read(10), "read 10")])
    assert await stores.marks.marks([(PAIR, ANN)]) == [Marks(read(10).read, delivered(12).delivered)]
    # What is told in any case comes before or after: nothing is said of that.
    told = await entries(stores, BEN)
    assert sorted(told) == ["delivered 12", "in any case", "read 10", "read 9"]
    assert [text for text in told if text != "in any case"] == ["read 9", "delivered 12", "read 10"]


async def test_what_still_holds_is_told_and_moves_nothing(stores: Stores) -> None:
    def telling(marks: Marks, text: str) -> Advance:
        return Advance(PAIR, ANN, marks, stepped=True, told=[Posting(BEN, text.encode())], still=True)

    await stores.marks.advance([telling(read(9), "not there yet")])
    assert await stores.marks.marks([(PAIR, ANN)]) == [Marks()]
    await advance(stores, ANN, read(9))
    await stores.marks.advance([telling(read(5), "over"), telling(read(9), "read 9")])
    await advance(stores, ANN, read(12))
    await stores.marks.advance([telling(read(9), "over as well")])
    assert await stores.marks.marks([(PAIR, ANN)]) == [read(12)]
    assert await entries(stores, BEN) == ["read 9"]


async def test_a_repeated_advance_returns_only_when_the_first_is_durable(stores: Stores) -> None:
    stores.fault.hold()
    first = asyncio.create_task(advance(stores, ANN, read(5)))
    await asyncio.sleep(0)
    second = asyncio.create_task(advance(stores, ANN, read(5)))
    await asyncio.sleep(0)
    stores.fault.go()
    await second
    assert await stores.marks.marks([(PAIR, ANN)]) == [read(5)]
    await first


async def test_of_conversation_lists_its_accounts(stores: Stores) -> None:
    accounts = [AccountId(f"a{n}") for n in range(20)]
    await stores.marks.advance([Advance(PAIR, one, read(n), False) for n, one in enumerate(accounts, 1)], [])
    await stores.marks.advance([Advance(ConversationId(PAIR + "0"), CYD, read(1), False)], [])
    found = await stores.marks.of_conversation(PAIR, 100)
    assert found == {account: read(n) for n, account in enumerate(accounts, 1)}
    assert len(await stores.marks.of_conversation(PAIR, 7)) == 7
    assert await stores.marks.of_conversation(group_id("none"), 7) == {}


async def test_readers_of_an_event_and_when(stores: Stores) -> None:
    await advance(stores, ANN, read(3, at=100), stepped=True)
    await advance(stores, ANN, read(300, at=200), stepped=True)
    await advance(stores, BEN, read(4, at=150), stepped=False)

    async def readers(number: int) -> dict[AccountId, int]:
        return {step.account: step.at for step in await stores.marks.readers(PAIR, number, 10)}

    assert await readers(1) == {ANN: 100, BEN: 0}
    assert await readers(3) == {ANN: 100, BEN: 0}
    assert await readers(4) == {ANN: 200, BEN: 0}
    assert await readers(5) == {ANN: 200}
    assert await readers(301) == {}
    assert len(await stores.marks.readers(PAIR, 1, 1)) == 1
    assert await stores.marks.readers(group_id("none"), 1, 10) == []


async def test_having_is_not_reading(stores: Stores) -> None:
    await advance(stores, ANN, delivered(9), stepped=True)
    assert await stores.marks.readers(PAIR, 1, 10) == []


async def test_the_later_transition_of_presence_holds(stores: Stores) -> None:
    await stores.marks.save_seen([])
    await stores.marks.save_seen([Seen(ANN, True, 10), Seen(BEN, True, 5), Seen(BEN, False, 8), Seen(BEN, True, 7)])
    await stores.marks.save_seen([Seen(ANN, False, 9)])
    for _ in range(2):
        assert await stores.marks.seen([BEN, CYD, ANN]) == [Seen(BEN, False, 8), None, Seen(ANN, True, 10)]
        await stores.stop()
        await stores.start()
    await stores.marks.save_seen([Seen(ANN, False, 11)])
    assert await stores.marks.seen([ANN]) == [Seen(ANN, False, 11)]


async def test_all_transitions_are_read_in_pages(stores: Stores) -> None:
    assert await stores.marks.seen_after(None, 10) == []
    rows = {Seen(AccountId(name), name < "3", 10) for name in ("1", "2", "3", "11", "111")}
    await stores.marks.save_seen(list(rows))
    for limit in (1, 2, 5, 10):
        found: list[Seen] = []
        while page := await stores.marks.seen_after(found[-1].account if found else None, limit):
            assert len(page) <= limit
            found += page
        assert len(found) == len(rows)
        assert set(found) == rows


async def test_withheld_marks_are_their_owner_s_until_the_next_that_is_not(stores: Stores) -> None:
    async def move(marks: Marks, *, withheld: bool) -> Marks:
        await stores.marks.advance([Advance(PAIR, ANN, marks, stepped=False, withheld=withheld)], [])
        return (await stores.marks.marks([(PAIR, ANN)]))[0]

    open_ = await move(read(2), withheld=False)
    assert as_shown(open_) == open_
    for number in (3, 5):
        held = await move(read(number), withheld=True)
        assert held.read.number == number
        assert as_shown(held) == open_
    again = await move(read(4), withheld=False)
    assert (again.read.number, as_shown(again)) == (5, open_), "what moves nothing shows nothing"
    last = await move(read(6), withheld=False)
    assert as_shown(last) == last == Marks(last.read, last.delivered)
    await move(read(9), withheld=True)
    came = await move(delivered(10), withheld=False)
    assert as_shown(came) == Marks(last.read, delivered(10).delivered), "what came says nothing of what was read"
    assert came.read.number == 9
    seen = await move(read(11), withheld=False)
    assert as_shown(seen) == seen == read(11)
    first = Marks(Mark(9, 9, 9))
    await stores.marks.advance([Advance(PAIR, BEN, first, stepped=False, withheld=True)], [])
    assert as_shown((await stores.marks.marks([(PAIR, BEN)]))[0]) == Marks()


async def test_what_is_read_is_withheld_and_what_came_is_shown(stores: Stores) -> None:
    async def move(marks: Marks, told: bytes = b"") -> tuple[Marks, Marks]:
        postings = [Posting(BEN, told)] if told else []
        await stores.marks.advance([Advance(PAIR, ANN, marks, False, read_withheld=True, told=postings)])
        held = (await stores.marks.marks([(PAIR, ANN)]))[0]
        return held, as_shown(held)

    await advance(stores, ANN, read(2))
    held, shown = await move(Marks(read(5).read))
    assert (held.read, held.delivered) == (read(5).read, read(5).read)
    assert shown == read(2), "reading implies having, and that is not shown either"
    held, shown = await move(delivered(4), b"came")
    assert (held.delivered.number, shown) == (5, Marks(read(2).read, delivered(4).delivered))
    assert await entries(stores, BEN) == ["came"], "told, though reading implied it before"
    assert await move(delivered(3), b"late") == (held, shown)
    assert await move(Marks(read(4).read), b"late") == (held, shown)
    assert await entries(stores, BEN) == ["came"], "nothing moved"
    await advance(stores, ANN, delivered(7))
    held, shown = await move(Marks(read(6).read))
    assert (held.read.number, held.delivered.number) == (6, 7)
    assert shown == Marks(read(2).read, delivered(7).delivered)
    await advance(stores, ANN, read(8))
    assert await move(delivered(8)) == (read(8), read(8))
