"""What the chat is shown on and typed into: an editor on a terminal, or plain lines where there is none."""

from collections.abc import AsyncIterator
from typing import Final, Protocol

import msgspec

from chinwag.cli.chat.line import Line

PROMPT: Final = "> "


class BadLine(msgspec.Struct, frozen=True):
    """A line that came in and is no text; `why` in words."""

    why: str


class Screen(Protocol):
    """One terminal, or a pair of pipes. interactive: somebody sits there, who can be asked."""

    interactive: bool

    def say(self, line: Line) -> None:
        """Print a line, above what is being typed."""
        ...

    def set_prompt(self, name: str) -> None:
        """Where what is typed goes to; empty for nowhere."""
        ...

    def typed(self) -> str:
        """What stands on the line that is being typed."""
        ...

    def lines(self) -> AsyncIterator[str | BadLine]:
        """Lines as they are entered, until the end of the input: the next one when the one before was dealt with. Call
        it once a run of the event loop."""
        ...

    def ask(self, question: str) -> str:
        """Ask, outside the event loop, and wait for the answer. Raises EOFError, KeyboardInterrupt."""
        ...
