"""What a text can be found by, and what a query asks for."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.naive_search import Said, found, plain
from tests.support.tongues import Tongues

from chinwag.domain.ids import ConversationId
from chinwag.domain.message_query import QUERY_CHARACTERS, RANGES, Phrase, phrases_of, ranges_of
from chinwag.domain.refusal import Code, Refused
from chinwag.domain.terms import FOLDED_CHARACTERS, TERM_CHARACTERS, terms, tokens
from chinwag.ports.search_index import Place


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Hello, don't worry!", ["hello", "don", "t", "worry"]),
        ("café CAFE\u0301 naïve", ["cafe", "cafe", "naive"]),
        ("Straße Ёлка Άλφα", ["strasse", "елка", "αλφα"]),
        ("今天天气", ["今天", "天天", "天气", "气"]),
        ("气", ["气"]),
        ("see天气2024年", ["see", "天气", "气", "2024", "年"]),
        ("ｶﾞｷﾞ", ["ガギ", "ギ"]),
        ("\u1112\u1161\u11ab국", ["한국", "국"]),
        ("👍🏽👍 ❤️ 🇩🇪🇪🇸", ["👍", "👍", "❤", "🇩🇪", "🇪🇸"]),
        ("so\u00adft a\u200db 1️⃣", ["soft", "ab", "1"]),
        ("שָׁלוֹם", ["שָׁלוֹם"]),
        ("a@b.example/x_y", ["a", "b", "example", "x", "y"]),
        ("", []),
        (" .,!?\n", []),
        ("\u0301\u0301", []),
    ],
)
def test_a_text_has_these_terms(text: str, wanted: list[str]) -> None:
    assert terms(text) == wanted


def test_a_word_is_kept_up_to_a_length() -> None:
    assert terms("a" * 70 + " b") == ["a" * TERM_CHARACTERS, "b"]
    assert terms("é" * 70 + " b") == ["e" * TERM_CHARACTERS, "b"]


@given(st.text())
def test_terms_stand_where_they_are_said_to(text: str) -> None:
    there = tokens(text)
    assert [token.term for token in there] == terms(text)
    assert all(0 <= token.start < token.end <= len(text) for token in there)
    assert [token.start for token in there] == sorted(token.start for token in there)


@pytest.mark.parametrize("seed", range(20))
def test_each_term_of_many_tongues_is_what_stands_at_its_place(seed: int) -> None:
    tongues = Tongues(seed)
    for text in (tongues.text(12) for _ in range(20)):
        for token in tokens(text):
            # Of a ligature or a fraction the term is a part.
            assert token.term in terms(text[token.start : token.end])


@pytest.mark.parametrize(
    "text",
    [
        "\u0301\u0316" * 49_999,
        ("a" + "\u0301\u0316" * 500) * 99,
        "\ufdfa" * 99_999,
        "\uff9e" * 99_999,
        "\u0f73" * 99_999,
        "\u1161" * 99_999,
        "天" * 99_999,
        "\U00020000" * 99_999,
        "👍" * 99_999,
        "é" * 99_999,
        "x " * 49_999,
        "".join(random.Random(1).choices([chr(code) for code in range(0x20, 0xD800, 7)], k=99_999)),
    ],
    ids=lambda text: f"U+{ord(text[0]):04X}",
)
def test_the_terms_of_any_text_have_a_bound(text: str) -> None:
    there = terms(text)
    assert len(there) <= FOLDED_CHARACTERS
    # With a letter before each, all of them fit where an engine takes a megabyte at most.
    assert sum(len(term.encode()) + 1 for term in set(there)) < 1_000_000
    assert all(0 < len(term) <= TERM_CHARACTERS for term in there)


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("hel", [Phrase(("hel",), prefix=True)]),
        ("h", [Phrase(("h",))]),
        ("hello wor", [Phrase(("hello",)), Phrase(("wor",), prefix=True)]),
        ('"hello wor"', [Phrase(("hello", "wor"))]),
        ('say "hello wor" to', [Phrase(("say",)), Phrase(("hello", "wor")), Phrase(("to",), prefix=True)]),
        ("don't", [Phrase(("don", "t"))]),
        ("a@ex", [Phrase(("a", "ex"), prefix=True)]),
        ("天", [Phrase(("天",), prefix=True)]),
        ("天气", [Phrase(("天气",))]),
        ("今天气", [Phrase(("今天", "天气"))]),
        ('"天气 see"', [Phrase(("天气", "气", "see"))]),
        ("天气 see", [Phrase(("天气",)), Phrase(("see",), prefix=True)]),
        ("👍", [Phrase(("👍",))]),
        ('unclosed "quote', [Phrase(("unclosed",)), Phrase(("quote",), prefix=True)]),
        ("“exact words”", [Phrase(("exact", "words"))]),
        ("NEAR(a, b) OR*", [Phrase(("near", "a")), Phrase(("b",)), Phrase(("or",), prefix=True)]),
        ("twice twice x", [Phrase(("twice",)), Phrase(("x",))]),
    ],
)
def test_a_query_asks_for_these_phrases(query: str, wanted: list[Phrase]) -> None:
    assert list(phrases_of(query)) == wanted


@pytest.mark.parametrize("query", ["", "  ", '""', "*", "( )", "...", '"!" ?', "x" * (QUERY_CHARACTERS + 1), "\u0301"])
def test_a_query_that_asks_for_nothing_or_too_much_is_refused(query: str) -> None:
    with pytest.raises(Refused) as refused:
        phrases_of(query)
    assert refused.value.code == Code.BAD_QUERY


def test_a_query_has_a_bound_of_words() -> None:
    words = [f"w{number}" for number in range(33)]
    assert len(phrases_of(" ".join(words[:32]))) == 32
    for query in (" ".join(words), "-".join(words), "".join(map(chr, range(0x4E00, 0x4E22)))):
        with pytest.raises(Refused) as refused:
            phrases_of(query)
        assert refused.value.code == Code.BAD_QUERY


@pytest.mark.parametrize(
    ("text", "query", "wanted"),
    [
        ("Hello, hello world", "hello", ["Hello", "hello"]),
        ("the cafe\u0301 is shut", "cafe", ["cafe\u0301"]),
        ("今天天气很好", "天", ["天天"]),
        ("今天天气很好", "天气很", ["天气很"]),
        ("今天天气很好", "好", ["好"]),
        ("say: exact  words!", '"exact words"', ["exact  words"]),
        ("hello", "hel", ["hello"]),
        ("👍🏽 yes", "👍", ["👍"]),
        ("hello", "hellos", None),
        ("exact other words", '"exact words"', None),
    ],
)
def test_what_matches_is_marked(text: str, query: str, wanted: list[str] | None) -> None:
    ranges = ranges_of(tokens(text), phrases_of(query))
    assert (None if ranges is None else [text[start:end] for start, end in ranges]) == wanted


def test_marked_places_have_a_bound() -> None:
    ranges = ranges_of(tokens("x y " * 1_000), phrases_of("x y"))
    assert ranges is not None
    assert len(ranges) == RANGES


@pytest.mark.parametrize("seed", range(20))
def test_a_simpler_search_finds_the_same(seed: int) -> None:
    tongues = Tongues(seed)
    texts = [tongues.text() for _ in range(60)]
    messages = [Said(Place(number, ConversationId("c"), number), "1", text) for number, text in enumerate(texts)]
    matched = 0
    for question in (tongues.question(texts) for _ in range(60)):
        if not plain(question):
            continue
        wanted = [place.number for place in found(messages, question)]
        phrases = phrases_of(question)
        there = [number for number, text in enumerate(texts) if ranges_of(tokens(text), phrases) is not None]
        assert there == wanted[::-1], question
        matched += len(there)
    assert matched > 10
