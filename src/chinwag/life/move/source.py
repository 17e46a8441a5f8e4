"""A data folder that is moved: both stores, opened by this process alone, and all their rows."""

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from chinwag.adapters.embedded.everything import Everything as Messages
from chinwag.adapters.postgres.moving import MESSAGES as MESSAGES_TABLES
from chinwag.adapters.postgres.moving import MoveError
from chinwag.adapters.relational import open_directory
from chinwag.adapters.relational.everything import COUNTED
from chinwag.adapters.relational.everything import DIRECTORY as DIRECTORY_TABLES
from chinwag.adapters.relational.everything import Everything as Directory
from chinwag.adapters.tables import Row, Table
from chinwag.flow.clock import system_clock
from chinwag.life.folder import DIRECTORY, MESSAGES

Rows = Iterator[tuple[bytes, list[Row]]]


class Part(NamedTuple):
    """A table, and the rows that it gets: each row of the source behind a place (empty: all), with its place."""

    table: Table
    rows: Callable[[bytes], Rows]


class Source:
    """The stores in `data`, brought to this version's formats. Blocks.

    Raises `MoveError`, and as `open_embedded` and `open_directory` do.
    """

    def __init__(self, data: Path) -> None:
        self._messages = Messages(data / MESSAGES, system_clock)
        try:
            _refuse_unknown(data, self._messages)
            asyncio.run(_brought_up(data / DIRECTORY))
            self._directory = Directory(data / DIRECTORY)
        except BaseException:
            self._messages.close()
            raise

    def close(self) -> None:
        """Let go of both."""
        self._directory.close()
        self._messages.close()

    @property
    def inbox_epoch(self) -> int:
        """The epoch that all cursors of its clients are of."""
        return self._messages.inbox_epoch

    def about(self) -> int:
        """How many rows the messages' store has, more or less."""
        return self._messages.about()

    def messages(self) -> list[Part]:
        """What becomes of the messages' store."""
        return [Part(table, partial(self._messages.rows, table.name)) for table in MESSAGES_TABLES]

    def directory(self) -> list[Part]:
        """What becomes of the directory."""
        return [Part(table, partial(self._directory.rows, table)) for table in DIRECTORY_TABLES]

    def counted(self) -> dict[str, int]:
        """By the name of what counts keys up: the highest that was ever given."""
        return {sequence: self._directory.counted(table) for table, sequence in COUNTED.items()}


def _refuse_unknown(data: Path, store: Messages) -> None:
    """What is not known is not left behind without a word."""
    if unknown := store.unknown():
        raise MoveError(
            f"{data / MESSAGES} holds rows of a kind that this version does not move ({unknown[:1]!r}): use the "
            "version that wrote them"
        )


async def _brought_up(directory: Path) -> None:
    await (await open_directory(directory)).close()
