"""Bodies of requests that are not whole yet, or not answered, in bytes: who begins many and ends none must not make the
server keep more and more for it."""

from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any, Final

import msgspec

from chinwag.domain.refusal import Code, Refused

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
"""How an ASGI 3 application is given the parts of a body."""


class BodyLimits(msgspec.Struct, frozen=True):
    """How many bytes may be kept for an account (or an address, where none is known), and in all."""

    per_owner: int = 16 << 20
    in_all: int = 128 << 20


class Bodies:
    """What is kept of bodies. Bounded by the number of connections."""

    def __init__(self, limits: BodyLimits | None = None) -> None:
        self.limits: Final = limits or BodyLimits()
        self.total = 0
        """Bytes that are kept in all."""
        self._owners: dict[str, int] = {}

    def __len__(self) -> int:
        """Owners for whom something is kept."""
        return len(self._owners)

    @contextmanager
    def counted(self, owner: str, receive: Receive) -> Iterator[Receive]:
        """`receive`, whose parts are kept for `owner` until the block ends.

        It raises `rate_limited` for a part that is too much for the owner, `overloaded` for one too much in all.
        """
        held, over = 0, False

        async def part() -> MutableMapping[str, Any]:
            nonlocal held
            message = await receive()
            if not over and (size := len(message.get("body", b""))):
                held += size
                self._add(owner, size)
                self._check(owner)
            return message

        try:
            yield part
        finally:
            over = True
            self._add(owner, -held)

    def _add(self, owner: str, size: int) -> None:
        self.total += size
        kept = self._owners.get(owner, 0) + size
        if kept:
            self._owners[owner] = kept
        else:
            self._owners.pop(owner, None)

    def _check(self, owner: str) -> None:
        if self._owners[owner] > self.limits.per_owner:
            raise Refused(Code.RATE_LIMITED, "finish the requests that are under way", 1.0)
        if self.total > self.limits.in_all:
            raise Refused(Code.OVERLOADED, retry_after=5.0)
