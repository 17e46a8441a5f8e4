"""The contract of the SearchIndex. What it leaves out of what it was given nobody can put back; what it tells too much
is held against the message itself, as whoever asks it does."""

import asyncio
import random
from collections.abc import Sequence

import pytest
from tests.contract.directories import eventually
from tests.support.naive_search import Said, found, plain
from tests.support.tongues import Tongues

from chinwag.adapters.embedded import search_index
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.message_query import phrases_of, ranges_of
from chinwag.domain.refusal import Refused
from chinwag.domain.terms import terms, tokens
from chinwag.ports.search_index import Findable, Gone, Place, SearchIndex, Wanted

ANN, BEN, CYD = AccountId("1"), AccountId("2"), AccountId("3~x")
HALL, YARD, PAIR = ConversationId("g~77"), ConversationId("g~7"), ConversationId("d~1~2")
EVERYWHERE = (HALL, YARD, PAIR)


def said(number: int, text: str, conversation: str = HALL, sender: AccountId = ANN, at: int | None = None) -> Findable:
    return Findable(
        Place(1_700_000_000_000 + number if at is None else at, ConversationId(conversation), number),
        sender,
        terms(text),
    )


async def put(index: SearchIndex, *rows: Findable | Gone) -> None:
    now = await index.progress()
    assert await index.write(rows, now, now)


async def numbers(index: SearchIndex, query: str = "", limit: int = 100, **wanted: object) -> list[int]:
    phrases = phrases_of(query) if query else ()
    asked = Wanted(**{"conversations": EVERYWHERE, "phrases": phrases, **wanted})  # type: ignore[arg-type]
    return [place.number for place in await index.find(asked, limit)]


async def test_a_new_index_is_empty(index: SearchIndex) -> None:
    assert await index.progress() == b""
    assert await index.rows() == 0
    assert await numbers(index, "word") == []
    assert await numbers(index) == []


async def test_words_phrases_and_beginnings_are_found(index: SearchIndex) -> None:
    await put(
        index,
        said(1, "The quick brown fox"),
        said(2, "the brown quick"),
        said(3, "Café 今天天气很好"),
        said(4, "天 气 👍🏽"),
    )
    assert await numbers(index, "quick") == [2, 1]
    assert await numbers(index, '"quick brown"') == [1]
    assert await numbers(index, "qui") == [2, 1]
    assert await numbers(index, '"qui"') == []
    assert await numbers(index, "brown the") == [2, 1]
    assert await numbers(index, "cafe") == [3]
    assert await numbers(index, "天气") == [3]
    assert await numbers(index, "天气很") == [3]
    assert await numbers(index, "气") == [4, 3]
    assert await numbers(index, "👍") == [4]
    assert await numbers(index, "thequick") == []


async def test_every_filter_holds(index: SearchIndex) -> None:
    await put(
        index,
        said(1, "word"),
        said(2, "word", YARD),
        said(3, "word", PAIR, BEN),
        msgspec_replace(said(4, "word", HALL, CYD), mentioned=(BEN,), has=("link",)),
        msgspec_replace(said(5, "other", HALL, CYD), mentioned=("*",), has=("link", "media")),
    )
    assert await numbers(index) == [5, 4, 3, 2, 1]
    assert await numbers(index, "word", conversations=(HALL,)) == [4, 1]
    assert await numbers(index, "word", conversations=()) == []
    assert await numbers(index, "word", conversations=(ConversationId("g~9"),)) == []
    assert await numbers(index, "word", sender=BEN) == [3]
    assert await numbers(index, sender=CYD) == [5, 4]
    assert await numbers(index, mentioned=BEN) == [5, 4]
    assert await numbers(index, mentioned=ANN) == [5]
    assert await numbers(index, has=("link",)) == [5, 4]
    assert await numbers(index, has=("link", "media")) == [5]
    assert await numbers(index, since=1_700_000_000_003) == [5, 4, 3]
    assert await numbers(index, until=1_700_000_000_003) == [2, 1]
    assert await numbers(index, since=1_700_000_000_002, until=1_700_000_000_003) == [2]
    assert await numbers(index, "word", since=0, until=1 << 53) == [4, 3, 2, 1]


async def test_no_word_poses_as_something_else(index: SearchIndex) -> None:
    await put(index, said(1, "g 77 c77 cg77 f1 flink hlink m1 tword * 7", YARD, BEN), said(2, "word"))
    assert await numbers(index, sender=ANN) == [2]
    assert await numbers(index, has=("link",)) == []
    assert await numbers(index, mentioned=ANN) == []
    assert await numbers(index, "link") == []
    assert await numbers(index, conversations=(HALL,)) == [2]
    assert await numbers(index, "word") == [2]


@pytest.mark.parametrize(
    "query",
    ["NEAR(word)", "word*", '"word', "word OR x", "word AND", "NOT word", "^word", "line:word", "{line} : word",
     "word'", "word & !x", "word <-> x", "word:*", "\\word", "word\0", "word;--", "(word", "'word' | 'x'"],
)  # fmt: skip
async def test_no_query_is_syntax(index: SearchIndex, query: str) -> None:
    await put(index, said(1, "word"), said(2, "near(word) line:word x or and not a word"))
    assert set(await numbers(index, query)) <= {1, 2}
    assert 2 in await numbers(index, query)


async def test_the_newest_come_first_and_pages_join(index: SearchIndex) -> None:
    rows = [said(number, "word", EVERYWHERE[number % 3], at=1_000 + number // 4) for number in range(1, 40)]
    shuffled = rows[:]
    random.Random(3).shuffle(shuffled)
    await put(index, *shuffled)
    wanted = sorted((row.place for row in rows), reverse=True)
    for limit in (1, 2, 7, 100):
        there: list[Place] = []
        while True:
            before = there[-1] if there else None
            asked = Wanted(conversations=EVERYWHERE, phrases=phrases_of("word"), before=before)
            page = await index.find(asked, limit)
            there += page
            if len(page) < limit:
                break
        assert there == wanted


async def test_a_row_takes_the_place_of_what_was_known(index: SearchIndex) -> None:
    await put(index, said(1, "first words"), said(2, "first"))
    await put(index, said(1, "second words"))
    assert await numbers(index, "first") == [2]
    assert await numbers(index, "words") == [1]
    await put(index, Gone(HALL, 1), Gone(YARD, 2), Gone(HALL, 9))
    assert await numbers(index, "words") == []
    assert await numbers(index, "first") == [2]
    assert await index.rows() == 1
    # Of several in one call the last one counts.
    await put(index, said(3, "third"), Gone(HALL, 3), Gone(HALL, 4), said(4, "fourth"), said(2, "x"), said(2, "y"))
    assert await numbers(index) == [4, 2]
    assert await numbers(index, "y") == [2]
    # A message may get another time: an index that is made again after a restore.
    await put(index, said(2, "y", at=5))
    assert [place.sent_at for place in await index.find(Wanted(conversations=[HALL], phrases=phrases_of("y")), 9)] == [
        5
    ]


async def test_progress_moves_with_the_rows_or_not_at_all(index: SearchIndex) -> None:
    assert await index.write([said(1, "word")], b"one", b"")
    assert await index.progress() == b"one"
    assert not await index.write([said(2, "word")], b"two", b"")
    assert await index.progress() == b"one"
    assert await numbers(index, "word") == [1]
    assert await index.write([], b"two", b"one")
    assert await index.progress() == b"two"


async def test_clear_forgets_all(index: SearchIndex) -> None:
    assert await index.write([said(1, "word"), said(2, "word", YARD)], b"one", b"")
    await index.clear(b"anew")
    assert await index.progress() == b"anew"
    assert await index.rows() == 0
    assert await numbers(index, "word") == []
    assert await index.write([said(3, "word")], b"on", b"anew")
    assert await numbers(index, "word") == [3]


async def test_long_texts_are_found_to_their_end(index: SearchIndex) -> None:
    han = "".join(random.Random(1).choices([chr(code) for code in range(0x4E00, 0x9FFF)], k=99_999))
    same = "word " * 19_000 + "the very end"
    marks = ("a" + "\u0301\u0316" * 500) * 99
    await put(index, said(1, han), said(2, same), said(3, marks), said(4, "\ufdfa" * 99_999))
    assert await numbers(index, han[-5:]) == [1]
    assert await numbers(index, han[50_000:50_020]) == [1]
    assert await numbers(index, '"very end"') == [2]
    assert await numbers(index, "word the") == [2]
    assert await numbers(index, "aaa") == [3]
    assert (await numbers(index, sender=ANN)) == [4, 3, 2, 1]


async def test_names_of_any_letters_are_names(index: SearchIndex) -> None:
    odd = [ConversationId(name) for name in ("g~A", "g~a", "g~'", 'g~"', "g~\\", "g~ b", "g~é", "g~天气", "g~\0")]
    await put(index, *(said(number, "word", name) for number, name in enumerate(odd, 1)))
    for number, name in enumerate(odd, 1):
        assert await numbers(index, "word", conversations=[name]) == [number]
    assert len(await numbers(index, "word", conversations=odd)) == len(odd)


async def test_many_conversations_are_searched_together(index: SearchIndex) -> None:
    mine = [ConversationId(f"g~{number}") for number in range(2_000)]
    others = [said(number, "common", f"g~{number}") for number in range(2_000, 2_500)]
    await put(index, *others, *(said(number, "common", f"g~{number}") for number in range(0, 2_000, 100)))
    assert await numbers(index, "common", conversations=mine) == list(range(1_900, -1, -100))
    assert await numbers(index, conversations=mine) == list(range(1_900, -1, -100))
    more = [*mine, *(ConversationId(f"h~{number}") for number in range(3_000))]
    assert await numbers(index, "common", limit=3, conversations=more) == [1_900, 1_800, 1_700]
    assert await numbers(index, limit=3, conversations=more) == [1_900, 1_800, 1_700]


async def test_a_search_that_is_given_up_lets_others_go_on(index: SearchIndex) -> None:
    await put(index, *(said(number, f"word w{number}") for number in range(500)))
    for _ in range(20):
        searching = asyncio.create_task(index.find(Wanted(conversations=[HALL], phrases=phrases_of("w")), 500))
        await asyncio.sleep(0)
        searching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await searching
    assert await numbers(index, "word", limit=3) == [499, 498, 497]


async def test_scrubbing_changes_nothing_that_is_found(index: SearchIndex) -> None:
    await put(index, *(said(number, f"word w{number}") for number in range(300)))
    await put(index, *(Gone(HALL, number) for number in range(0, 300, 2)))
    before = await index.progress()
    for _ in range(2):
        await eventually(index.scrub)
        assert await numbers(index, "word", limit=1_000) == list(range(299, 0, -2))
        assert await numbers(index, "w4") == [49, 47, 45, 43, 41]
        assert await index.progress() == before


async def test_a_closed_index_answers_no_more(index: SearchIndex) -> None:
    await index.close()
    with pytest.raises(Refused):
        await index.progress()
    with pytest.raises(Refused):
        await index.find(Wanted(conversations=[HALL]), 1)
    await index.close()


@pytest.mark.parametrize("seed", range(4))
async def test_both_indexes_and_a_naive_search_agree(
    indexes: Sequence[SearchIndex], seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if seed % 2:  # three conversations count as many, and are named only after a few lines
        monkeypatch.setattr(search_index, "FEW", 2)
        monkeypatch.setattr(search_index, "TRIED", 7)
    chance, tongues = random.Random(seed), Tongues(seed)
    messages = [_message(chance, tongues, number) for number in range(1, 250)]
    texts = [one.text for one in messages]
    by_place = {one.place: one for one in messages}
    for index in indexes:
        await put(index, *map(_row, messages))
    changed = {number: tongues.text() for number in chance.sample(range(1, 250), 40)}
    messages = [one if one.place.number not in changed else _with(one, changed[one.place.number]) for one in messages]
    messages = [one for one in messages if one.place.number % 17]
    by_place = {one.place: one for one in messages}
    for index in indexes:
        rows = [_row(one) for one in messages if one.place.number in changed]
        await put(index, *rows, *(Gone(place_of(number), number) for number in range(17, 250, 17)))
    matched = 0
    for _ in range(120):
        question = tongues.question(texts) if chance.random() < 0.85 else ""
        if question and not plain(question):
            continue
        asked = _filters(chance, messages)
        right = found(messages, question, **asked)  # type: ignore[arg-type]
        phrases = phrases_of(question) if question else ()
        wanted = Wanted(phrases=phrases, **{**asked, "conversations": asked["conversations"] or EVERYWHERE})  # type: ignore[arg-type]
        for index in indexes:
            proposed = await index.find(wanted, 1_000)
            assert proposed[:5] == await index.find(wanted, 5)
            assert proposed == sorted(set(proposed), reverse=True)
            hits = [place for place in proposed if ranges_of(tokens(by_place[place].text), phrases) is not None]
            assert hits == right, (question, asked)
        matched += len(right)
    assert matched > 100


def place_of(number: int) -> ConversationId:
    return EVERYWHERE[number % 3]


def msgspec_replace(row: Findable, **changes: object) -> Findable:
    return Findable(**{**{name: getattr(row, name) for name in row.__struct_fields__}, **changes})


def _message(chance: random.Random, tongues: Tongues, number: int) -> Said:
    return Said(
        Place(1_000 + chance.randint(0, 60), place_of(number), number),
        chance.choice([ANN, BEN, CYD]),
        tongues.text(),
        tuple(chance.sample([ANN, BEN, CYD, "*"], chance.choice([0, 0, 0, 1, 2]))),
        tuple(chance.sample(["media", "link"], chance.choice([0, 0, 1, 2]))),
    )


def _with(one: Said, text: str) -> Said:
    return Said(one.place, one.sender, text, one.mentioned, one.has)


def _row(one: Said) -> Findable:
    return Findable(one.place, AccountId(one.sender), terms(one.text), one.mentioned, one.has)  # type: ignore[arg-type]


def _filters(chance: random.Random, messages: Sequence[Said]) -> dict[str, object]:
    some: dict[str, object] = {
        "conversations": chance.choice([None, None, (HALL,), (YARD, PAIR)]),
        "sender": chance.choice([None, None, None, ANN, BEN]),
        "mentioned": chance.choice([None, None, None, ANN, CYD]),
        "has": chance.choice([(), (), (), ("link",), ("media", "link")]),
        "since": chance.choice([None, None, 1_000, 1_030]),
        "until": chance.choice([None, None, 1_030, 1_061]),
    }
    if chance.random() < 0.2:
        some["before"] = chance.choice(messages).place
    return some
