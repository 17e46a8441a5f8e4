"""Moves a data folder into PostgreSQL. It can be cut short at any point, and run again.

The order is what makes that safe. First the folder says that it is being moved: no server changes it any more. Then the
database says that it is half moved: nobody serves it. Rows come in pieces, each with how far it has come. All of it is
compared. Then the folder says that it has moved, and last the database that it is whole: at no moment do both serve.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec

from chinwag.adapters.files import FileKeyStore
from chinwag.adapters.postgres.moving import MESSAGES as MESSAGES_TABLES
from chinwag.adapters.postgres.moving import Filling, MoveError
from chinwag.adapters.relational.everything import DIRECTORY as DIRECTORY_TABLES
from chinwag.adapters.relational.fresh_postgres import REVISION
from chinwag.adapters.relational.sealed_keys import SealedKeyStore
from chinwag.adapters.tables import Table
from chinwag.fail_points import passing
from chinwag.flow.clock import system_clock
from chinwag.life.backup import Telling
from chinwag.life.folder import DIRECTORY, MESSAGES, refuse_unfinished
from chinwag.life.move.copying import ROWS, Reader, compare, copy
from chinwag.life.move.media import copy_media
from chinwag.life.move.source import Source
from chinwag.life.moved import Move, mark, move_of, refuse_moved
from chinwag.life.whole import refuse_half
from chinwag.ports.media_store import MediaStore


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Where to. messages, directory: databases, which may be one. secret: what the cluster's keys are sealed with.
    name: what people call it. media: where pictures, videos and files go; None: they stay where they are, in a folder
    that the cluster's servers share."""

    messages: str
    directory: str
    secret: bytes
    name: str
    media: MediaStore | None = None

    def __repr__(self) -> str:
        return f"Target({self.name})"


class Moved(msgspec.Struct, frozen=True):
    """What a move came to: the rows of each table, how many signing keys, and how many files of media. Nothing for one
    that was done before."""

    rows: dict[str, int]
    keys: int
    media: int = 0


class _Share(NamedTuple):
    """One database, and what it gets."""

    filling: Filling
    tables: tuple[Table, ...]

    @property
    def has_messages(self) -> bool:
        return self.tables[0].schema == MESSAGES_TABLES[0].schema


async def move(data: Path, target: Target, telling: Telling, *, size: int = ROWS) -> Moved:
    """Move the folder `data` to `target`, or go on with that. size: rows of one piece.

    Raises `MoveError` and other `Told`, and `Refused`; OSError.
    """
    _fit(data)
    with ThreadPoolExecutor(1, thread_name_prefix="chinwag-move") as thread:
        reader = Reader(thread)
        async with AsyncExitStack() as opened:
            shares = await _shares(target, opened)
            begun = await _agreed(data, target, shares)
            if begun is None:
                return Moved({}, 0)
            telling.doing("opening the data folder")
            source = await reader.begin(lambda: Source(data))
            opened.push_async_callback(_closed, source, reader)
            if move_of(data) is None:
                mark(data, begun)
            passing("move.begun")
            return await _move(data, begun, source, shares, target, telling, reader, size)


async def _move(
    data: Path,
    begun: Move,
    source: Source,
    shares: list[_Share],
    target: Target,
    telling: Telling,
    reader: Reader,
    size: int,
) -> Moved:
    parts = {part.table: part for part in [*source.messages(), *source.directory()]}
    left = [one for one in shares if await _begun(one, begun)]
    there, about, keys = 0, source.about(), 0

    def tell(more: int) -> None:
        nonlocal there
        there += more
        telling.now(f"copied {there:,} rows, of about {max(about, there):,}")

    for share in left:
        for table in share.tables:
            telling.doing(f"copying {table.name}")
            await copy(parts[table], share.filling, reader, size, tell)
        if _holds_directory(share):
            counted = await reader.begin(source.counted)
            for sequence, last in counted.items():
                await share.filling.count_on(sequence, last)
            keys = await asyncio.to_thread(_keys, data, target)
    files = 0 if target.media is None else await copy_media(data, target.media, telling)
    passing("move.copied")
    rows: dict[str, int] = {}
    for share in left:
        for table in share.tables:
            telling.doing(f"comparing {table.name}")
            rows[table.name] = await compare(parts[table], share.filling, reader)
    if begun.stage != "moved":
        mark(data, msgspec.structs.replace(begun, stage="moved"))
    passing("move.marked")
    telling.doing("opening the database to servers")
    # Messages last: with both in their places nothing is missing to whoever starts.
    for share in sorted(left, key=lambda one: one.has_messages):
        await share.filling.finish(source.inbox_epoch if share.has_messages else None)
        passing("move.opened")
    return Moved(rows, keys, files)


def _fit(data: Path) -> None:
    """Raise a `Told` unless this is a whole data folder."""
    if not (data / MESSAGES).is_dir() or not (data / DIRECTORY).is_file():
        raise MoveError(f"{data} is no data folder: name it with --data-path")
    refuse_unfinished(data)
    refuse_half(data)


@asynccontextmanager
async def _filling(url: str) -> AsyncIterator[Filling]:
    filling = await Filling.open(url)
    try:
        yield filling
    finally:
        await filling.close()


async def _shares(target: Target, opened: AsyncExitStack) -> list[_Share]:
    if target.messages == target.directory:
        filling = await opened.enter_async_context(_filling(target.messages))
        return [_Share(filling, MESSAGES_TABLES + DIRECTORY_TABLES)]
    return [
        _Share(await opened.enter_async_context(_filling(url)), tables)
        for url, tables in ((target.messages, MESSAGES_TABLES), (target.directory, DIRECTORY_TABLES))
    ]


def _holds_directory(share: _Share) -> bool:
    return share.tables[-1].schema == DIRECTORY_TABLES[0].schema


async def _agreed(data: Path, target: Target, shares: list[_Share]) -> Move | None:
    """The move that folder and databases agree upon; None if it was done before. Raises `MoveError`."""
    known = move_of(data)
    every = []
    for share in shares:
        await share.filling.fits(messages=share.has_messages, revision=REVISION if _holds_directory(share) else None)
        every.append(await share.filling.held())
    for held in every:
        if held is not None and (known is None or held.id != known.id):
            what = "an installation was moved into it before" if held.finished else "half of another move is in it"
            raise MoveError(f"the database is not empty: {what}. Name a new one, made by `chinwag cluster init`")
    if known is not None and known.stage == "moved" and None in every:
        refuse_moved(data)  # to another database than this
    if known is not None and all(held is not None and held.finished for held in every):
        return None
    for share, held in zip(shares, every, strict=True):
        await share.filling.idle()
        if held is None:
            await share.filling.empty(share.tables)
    return known or Move(secrets.token_hex(16), target.name, system_clock())


async def _begun(share: _Share, begun: Move) -> bool:
    """Let a database begin or go on; whether there is anything left to do in it."""
    held = await share.filling.held()
    if held is not None and held.finished:
        return False
    await share.filling.begin(begun.id, share.tables)
    return True


def _keys(data: Path, target: Target) -> int:
    """Seal the keys of the folder into the database, in the place of those there; how many sign."""
    if not (data / "keys").is_dir():
        return 0
    held = FileKeyStore(data / "keys").read()
    if not held.keys or not held.secret:
        return 0  # nobody has ever logged in, or everybody has to again
    store = SealedKeyStore(target.directory, target.secret)
    # From the youngest on: should this be cut short, and looked at, it signs already.
    store.replace(held.keys[-1], held.secret)
    for key in (*held.keys[:-1], *held.push):
        store.add(key)
    if store.read() != held:
        raise MoveError("the keys that were sealed into the database are not those of the data folder: run this again")
    return len(held.keys)


async def _closed(source: Source, reader: Reader) -> None:
    await reader.begin(source.close)
