"""Random texts in many scripts, and questions that some of them answer: the same for the same seed."""

import random
from typing import Final

ALPHABETS: Final[dict[str, str | list[str]]] = {
    "latin": "abcdeinorstuéèüñçøßœŁıİ",
    "decomposed": ["e\u0301", "a\u0300", "o", "n\u0303", "s", "t", "u\u0308", "q\u0301\u0323"],
    "greek": "αβγδεάέήΐσςΩώ",
    "cyrillic": "абвгдеёйЖщъї",
    "arabic": "ابتثجحخدذرز\u064b\u064e\u0651",
    "hebrew": "אבגדהו\u05b0\u05b8ש\u05c1",
    "devanagari": "कखगघच\u093e\u093f\u094d\u0902क़",
    "han": "今天气很好我们去公园吧的",
    "kana": "あいうがぎパーカタｶﾞﾀ",
    "hangul": ["한", "국", "어", "각", "\u1112\u1161\u11ab", "요", "가"],
    "thai": "กขคง\u0e31\u0e35\u0e48าเ",
    "lao": "ກຂຄງ\u0eb5\u0ec8າ",
    "khmer": "កខគឃ\u17b6\u17d2\u17bb",
    "burmese": "ကခဂဃ\u102d\u1031\u103a",
    "digits": "0123456789٣²½",
    "wide": "ＡＢＣａｂ１２ﬁ㎏",
}
SYMBOLS: Final = ["👍", "👍🏽", "❤️", "❤", "🇩🇪", "🇪🇸", "👨\u200d👩\u200d👧", "1️⃣", "€", "→", "™"]
BETWEEN: Final = [" ", " ", " ", " ", "", "", ", ", ". ", "-", "'", "\n", "_", "。", "、", '"', " (", ")", "*", ":"]
SYNTAX: Final = [
    "NEAR(",
    "OR",
    "AND",
    "NOT",
    "*",
    '"',
    '""',
    "^",
    "{line}:",
    "line:",
    "(",
    "a*b",
    "''",
    "\\",
    "&",
    "|",
    "!",
]


class Tongues:
    """Makes texts from a small store of words, so that words come again."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._words = [self._word(alphabet) for alphabet in ALPHABETS.values() for _ in range(6)]

    def text(self, words: int = 8) -> str:
        """A text of 1 to `words` words or symbols."""
        parts: list[str] = []
        for _ in range(self._random.randint(1, words)):
            parts.append(self._random.choice(self._words if self._random.random() < 0.85 else SYMBOLS))
            parts.append(self._random.choice(BETWEEN))
        return "".join(parts) or "x"

    def question(self, texts: list[str]) -> str:
        """Pieces of texts: words, their beginnings, phrases in quotes, and now and then syntax of some engine."""
        return " ".join(self._piece(self._random.choice(texts)) for _ in range(self._random.choice([1, 1, 1, 2, 3])))

    def _word(self, alphabet: str | list[str]) -> str:
        word = "".join(self._random.choice(alphabet) for _ in range(self._random.randint(1, 6)))
        return word.upper() if self._random.random() < 0.2 else word

    def _piece(self, text: str) -> str:
        kind = self._random.random()
        if kind < 0.1:
            return self._random.choice(SYNTAX)
        if kind < 0.4:
            return self._random.choice(text.split() or [text])
        start = self._random.randrange(len(text))
        part = text[start : start + self._random.randint(1, 12)].replace('"', " ")
        return f'"{part}"' if kind < 0.7 else part
