"""Plain lines in and out: for pipes, and for terminals that cannot move their cursor."""

import asyncio
import contextlib
import io
import shutil
import sys
import threading
from collections.abc import AsyncIterator
from concurrent.futures import Future
from functools import cached_property
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
        self._broken = False
        self._reading: Future[str | BadLine | None] | None = None

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
        while True:
            self._show(question)
            line = self._next().result()
            self._reading = None
            if line is None:
                raise EOFError
            if isinstance(line, str):
                return line.strip()
            self.say(Line(line.why))

    async def lines(self) -> AsyncIterator[str | BadLine]:
        """Lines as they come.

        A thread of its own waits for each, as a pipe or a file cannot be waited for on the event loop everywhere; it
        does not keep the process from ending. It reads no line before one is wanted, and what it has read when nobody
        waits any longer is there for whoever asks next.
        """
        loop = asyncio.get_running_loop()
        while True:
            if self.interactive:
                self._show(self._prompt)
            there = asyncio.Event()

            def wake(_: object, there: asyncio.Event = there) -> None:
                with contextlib.suppress(RuntimeError):  # a loop that is closed waits no longer
                    loop.call_soon_threadsafe(there.set)

            reading = self._next()
            reading.add_done_callback(wake)
            await there.wait()
            self._reading = None
            line = reading.result()
            if line is None:
                return
            yield line

    def _show(self, text: str) -> None:
        sys.stdout.write(spelt(text, sys.stdout.encoding))
        sys.stdout.flush()

    def _next(self) -> "Future[str | BadLine | None]":
        """The line that is being read now, or one more."""
        if self._reading is None:
            self._reading = Future()
            threading.Thread(target=self._hand_over, args=(self._reading,), name="input", daemon=True).start()
        return self._reading

    def _hand_over(self, reading: "Future[str | BadLine | None]") -> None:
        try:
            reading.set_result(self._read())
        except OSError as error:
            self._broken = True  # what cannot be read once is not asked again
            reading.set_result(BadLine(f"The input cannot be read: {error.strerror or error}."))

    @cached_property
    def _source(self) -> io.BufferedReader:
        """The input, by a reader of our own. The one that all share is closed at the end of the process, which aborts
        while a thread waits in it."""
        return io.BufferedReader(sys.stdin.buffer.raw)  # type: ignore[union-attr]

    def _read(self) -> str | BadLine | None:
        if sys.stdin is None or self._broken:
            return None
        source = self._source
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
