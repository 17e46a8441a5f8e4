"""The terminal in line mode: what is typed comes in, what happens is printed above it.

Piped, it reads and writes plain lines: no colours, no prompt, no cursor movements.
"""

import asyncio
import contextlib
import math
import os
import sys
import threading
from collections.abc import AsyncIterator
from types import ModuleType
from typing import Final

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

readline: ModuleType | None
try:
    import readline
except ImportError:  # a Python without it edits lines as the terminal does
    readline = None
try:
    import termios
except ImportError:
    termios = None  # type: ignore[assignment]

PROMPT: Final = "> "
_WAITING_LINES: Final = 100


class Screen:
    """One terminal, or a pair of pipes."""

    def __init__(self) -> None:
        self.interactive = sys.stdin.isatty() and sys.stdout.isatty()
        self._console = Console(highlight=False, soft_wrap=True, force_terminal=None if self.interactive else False)
        self._prompt = PROMPT
        self._reading = False
        self._mode = termios.tcgetattr(0) if self.interactive and termios is not None else None

    def say(self, text: str | Text, style: str = "") -> None:
        """Print above what is being typed."""
        line = text if isinstance(text, Text) else Text(text, style=style)
        if not self._reading:
            self._console.print(line)
            return
        typed = self.typed()
        rows = self._rows(typed)
        up = f"\x1b[{rows - 1}A" if rows > 1 else ""
        sys.stdout.write(f"{up}\r\x1b[J")
        sys.stdout.flush()
        self._console.print(line)
        sys.stdout.write(self._prompt + typed)
        sys.stdout.flush()

    def typed(self) -> str:
        """What stands on the line that is being typed."""
        return readline.get_line_buffer() if self._reading and readline is not None else ""

    def set_prompt(self, name: str) -> None:
        """Where what is typed goes to; shown from the next line on."""
        self._prompt = f"{name}{PROMPT}"

    async def lines(self) -> AsyncIterator[str]:
        """Lines as they are entered, until the end of the input. Call it once.

        A thread of its own waits for them, as a terminal cannot be waited for on the event loop everywhere; it does
        not keep the process from ending.
        """
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[str | None] = asyncio.Queue(_WAITING_LINES)

        def hand_over(line: str | None) -> None:
            # Waits while the queue is full; a loop that is closed wants no more lines.
            with contextlib.suppress(RuntimeError, asyncio.CancelledError):
                asyncio.run_coroutine_threadsafe(queue.put(line), loop).result()

        def read() -> None:
            while (line := self._read()) is not None:
                hand_over(line)
            hand_over(None)

        threading.Thread(target=read, name="input", daemon=True).start()
        while (line := await queue.get()) is not None:
            yield line

    def restore(self) -> None:
        """Leave the terminal as it was found."""
        self._reading = False
        if self._mode is not None and termios is not None:
            termios.tcsetattr(0, termios.TCSADRAIN, self._mode)

    def _read(self) -> str | None:
        if not self.interactive:
            line = sys.stdin.readline()
            return line.rstrip("\r\n") if line else None
        try:
            if readline is None:
                self._reading = True
            else:
                # Only once the prompt stands there is it to be drawn again.
                readline.set_pre_input_hook(self._begin)
            line = input(self._prompt)
        except EOFError:
            return None
        finally:
            self._reading = False
        # The message comes back as a line of the conversation: take the typed one away.
        sys.stdout.write(f"\x1b[{self._rows(line)}A\r\x1b[J")
        sys.stdout.flush()
        return line

    def _begin(self) -> None:
        self._reading = True

    def _rows(self, typed: str) -> int:
        width = max(os.get_terminal_size().columns, 1)
        return max(1, math.ceil((cell_len(self._prompt + typed)) / width))
