"""Which screen suits what the process was started with."""

import os
import sys
from typing import Final

from chinwag.cli.chat.screen import Screen

_DUMB: Final = frozenset({"", "dumb", "unknown"})


def open_screen() -> Screen:
    """The screen that suits what the process was started with."""
    terminal = _is_terminal(sys.stdin) and _is_terminal(sys.stdout)
    if terminal and os.environ.get("TERM", "") not in _DUMB:
        from chinwag.cli.chat.editor import Editor

        return Editor()
    from chinwag.cli.chat.plain import Plain

    return Plain(interactive=terminal)


def _is_terminal(stream: object) -> bool:
    # A stream that was closed before the start is None.
    isatty = getattr(stream, "isatty", None)
    return isatty is not None and bool(isatty())
