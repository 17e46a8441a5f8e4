"""Write `chinwag/domain/confusables.py`: what a reader takes for what, as Unicode's data (UTS 39) have it.

Needs ICU, which carries those data: `pip install pyicu-wheels`, then `python -m tools.confusable_table`. It is no
dependency of Chinwag, nor of its development: the table is checked in, and made anew for a newer Unicode.
"""

import sys
import textwrap
import unicodedata
from pathlib import Path

import icu  # type: ignore[import-not-found]

TABLE = Path(__file__).parent.parent / "src/chinwag/domain/confusables.py"
HEAD = '''"""What a reader takes for what: the prototypes of UTS 39 and the characters that show nothing. Generated.

By `tools/confusable_table.py`, from the data of Unicode {unicode} as ICU {icu} carries them: only characters that a
name may hold after NFKC.
"""

from typing import Final

UNICODE: Final = "{unicode}"

'''


def prototypes() -> dict[str, str]:
    """For each character of names whose prototype is another text: that text, in NFD."""
    checker = icu.SpoofChecker()
    found = {}
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        if not _in_names(character) or unicodedata.normalize("NFD", character) != character:
            continue
        prototype = checker.getSkeleton(0, character)
        if prototype not in (character, ""):
            found[character] = prototype
    return found


def ignorables() -> list[tuple[int, int]]:
    """The ranges of characters that show nothing where they are not supported (Default_Ignorable_Code_Point)."""
    ranges: list[tuple[int, int]] = []
    for code in range(sys.maxunicode + 1):
        if icu.Char.hasBinaryProperty(code, icu.UProperty.DEFAULT_IGNORABLE_CODE_POINT):
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1] = (ranges[-1][0], code)
            else:
                ranges.append((code, code))
    return ranges


def _in_names(character: str) -> bool:
    if unicodedata.normalize("NFKC", character) != character:
        return False
    return character in "._-" or icu.Char.charType(character) in _TYPES


_TYPES = {
    getattr(icu.UCharCategory, name)
    for name in (
        *("UPPERCASE_LETTER", "LOWERCASE_LETTER", "TITLECASE_LETTER", "MODIFIER_LETTER", "OTHER_LETTER"),
        *("NON_SPACING_MARK", "ENCLOSING_MARK", "COMBINING_SPACING_MARK", "DECIMAL_DIGIT_NUMBER"),
    )
}


def _packed(table: dict[str, str]) -> str:
    return " ".join(
        f"{ord(character):x}:{'+'.join(f'{ord(part):x}' for part in prototype)}"
        for character, prototype in sorted(table.items())
    )


def _lines(text: str) -> str:
    return "\n".join(f'    "{line} "' for line in textwrap.wrap(text, 112, break_on_hyphens=False))


def main() -> None:
    """Write the table."""
    table = prototypes()
    spans = " ".join(f"{first:x}-{last:x}" for first, last in ignorables())
    TABLE.write_text(
        HEAD.format(unicode=icu.UNICODE_VERSION, icu=icu.ICU_VERSION)
        + "IGNORABLE: Final = (\n"
        + _lines(spans)
        + '\n)\n"""Ranges of characters that show nothing where not supported, in hexadecimal, ends included."""\n\n'
        + "PROTOTYPES: Final = (\n"
        + _lines(_packed(table))
        + '\n)\n"""Each character and its prototype in hexadecimal: `3bf:6f` says that omicron is taken for o."""\n'
    )


if __name__ == "__main__":
    main()
