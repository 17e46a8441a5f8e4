"""All commands, and how their errors are told."""

import inspect
import os
import sys
from typing import Final

import cyclopts

import chinwag
from chinwag.cli.catalogue import COMMANDS
from chinwag.cli.out import say

_HELP: Final = """A chat system people can own.

Start a server with `chinwag serve`, then talk with `chinwag chat` in as many terminals as you like.
"""

app = cyclopts.App(
    name="chinwag", help=_HELP, version=chinwag.__version__, help_format="markdown", result_action="return_value"
)
for _command in COMMANDS:
    app.command(_command.app, name=_command.name, help=inspect.cleandoc(_command.help))


def main() -> None:
    """Run the command that the process was started with; exit with its status."""
    try:
        status = app()
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # Nobody reads our output any longer. What is left of it would be written, and fail again, in an ordinary end.
        os._exit(1)
    except Exception as failure:
        from chinwag.cli.trouble import explain

        told = explain(failure)
        if told is None:
            raise
        say(f"chinwag: {told}", error=True)
        sys.exit(1)
    sys.exit(status if isinstance(status, int) else 0)
