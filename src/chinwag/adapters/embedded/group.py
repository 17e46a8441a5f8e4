"""Commits that share one write and one sync."""

import asyncio
from collections.abc import Callable, Sequence

from rocksdict import WriteBatch

from chinwag.domain.ids import AccountId
from chinwag.domain.refusal import Refused


class Group:
    """The rows of some commits. `put` adds or replaces one, `delete` removes one.

    arrivals: (accounts, the position of each, events) of each posting, for the inbox's feed.
    """

    __slots__ = ("arrivals", "delete", "put", "rows", "serial", "waiters")

    def __init__(self, serial: int) -> None:
        self.serial = serial
        self.rows = WriteBatch(raw_mode=True)
        self.put: Callable[[bytes, bytes], None] = self.rows.put
        self.delete: Callable[[bytes], None] = self.rows.delete
        self.waiters: list[asyncio.Future[None]] = []
        self.arrivals: list[tuple[Sequence[AccountId], list[int], list[bytes]]] = []

    def answer(self, refused: Refused | None) -> None:
        """Tell the committers, unless they were told before or have gone."""
        for waiter in self.waiters:
            if waiter.done():
                continue
            if refused is None:
                waiter.set_result(None)
            else:
                # One each: an exception that several tasks raise would gather all their tracebacks.
                waiter.set_exception(Refused(refused.code, refused.detail, refused.retry_after))
