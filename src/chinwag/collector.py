"""Python's garbage collector, which has nothing to do while a program begins."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Collect nothing meanwhile, nor look later at what is there by the end.

    For imports and for what a program makes once: nearly all of it stays until the end, and it grows so fast that the
    collector would go through it again and again. The little that is garbage then stays as
    well, so do not use this for anything else.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        if was_on:
            gc.enable()
