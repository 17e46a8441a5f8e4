"""What stands before a socket's parser until its peer is known: a bound on all that a stranger may bring."""

import asyncio
from collections.abc import Callable
from typing import Any, final


@final
class Gate(asyncio.BufferedProtocol):
    """Passes everything on to `parser`, and calls `over` once more than `most` bytes have come.

    The parser alone would take one frame of the full size, and keep it, from anybody who can connect.
    """

    __slots__ = ("_left", "_over", "parser")

    def __init__(self, parser: Any, most: int, over: Callable[[], None]) -> None:
        """parser: a buffered protocol of picows, which has no type that a checker can see."""
        self.parser = parser
        self._left = most
        self._over = over

    def took(self, size: int) -> bool:
        """Count `size` bytes; False if they are too many now, and `over` was called."""
        self._left -= size
        if self._left < 0:
            self._over()
            return False
        return True

    def get_buffer(self, sizehint: int) -> Any:
        return self.parser.get_buffer(sizehint)

    def buffer_updated(self, nbytes: int) -> None:
        if self.took(nbytes):
            self.parser.buffer_updated(nbytes)

    def eof_received(self) -> bool | None:
        return self.parser.eof_received()  # type: ignore[no-any-return]

    def connection_lost(self, exc: Exception | None) -> None:
        self.parser.connection_lost(exc)

    def pause_writing(self) -> None:
        self.parser.pause_writing()

    def resume_writing(self) -> None:
        self.parser.resume_writing()
