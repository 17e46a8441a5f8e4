"""What nobody sends by accident: names and texts that every adapter of every port carries as they are."""

from typing import Final

from chinwag.domain.body import TEXT_CHARACTERS
from chinwag.domain.ids import ID_BYTES, AccountId

NAMES: Final = (
    *("\0", "\0\0", "a\0b", "a", "ab"),  # NUL ends a name in C, and PostgreSQL has none in its text
    *(
        "*",
        ">",
        ".",
        "..",
        "a.b",
        "a.*.>",
        "$SYS.>",
        "_INBOX.>",
        "+OK\r\n",
        "PUB a 1\r\n",
    ),  # subjects and words of NATS
    *(
        "%",
        "_",
        "\\",
        "\\x00",
        "'",
        '"',
        "'; --",
        "$1",
        "{}",
        "{1,2}",
        "NULL",
        "null",
        ",",
        "a,b",
    ),  # SQL and its arrays
    *(" ", "\t", "\n", "~", "d~", "g~", "d~1~2", "1", "10", "A", "\u0130", "\xad", "\u202e", "\ufeff", "\U0010fffe"),
    *("g~\u00e9", "g~e\u0301"),  # look the same, and are two
    *("e" * ID_BYTES, "e" * (ID_BYTES - 1), "\u00e9" * 127, "\U0001f600" * 63),
)
"""Names that begin alike, hold what separates, or mean something to an engine."""

TEXTS: Final = (
    "\x01" * TEXT_CHARACTERS,  # six bytes a character in JSON
    "\U0001f600" * TEXT_CHARACTERS,  # the most in UTF-8
    ('\\"\n\u0001/\u2028</' * TEXT_CHARACTERS)[:TEXT_CHARACTERS],
    "x" * TEXT_CHARACTERS,
)
"""The longest texts, of characters that take the most room in one form or another."""

CROWD: Final = tuple(AccountId(f"{number:03}" + "\U0001f600" * 63) for number in range(500))
"""As many as a group may have, with the longest ids."""
