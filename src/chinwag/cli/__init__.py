"""The `chinwag` command."""

from chinwag.collector import uncollected

with uncollected():
    from chinwag.cli.main import main

__all__ = ["main"]
