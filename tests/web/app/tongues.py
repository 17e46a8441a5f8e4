"""The languages of the interface, as tests look for their words: English, and the two that are made up."""

import re
from typing import Final

ACCENTS: Final = str.maketrans(
    {
        letter: accented * 2
        for letter, accented in {
            "a": "á", "e": "ë", "i": "ï", "o": "ö", "u": "ü", "A": "Å", "E": "É", "I": "Î", "O": "Ø", "U": "Û",
        }.items()
    }
)  # fmt: skip


class Tongue:
    """A language, by its name in the app. Called with English words it gives what finds them in this language."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, english: str, *, whole: bool = False) -> re.Pattern[str]:
        """whole: nothing else may stand beside the words, but for the marks that a language puts around them."""
        said = english.translate(ACCENTS) if self.name == "en-XA" else english
        around = r"[\[\]\u202b\u202c\s]*"
        words = re.sub(r"([.*+?^${}()|\[\]\\/])", r"\\\1", said)  # `re.escape` writes more than a browser reads
        return re.compile(f"^{around}{words}{around}$" if whole else words)


ENGLISH: Final = Tongue("en")
LONG: Final = Tongue("en-XA")
RIGHT_TO_LEFT: Final = Tongue("ar-XB")
