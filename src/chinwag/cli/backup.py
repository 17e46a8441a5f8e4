"""`chinwag backup`: one consistent moment of a data folder, while the server runs or not."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import cyclopts
from cyclopts import Parameter
from rich.console import Console

from chinwag.cli.settings import read_settings, with_settings
from chinwag.cli.telling import TerminalTelling, megabytes
from chinwag.life.backup import back_up

app = cyclopts.App(
    name="backup",
    help="""Back the data folder up, also while the server runs.

    The backup is a new folder with a copy of everything at one moment, keys and hashes of passwords included: keep it
    as safe as the server itself. Its `manifest.json` names versions, sizes and checksums. Give it back with
    `chinwag restore`.
    """,
)


@app.default
@with_settings("data")
def backup(
    target: Annotated[Path, Parameter(help="The folder to make. It must not exist.")], **flags: str | None
) -> None:
    """Back the data folder up."""
    data = read_settings(flags).config.data.path.expanduser()
    with TerminalTelling() as telling:
        manifest = back_up(data, target.expanduser(), telling)
    when = datetime.fromtimestamp(manifest.at / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    said = f"backed up {len(manifest.files)} files, {megabytes(manifest.bytes)}, as of {when}, to {target}"
    Console(highlight=False, soft_wrap=True).print(said, markup=False)
