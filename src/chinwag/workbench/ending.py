"""A process that ends with the one that started it, and one that may not work for longer than its starter."""

import ctypes
import resource
import signal
import sys
from typing import Final

_DIE_WITH_PARENT: Final = 1
_NO_NEW_RIGHTS: Final = 38
GRACE_SECONDS: Final = 2
"""Of CPU, for a program that wants to end in good order."""

_SYSTEM: Final = ctypes.CDLL(None) if sys.platform == "linux" else None


def end_with_parent() -> None:
    """From now on the end of the parent ends this process, and no program gives it rights that it has not (prctl(2),
    Linux)."""
    if _SYSTEM is not None:
        _SYSTEM.prctl(_DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
        _SYSTEM.prctl(_NO_NEW_RIGHTS, 1, 0, 0, 0)


def end_in_time() -> None:
    """The same, and CPU that is spent ends it for certain: a program may take the first signal for a wish."""
    end_with_parent()
    soft, _ = resource.getrlimit(resource.RLIMIT_CPU)
    if soft != resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_CPU, (soft, soft + GRACE_SECONDS))
