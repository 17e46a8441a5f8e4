"""Runs `chinwag` with cheap password hashes, and all else as it is: scripts sign hundreds of people up.

To be run as a program, with the arguments of `chinwag`.
"""

import sys
from functools import partial

from argon2 import PasswordHasher

from chinwag.flow.access import passwords

CHEAP = partial(PasswordHasher, time_cost=1, memory_cost=8, parallelism=1)
COMMAND = (sys.executable, __file__)
"""For `ServerProcess(command=...)`."""

if __name__ == "__main__":
    assert hasattr(passwords, "PasswordHasher"), "it moved: scripts would hash at full cost"
    setattr(passwords, "PasswordHasher", CHEAP)  # noqa: B010 - an assignment would have to be of a type
    from chinwag.cli import main

    main()
