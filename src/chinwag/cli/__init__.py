"""The `chinwag` command."""

from chinwag.cli.main import main

__all__ = ["main"]
