"""A server that can open no file and take no connection, as its limit of file descriptors is reached."""

import contextlib
import resource
from collections.abc import Iterator
from typing import Final

from prove.process import ServerProcess

NONE: Final = 3
"""Standard input, output and error are open already: nothing else may be opened."""


@contextlib.contextmanager
def no_files(server: ServerProcess) -> Iterator[None]:
    """What the server has open stays open; it gets nothing more until the block is left. Needs no privilege."""
    soft, hard = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (NONE, hard))
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (soft, hard))
