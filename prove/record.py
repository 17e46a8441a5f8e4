"""The file of a run's facts: written while it runs, read by the checks."""

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec

from prove.facts import AnyFact, Run

VERSION: Final = 1
"""Of the facts. A record of another version is not read."""

_CHUNK: Final = 1 << 20


class NotARecord(Exception):  # noqa: N818 - it says what the file is
    """The file does not hold facts of this version. Says where."""


class Recorder:
    """Appends facts to a file. Use it from one thread, as a context, or `close` it.

    Lines gather in memory, a megabyte at most, until `flush`: flush before a fault, so that what is written holds even
    if the driver dies.
    """

    def __init__(self, path: Path, seed: int, what: str) -> None:
        """Begins a new record at `path`; one that is there is replaced."""
        self._file = path.open("wb")
        self._lines = bytearray()
        self._encode = msgspec.json.Encoder().encode_into
        self.write(Run(VERSION, seed, what))

    def write(self, fact: AnyFact) -> None:
        """The next line."""
        lines = self._lines
        self._encode(fact, lines, -1)
        lines += b"\n"
        if len(lines) >= _CHUNK:
            self.flush()

    def flush(self) -> None:
        """Hand everything written so far to the operating system."""
        self._file.write(self._lines)
        self._lines.clear()
        self._file.flush()

    def close(self) -> None:
        """Flush, and close."""
        self.flush()
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, at: TracebackType | None
    ) -> None:
        self.close()


def read(path: Path) -> Iterator[AnyFact]:
    """The facts of a record, one by one, as they were written. A last line that was cut off is left out.

    Raises NotARecord for a file whose first line is no `Run` of this version, or with a line that is no fact.
    """
    decode = msgspec.json.Decoder(AnyFact).decode_lines
    rest = b""
    first = True
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(_CHUNK):
            whole, newline, rest = (rest + chunk).rpartition(b"\n")
            if not newline:
                continue
            try:
                facts: list[AnyFact] = decode(whole)
            except msgspec.DecodeError as error:
                raise NotARecord(f"{path}: before byte {file.tell()}: {error}") from None
            if first and not (facts and isinstance(facts[0], Run) and facts[0].version == VERSION):
                raise NotARecord(f"{path}: the first line is no `run` of version {VERSION}")
            first = False
            yield from facts
    if first:
        raise NotARecord(f"{path}: holds no facts")
