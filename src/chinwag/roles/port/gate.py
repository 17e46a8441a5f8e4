"""What stands before a socket's parser until its peer is known: a bound on all that a stranger may bring."""

import asyncio
from collections.abc import Callable
from typing import Any, Final, final


@final
class Gate(asyncio.BufferedProtocol):
    """Passes everything on to `parser`, and calls `over` once more than `most` bytes have come.

    The parser alone would take one frame of the full size, and keep it, from anybody who can connect.
    """

    __slots__ = ("_left", "_over", "parser")

    def __init__(self, parser: asyncio.BufferedProtocol, most: int, over: Callable[[], None]) -> None:
        """parser: what reads the transport once `most` does not hold any more."""
        self.parser: Final = parser
        self._left = most
        self._over = over

    def get_buffer(self, sizehint: int) -> Any:
        return self.parser.get_buffer(sizehint)

    def buffer_updated(self, nbytes: int) -> None:
        self._left -= nbytes
        if self._left < 0:
            self._over()
        else:
            self.parser.buffer_updated(nbytes)

    def connection_lost(self, exc: Exception | None) -> None:
        self.parser.connection_lost(exc)

    def pause_writing(self) -> None:
        self.parser.pause_writing()

    def resume_writing(self) -> None:
        self.parser.resume_writing()
