"""Every refusal that a person may meet is told in words of the interface, and no words are for what does not exist."""

import re
from pathlib import Path
from typing import Final

from chinwag.wire.errors import Code

CATALOGUES: Final = Path(__file__).parents[2] / "web" / "src" / "lib" / "words"
WORDS: Final = "".join((CATALOGUES / name).read_text() for name in ("english.ts", "refused.ts"))

CLIENT: Final = {"unreachable", "logged_out", "outbox_full", "no_room", "not_bare", "storage"}
"""What the engine itself refuses with (`web/src/lib/engine/api.ts`)."""
PLACES: Final = {"other", "more"}
"""Words around the words of a code: for a code that has none, and before the server's own."""
HANDLED: Final = {
    Code.BAD_FRAME,
    Code.BAD_REQUEST,
    Code.HELLO_EXPECTED,
    Code.HELLO_TWICE,
    Code.BAD_CURSOR,
    Code.UNAUTHENTICATED,
    Code.TOKEN_EXPIRED,
    Code.REVOKED,
    Code.REFRESH_REUSED,
    Code.WRONG_SESSION,
    Code.CONVERSATION_EXISTS,
    Code.OUT_OF_TURN,
    Code.SLOW_CONSUMER,
    Code.IDLE,
    Code.DRAIN,
    Code.METHOD_NOT_ALLOWED,
    Code.UPGRADE_REQUIRED,
}
"""What the client deals with, or would be its own fault: nobody can do anything about it."""


def test_every_refusal_has_words_and_no_words_are_for_what_does_not_exist() -> None:
    written = set(re.findall(r'^  "error\.(\w+)":', WORDS, re.MULTILINE))
    assert written == {*Code, *CLIENT, *PLACES} - HANDLED
