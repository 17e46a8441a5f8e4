"""A terminal with a line editor (prompt_toolkit): what is typed stays whole whatever is printed above it."""

import asyncio
import contextlib
import sys
import termios
from collections.abc import AsyncIterator, Iterator
from typing import Final

from prompt_toolkit import PromptSession
from prompt_toolkit.application import in_terminal
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.input import create_input
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.shortcuts import print_formatted_text
from prompt_toolkit.styles import Style

from chinwag.cli.chat.line import Line
from chinwag.cli.chat.screen import PROMPT, BadLine
from chinwag.cli.clean import label, spelt

PROMPT_CHARACTERS: Final = 40
_STYLE: Final = Style.from_dict(
    {
        "dim": "fg:ansibrightblack",
        "bold": "bold",
        "own": "bold fg:ansicyan",
        "other": "bold fg:ansimagenta",
        "good": "fg:ansigreen",
        "warn": "fg:ansiyellow",
        "bad": "fg:ansired",
    }
)


class Editor:
    """One terminal. Lines are printed at once, or above the line that is being edited."""

    interactive = True

    def __init__(self) -> None:
        sized = Vt100_Output.from_pty(sys.stdout)
        # It is never asked where its cursor stands: some terminals do not answer, and the editor would wait for them.
        self._output = Vt100_Output(sys.stdout, sized.get_size, enable_cpr=False)
        self._encoding = sys.stdout.encoding or "ascii"
        self._input = create_input()
        self._prompt = PROMPT
        self._waiting: list[Line] = []
        self._printing: asyncio.Task[None] | None = None
        self._session: PromptSession[str] = PromptSession(
            lambda: FormattedText([("", self._prompt)]),
            input=self._input,
            output=self._output,
            erase_when_done=True,  # the line comes back as one of the conversation
            reserve_space_for_menu=0,
            complete_while_typing=False,
            enable_suspend=True,
        )

    def say(self, line: Line) -> None:
        """Print a line, above what is being typed."""
        self._waiting.append(line)
        if not self._session.app.is_running:
            self._print()
        elif self._printing is None or self._printing.done():
            self._printing = asyncio.create_task(self._print_above())

    def set_prompt(self, name: str) -> None:
        """Where what is typed goes to; shown from the next line on."""
        self._prompt = spelt(label(name)[:PROMPT_CHARACTERS] + PROMPT, self._encoding)

    def typed(self) -> str:
        """What stands on the line that is being typed."""
        return self._session.default_buffer.text if self._session.app.is_running else ""

    def ask(self, question: str) -> str:
        """Ask, and wait for the answer."""
        asking: PromptSession[str] = PromptSession(input=self._input, output=self._output)
        while True:
            answer = asking.prompt(spelt(question, self._encoding)).strip()
            if _is_text(answer):
                return answer

    async def lines(self) -> AsyncIterator[str | BadLine]:
        """Lines as they are entered, until Ctrl-D or Ctrl-C. The next is asked for when the one before was dealt with,
        so that the prompt always says where it goes."""
        with _no_echo():
            while True:
                try:
                    line = await self._session.prompt_async(set_exception_handler=False, handle_sigint=False)
                except (EOFError, KeyboardInterrupt):
                    return
                finally:
                    self._print()
                yield line if _is_text(line) else BadLine(f"That was not {self._encoding.upper()}.")

    async def _print_above(self) -> None:
        while self._waiting:
            async with in_terminal():
                self._print()

    def _print(self) -> None:
        lines, self._waiting = self._waiting, []
        width = self._output.get_size().columns - 1
        for line in lines:
            rows = [("", "\n")]
            for row in line.rows(width):
                rows += [*((f"class:{style}" if style else "", spelt(text, self._encoding)) for style, text in row)]
                rows.append(("", "\n"))
            print_formatted_text(FormattedText(rows[1:-1]), style=_STYLE, output=self._output)


@contextlib.contextmanager
def _no_echo() -> Iterator[None]:
    """Between two lines the editor does not look at the keys; the terminal is not to write them itself meanwhile."""
    before = termios.tcgetattr(0)
    quiet = [*before[:3], before[3] & ~termios.ECHO, *before[4:]]
    termios.tcsetattr(0, termios.TCSADRAIN, quiet)
    try:
        yield
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)


def _is_text(line: str) -> bool:
    try:
        line.encode()
    except UnicodeEncodeError:
        return False
    return True
