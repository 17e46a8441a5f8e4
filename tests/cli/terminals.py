"""`chinwag chat` with pipes, and on a terminal of its own (a pty whose screen is drawn by pyte)."""

import asyncio
import contextlib
import fcntl
import os
import pty
import struct
import sys
import termios
from collections.abc import Callable, Mapping
from pathlib import Path

import pyte

PASSWORD = "correct horse battery"
PATIENCE = 60.0
PRESSES = 6
"""Of Ctrl-D, in that time."""
COLUMNS, LINES = 80, 60
_WITH_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
COMMAND = (sys.executable, "-m", "chinwag.cli", "chat")


def environment(home: Path, **variables: str) -> dict[str, str]:
    """Log-ins are kept below `home`; a variable that is empty is not there."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CHINWAG_")}
    kept |= {"XDG_CONFIG_HOME": str(home), "CHINWAG_PASSWORD": PASSWORD, "LC_ALL": "C.UTF-8", "TERM": "xterm"}
    return {name: value for name, value in (kept | variables).items() if value}


class Pipes:
    """`chinwag chat` with pipes for a terminal."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.seen = ""

    @classmethod
    async def open(cls, home: Path, *flags: str, **variables: str) -> "Pipes":
        """Start it with these flags."""
        return cls(
            await asyncio.create_subprocess_exec(
                *(*COMMAND, *flags),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                env=environment(home, **variables),
            )
        )

    def type(self, line: str | bytes) -> None:
        """A line and Enter."""
        assert self._process.stdin is not None
        self._process.stdin.write((line.encode() if isinstance(line, str) else line) + b"\n")

    async def sees(self, text: str) -> str:
        """Read until a line has `text`; that line."""
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(PATIENCE):
                while line := (await self._process.stdout.readline()).decode():
                    self.seen += line
                    assert "\x1b" not in line
                    if text in line:
                        return line
        except TimeoutError:
            pass
        raise AssertionError(f"never saw {text!r} in:\n{self.seen}")

    async def leave(self) -> int:
        """End the input, and read to the end; the exit code."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        return await self.ends()

    async def ends(self) -> int:
        """Read to the end, to which it comes by itself; the exit code."""
        assert self._process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            self.seen += (await self._process.stdout.read()).decode()
            return await self._process.wait()


async def piped(home: Path, typed: str | bytes, *flags: str, **variables: str) -> tuple[int, str]:
    """Pipe `typed` through one chat: its exit code, and all that it said."""
    chat = await Pipes.open(home, *flags, **variables)
    for line in (typed.encode() if isinstance(typed, str) else typed).split(b"\n"):
        chat.type(line)
    return await chat.leave(), chat.seen


class Terminal:
    """`chinwag chat` on a pty. `rows` are what a person sees now."""

    def __init__(self, process: asyncio.subprocess.Process, master: int, screen: pyte.Screen, encoding: str) -> None:
        self._process = process
        self._master = master
        self._screen = screen
        self._stream = pyte.Stream(self._screen)
        self._encoding = encoding
        self._news = asyncio.Event()
        self.raw = b""
        asyncio.get_running_loop().add_reader(master, self._read)

    @classmethod
    async def open(
        cls, home: Path, *flags: str, encoding: str = "utf-8", variables: Mapping[str, str] | None = None
    ) -> "Terminal":
        """Start it with these flags, as the leader of a session whose terminal this is."""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", _WITH_TERMINAL, *COMMAND, *flags),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            env=environment(home, **(variables or {})),
        )
        os.close(slave)
        return cls(process, master, pyte.Screen(COLUMNS, LINES), encoding)

    @property
    def rows(self) -> list[str]:
        """The rows of the screen, without the empty ones at its end."""
        rows = [row.rstrip() for row in self._screen.display]
        while rows and not rows[-1]:
            rows.pop()
        return rows

    @property
    def cursor(self) -> int:
        """The column in which the cursor stands."""
        return int(self._screen.cursor.x)

    def type(self, keys: str | bytes) -> None:
        """Keys, as they are pressed."""
        os.write(self._master, keys.encode(self._encoding) if isinstance(keys, str) else keys)

    async def until(self, holds: Callable[[list[str]], bool]) -> list[str]:
        """Wait for a screen of which `holds` is true; its rows."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not holds(self.rows):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError("never seen; the screen is:\n" + "\n".join(self.rows)) from None
        return self.rows

    async def sees(self, text: str) -> list[str]:
        """Wait until some row has `text`; all rows."""
        return await self.until(lambda rows: any(text in row for row in rows))

    async def left(self) -> int:
        """Press Ctrl-D, and wait for the end; the exit code. Again after a while, as a person would: what is pressed in
        the moment in which a line is printed is the terminal's, and Ctrl-D is nothing then."""
        for _ in range(PRESSES):
            self.type("\x04")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE / PRESSES):
                    await self._process.wait()
                    break
        return await self.ended()

    async def ended(self) -> int:
        """Wait for the end; the exit code."""
        async with asyncio.timeout(PATIENCE):
            code = await self._process.wait()
        asyncio.get_running_loop().remove_reader(self._master)
        self._read()
        os.close(self._master)
        return code

    def _read(self) -> None:
        try:
            data = os.read(self._master, 65536)
        except OSError:  # nobody has the other end any longer
            asyncio.get_running_loop().remove_reader(self._master)
            return
        self.raw += data
        self._stream.feed(data.decode(self._encoding, "replace"))
        self._news.set()
