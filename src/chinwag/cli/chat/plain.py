"""Plain lines in and out: for pipes, and for terminals that cannot move their cursor."""

import asyncio
import contextlib
import shutil
import sys
import threading
from collections.abc import AsyncIterator
from typing import Final

from chinwag.cli.chat.line import Line
from chinwag.cli.chat.screen import PROMPT, BadLine
from chinwag.cli.clean import spelt

LINE_BYTES: Final = 500_000
"""A line has no more: the longest text takes 400,000 bytes."""


class Plain:
    """No colours, no cursor movements; a prompt only where somebody sits."""

    def __init__(self, interactive: bool) -> None:
        self.interactive = interactive
        self._prompt = PROMPT
        self._count = 0

    def say(self, line: Line) -> None:
        """Print a line. On a terminal it is broken into rows; in a pipe it is as long as it is."""
        if sys.stdout is None:
            return
        width = shutil.get_terminal_size().columns - 1 if sys.stdout.isatty() else None
        rows = ("".join(text for _, text in row) for row in line.rows(width))
        text = spelt("\n".join(rows) + "\n", sys.stdout.encoding)
        sys.stdout.write(text)
        sys.stdout.flush()

    def set_prompt(self, name: str) -> None:
        """Where what is typed goes to."""
        self._prompt = f"{name}{PROMPT}"

    def typed(self) -> str:
        """Nobody knows until Enter."""
        return ""

    def ask(self, question: str) -> str:
        """Ask, and wait for the answer."""
        sys.stdout.write(spelt(question, sys.stdout.encoding))
        sys.stdout.flush()
        line = self._read()
        if line is None:
            raise EOFError
        return line.strip() if isinstance(line, str) else self.ask(f"{line.why} {question}")

    async def lines(self) -> AsyncIterator[str | BadLine]:
        """Lines as they come.

        A thread of its own waits for each, as a pipe or a file cannot be waited for on the event loop everywhere; it
        does not keep the process from ending. It reads no line before it is wanted.
        """
        loop = asyncio.get_running_loop()
        while True:
            answer: asyncio.Future[str | BadLine | None] = loop.create_future()
            if self.interactive:
                sys.stdout.write(spelt(self._prompt, sys.stdout.encoding))
                sys.stdout.flush()
            threading.Thread(target=self._hand_over, args=(loop, answer), name="input", daemon=True).start()
            line = await answer
            if line is None:
                return
            yield line

    def _hand_over(self, loop: asyncio.AbstractEventLoop, answer: "asyncio.Future[str | BadLine | None]") -> None:
        try:
            line = self._read()
        except OSError as error:
            line = BadLine(f"The input cannot be read: {error.strerror or error}.")
        with contextlib.suppress(RuntimeError):  # a loop that is closed wants no more lines
            loop.call_soon_threadsafe(lambda: None if answer.done() else answer.set_result(line))

    def _read(self) -> str | BadLine | None:
        if sys.stdin is None:
            return None
        source = sys.stdin.buffer
        raw = source.readline(LINE_BYTES + 1)
        if not raw:
            return None
        self._count += 1
        if len(raw) > LINE_BYTES and not raw.endswith(b"\n"):
            while (more := source.readline(LINE_BYTES)) and not more.endswith(b"\n"):
                pass
            return BadLine(f"Line {self._count} is too long.")
        encoding = sys.stdin.encoding or "utf-8"
        try:
            return raw.rstrip(b"\r\n").decode(encoding)
        except UnicodeDecodeError as error:
            return BadLine(f"Line {self._count} is not {encoding.upper()}: see its byte {error.start + 1}.")
