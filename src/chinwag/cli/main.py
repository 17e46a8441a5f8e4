"""All commands, and how their errors are told."""

import sys
from typing import Final

import cyclopts
from rich.console import Console

import chinwag
from chinwag.cli.trouble import explain

_HELP: Final = """A chat system people can own.

Start a server with `chinwag serve`, then talk with `chinwag chat` in as many terminals as you like.
"""

app = cyclopts.App(
    name="chinwag", help=_HELP, version=chinwag.__version__, help_format="markdown", result_action="return_value"
)
# Named, not imported: a command loads only what it needs.
app.command("chinwag.cli.serve:app", name="serve")
app.command("chinwag.cli.chat:app", name="chat")
app.command("chinwag.cli.user:app", name="user")
app.command("chinwag.cli.invite:app", name="invite")
app.command("chinwag.cli.announce:app", name="announce")
app.command("chinwag.cli.audit:app", name="audit")
app.command("chinwag.cli.keys:app", name="keys")
app.command("chinwag.cli.demo:app", name="demo")
app.command("chinwag.cli.status:app", name="status")
app.command("chinwag.cli.trace:app", name="trace")
app.command("chinwag.cli.doctor:app", name="doctor")
app.command("chinwag.cli.show_config:app", name="config")
app.command("chinwag.cli.backup:app", name="backup")
app.command("chinwag.cli.restore:app", name="restore")
app.command("chinwag.cli.export:app", name="export")
app.command("chinwag.cli.bench:app", name="bench")


def main() -> None:
    """Run the command that the process was started with; exit with its status."""
    try:
        status = app()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as failure:
        told = explain(failure)
        if told is None:
            raise
        Console(stderr=True, highlight=False).print(f"chinwag: {told}", markup=False, soft_wrap=True)
        sys.exit(1)
    sys.exit(status if isinstance(status, int) else 0)
