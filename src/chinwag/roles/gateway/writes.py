"""Writes of one turn of the loop, together at its end: one system call a socket, however many frames it gets."""

import asyncio
from typing import Protocol

import structlog

from chinwag.fail_points import passing, passing_half_way

_log = structlog.get_logger(__name__)


class Written(Protocol):
    """What has frames to write."""

    closing: bool

    def flush(self) -> None:
        """Write them."""
        ...

    def cut(self) -> None:
        """Let go of a socket that cannot be written to."""
        ...


class Writes:
    """Those with frames to write in this turn. Made on the event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._dirty: list[Written] = []

    def add(self, one: Written) -> None:
        """`one` has frames to write at the end of this turn. Once a turn."""
        if not self._dirty:
            self._loop.call_soon(self._flush)
        self._dirty.append(one)

    def _flush(self) -> None:
        dirty, self._dirty = self._dirty, []
        for one in passing_half_way("gateway.half", dirty):
            if one.closing:
                continue
            try:
                one.flush()
            except Exception:
                # The others are told nevertheless; this one comes back with its cursor.
                _log.exception("a session could not be written to")
                one.cut()
        passing("gateway.written")
