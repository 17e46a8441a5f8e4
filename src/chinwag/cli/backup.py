"""`chinwag backup`: one consistent moment of a data folder, while the server runs or not."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import cyclopts
from cyclopts import Parameter

from chinwag.cli.out import megabytes, say
from chinwag.cli.profile import need_folder
from chinwag.cli.settings import read_settings, with_settings

app = cyclopts.App(name="backup")


@app.default
@with_settings("data")
def backup(
    target: Annotated[Path, Parameter(help="The folder to make. It must not exist.")], **flags: str | None
) -> None:
    """Back the data folder up."""
    from chinwag.cli.telling import TerminalTelling
    from chinwag.life.backup import back_up

    config = read_settings(flags).config
    need_folder(config, "back PostgreSQL up by its own means, with the cluster's secret (docs/backup.md)")
    data = config.data.path.expanduser()
    with TerminalTelling() as telling:
        manifest = back_up(data, target.expanduser(), telling)
    when = datetime.fromtimestamp(manifest.at / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    said = f"backed up {len(manifest.files)} files, {megabytes(manifest.bytes)}, as of {when}, to {target}"
    say(said)
