"""Runs `chinwag` as `quick_server.py` does, and what goes on besides in large groups at once: who is there is counted
twice a second, whoever left is forgotten after a second, and two have their turn at a time to be pushed to.

To be run as a program, with the arguments of `chinwag`.
"""

import sys
from pathlib import Path

COMMAND = (sys.executable, __file__)
"""For `ServerProcess(command=...)`."""
FORGOTTEN_MS = 1_000
TURNS = 2


def hasten() -> None:
    """To be called before anything of the server is put together."""
    from prove.faults import soon

    from chinwag.flow.large import forget_left
    from chinwag.flow.push import spread

    soon.hasten()
    forget_left.POLL_SECONDS = soon.GROUPS_SECONDS  # type: ignore[misc]
    forget_left.DAY_MS = FORGOTTEN_MS  # type: ignore[attr-defined]
    spread.TOGETHER = TURNS  # type: ignore[misc]


if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).parents[2])
    from tests.support.quick_server import CHEAP

    from chinwag.flow.access import passwords

    hasten()
    setattr(passwords, "PasswordHasher", CHEAP)  # noqa: B010 - an assignment would have to be of a type
    from chinwag.cli import main

    main()
