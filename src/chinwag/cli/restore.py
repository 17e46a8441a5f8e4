"""`chinwag restore`: a backup becomes a data folder."""

from pathlib import Path
from typing import Annotated, Final

import cyclopts
from cyclopts import Parameter

from chinwag.cli.out import megabytes, say
from chinwag.cli.profile import need_folder
from chinwag.cli.settings import read_settings, with_settings
from chinwag.cli.trouble import UsageError

CLEAR_WORD: Final = "everything"

app = cyclopts.App(name="restore")


@app.default
@with_settings("data")
def restore(
    source: Annotated[Path, Parameter(help="The folder of the backup.")],
    *,
    replace: Annotated[
        str | None,
        Parameter(
            help=f"With the word `{CLEAR_WORD}`: replace what the data folder holds. It is put aside in the folder, "
            "in case that you want it back."
        ),
    ] = None,
    **flags: str | None,
) -> None:
    """Make a backup the data folder."""
    if replace is not None and replace != CLEAR_WORD:
        raise UsageError(f"--replace takes the word {CLEAR_WORD}, so that nobody replaces a server's data by mistake")
    from chinwag.cli.telling import TerminalTelling
    from chinwag.life.restore import restore as restore_backup

    config = read_settings(flags).config
    need_folder(config, "restore PostgreSQL by its own means, then run `chinwag cluster restored` (docs/backup.md)")
    data = config.data.path.expanduser()
    with TerminalTelling() as telling:
        manifest, _, replaced = restore_backup(source.expanduser(), data, replace=replace is not None, telling=telling)
    files = f"{len(manifest.files)} files, {megabytes(manifest.bytes)}"
    say(f"restored {files} to {data}: start the server with `chinwag serve`")
    if replaced is not None:
        say(f"what was there before is in {replaced}: delete that when you are sure")
