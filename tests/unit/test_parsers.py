"""Parsers are shared by connections, and nothing of one connection ever reaches another through them."""

import pytest

from chinwag.roles.port.parsers import Parser, Parsers


class Broken:
    """picows' end of a parser that runs out of memory when it has taken the bytes."""

    def __init__(self, inner: object) -> None:
        self._inner = inner

    def get_buffer(self, size: int) -> memoryview:
        return self._inner.get_buffer(size)  # type: ignore[attr-defined, no-any-return]

    def buffer_updated(self, size: int) -> None:
        self._inner.buffer_updated(size)  # type: ignore[attr-defined]
        raise MemoryError


class Nobody:
    """A reader that takes whatever comes."""

    def frame(self, *_: object) -> None:
        """Not looked at."""


async def test_a_parser_that_failed_in_the_middle_of_a_frame_serves_nobody_else() -> None:
    parsers = Parsers(1 << 20)
    parser: Parser = parsers.ready()
    parser._inner = Broken(parser._inner)
    half = b"\x81\x8a\0\0\0\0half"
    parser.room()[: len(half)] = half
    with pytest.raises(MemoryError):
        parsers.parse(None, len(half), Nobody())  # type: ignore[arg-type]
    assert parsers.ready() is not parser
