"""`chinwag export`: an account, or everything, as JSON Lines."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import cyclopts
import msgspec
from cyclopts import Parameter

from chinwag import __version__
from chinwag.cli.out import aside, say
from chinwag.cli.profile import need_drivers
from chinwag.cli.settings import read_settings, with_settings
from chinwag.cli.trouble import UsageError
from chinwag.cli.words_only import words_only
from chinwag.config import Config
from chinwag.domain.account import name_key
from chinwag.domain.ids import AccountId
from chinwag.flow.clock import system_clock
from chinwag.lasting import whole_file
from chinwag.ports.directory import Directory
from chinwag.ports.inbox import Inbox
from chinwag.ports.mark_store import MarkStore
from chinwag.ports.message_store import MessageStore

if TYPE_CHECKING:
    from chinwag.cli.telling import TerminalTelling

app = cyclopts.App(name="export")

Stores = tuple[Directory, MessageStore, MarkStore, Inbox]


@app.default
@with_settings("data", "store", "cluster", "postgres", "s3")
def export(
    account: Annotated[str | None, Parameter(help="The account's name. Without name and id: everything.")] = None,
    *,
    id: Annotated[str | None, Parameter(help="The account's id, as `chinwag user list` shows it.")] = None,  # noqa: A002
    output: Annotated[Path | None, Parameter(help="The file to make. Without it: standard output.")] = None,
    media: Annotated[
        Path | None, Parameter(help="A folder to make, for the pictures, videos and files that messages show.")
    ] = None,
    **flags: str | None,
) -> None:
    """Write an account, or everything, as JSON Lines."""
    from chinwag.cli.telling import TerminalTelling
    from chinwag.life.backup import checkpoint_of

    if account is not None and id is not None:
        raise UsageError("name an account, or give its id with --id: not both")
    words_only()
    config = read_settings(flags).config
    if output is not None and output.exists():
        raise UsageError(f"{output} exists already: name another file")
    if media is not None and media.exists():
        raise UsageError(f"{media} exists already: name another folder")
    wanted = _Wanted(account, None if id is None else AccountId(id))
    with TerminalTelling() as telling, contextlib.ExitStack() as stack:
        if config.store.profile != "embedded":
            need_drivers(config)
            from chinwag.assembly.cluster.operators import cluster_stores

            sources, at = cluster_stores(config, aside), system_clock()
        else:
            stores, checkpoint = stack.enter_context(checkpoint_of(config.data.path.expanduser(), telling))
            sources, at = _folder_stores(stores), checkpoint.at
        file = stack.enter_context(_opened(output))
        lines = asyncio.run(_export(sources, at, wanted, file, telling, None if media is None else (config, media)))
    say(f"exported {lines:,} lines", error=True)


class _Wanted(msgspec.Struct, frozen=True):
    """An account by its name, or by its id; neither: everything. Two fields, as a name may look like an id."""

    name: str | None
    id: AccountId | None


async def _export(
    sources: AbstractAsyncContextManager[Stores],
    at: int,
    wanted: _Wanted,
    file: BinaryIO,
    telling: "TerminalTelling",
    media: tuple[Config, Path] | None,
) -> int:
    from chinwag.assembly.media import saving
    from chinwag.flow.export import Export

    encode = msgspec.json.Encoder().encode
    async with sources as (directory, messages, marks, inbox), saving(media) as save:
        export = Export(directory, messages, marks, inbox, version=__version__, at=at, tell=telling.now, save=save)
        found = await _find(directory, wanted)
        lines = export.of_everything() if found is None else export.of_account(found)
        count = 0
        async for line in lines:
            file.write(encode(line) + b"\n")
            count += 1
        file.flush()
        return count


@contextlib.asynccontextmanager
async def _folder_stores(stores: Path) -> AsyncIterator[Stores]:
    """Those of a checkpoint."""
    from chinwag.adapters.embedded import open_embedded
    from chinwag.assembly import open_directory_in

    embedded = await open_embedded(stores)
    try:
        directory = await open_directory_in(stores)
        try:
            yield directory, embedded.message_store, embedded.mark_store, embedded.inbox
        finally:
            await directory.close()
    finally:
        await embedded.close()


async def _find(directory: Directory, wanted: _Wanted) -> AccountId | None:
    async with directory.reading() as transaction:
        if wanted.id is not None:
            found = await transaction.accounts.get(wanted.id)
        elif wanted.name is not None:
            found = await transaction.accounts.named(name_key(wanted.name))
        else:
            return None
    if found is None:
        by_id = "" if wanted.name is None or not wanted.name.isdecimal() else f" (if that is an id: --id {wanted.name})"
        raise UsageError(f"there is no account {wanted.id or wanted.name}{by_id}: `chinwag user list` shows all")
    return found.id


@contextlib.contextmanager
def _opened(output: Path | None) -> Iterator[BinaryIO]:
    """Where the lines go: a file that only its owner can read, there as a whole or not at all."""
    if output is None:
        yield sys.stdout.buffer
        return
    try:
        with whole_file(output) as file:
            yield file
    except FileExistsError:
        raise UsageError(f"{output} has been made meanwhile, by somebody else: it stays as it is") from None
