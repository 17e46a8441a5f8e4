"""`chinwag export`: an account, or everything, as JSON Lines."""

import asyncio
import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, BinaryIO

import cyclopts
import msgspec
from cyclopts import Parameter
from rich.console import Console

import chinwag
from chinwag.adapters.embedded import open_embedded
from chinwag.assembly import open_directory_in
from chinwag.cli.settings import read_settings, with_settings
from chinwag.cli.telling import TerminalTelling
from chinwag.cli.trouble import UsageError
from chinwag.domain.account import name_key
from chinwag.domain.ids import AccountId
from chinwag.flow.export import Export
from chinwag.lasting import whole_file
from chinwag.life.backup import checkpoint_of
from chinwag.ports.directory import Directory

app = cyclopts.App(
    name="export",
    help="""Write an account, or everything, as JSON Lines: one JSON object a line, in UTF-8.

    An account's export holds its profile, devices, friends, conversations and the messages that it may read. The
    server may run meanwhile: the export is of one moment. Progress goes to standard error.
    """,
)


@app.default
@with_settings("data")
def export(
    account: Annotated[str | None, Parameter(help="The account's name, or its id. Without it: everything.")] = None,
    *,
    output: Annotated[Path | None, Parameter(help="The file to make. Without it: standard output.")] = None,
    **flags: str | None,
) -> None:
    """Write an account, or everything, as JSON Lines."""
    data = read_settings(flags).config.data.path.expanduser()
    if output is not None and output.exists():
        raise UsageError(f"{output} exists already: name another file")
    with TerminalTelling() as telling, checkpoint_of(data, telling) as (stores, checkpoint), _opened(output) as file:
        lines = asyncio.run(_export(stores, checkpoint.at, account, file, telling))
    Console(stderr=True, highlight=False).print(f"exported {lines:,} lines", markup=False)


async def _export(stores: Path, at: int, account: str | None, file: BinaryIO, telling: TerminalTelling) -> int:
    encode = msgspec.json.Encoder().encode
    embedded = await open_embedded(stores)
    try:
        directory = await open_directory_in(stores)
        try:
            export = Export(
                directory,
                embedded.message_store,
                embedded.mark_store,
                embedded.inbox,
                version=chinwag.__version__,
                at=at,
                tell=telling.now,
            )
            lines = export.of_everything() if account is None else export.of_account(await _find(directory, account))
            count = 0
            async for line in lines:
                file.write(encode(line) + b"\n")
                count += 1
            file.flush()
            return count
        finally:
            await directory.close()
    finally:
        await embedded.close()


async def _find(directory: Directory, account: str) -> AccountId:
    async with directory.reading() as transaction:
        found = await transaction.accounts.named(name_key(account)) or await transaction.accounts.get(
            AccountId(account)
        )
    if found is None:
        raise UsageError(f"there is no account {account!r}: `chinwag user list` shows all")
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
