"""Answers that wait to be read, in bytes: who does not read must not make the server keep more and more for it."""

import asyncio
from typing import Final, final

import msgspec

from chinwag.domain.refusal import Code, Refused

OWNER: Final = "chinwag.owner"
"""In a request's scope: the account, or address, for which its answer waits."""
LARGEST: Final = "chinwag.largest"
"""In a request's scope: the bytes of the largest piece in which its answer was written."""


class UnreadLimits(msgspec.Struct, frozen=True):
    """How many bytes may be kept for an account (or an address, where none is known), and in all."""

    per_owner: int = 8 << 20
    in_all: int = 256 << 20


class _Kept:
    """What a transport may keep of answers that it was given since it had none: a piece is let go of only as a whole,
    so of one of 4 MB all is kept while its last byte waits."""

    __slots__ = ("given", "largest")

    def __init__(self) -> None:
        self.given = 0
        self.largest = 0

    def add(self, size: int) -> None:
        self.given += size
        self.largest = max(self.largest, size)

    def bytes(self, waiting: int) -> int:
        return max(waiting, min(self.given, waiting + self.largest))


@final
class Unread:
    """The connections whose last answer was not read at once. Bounded by their number."""

    def __init__(self, limits: UnreadLimits | None = None) -> None:
        self.limits: Final = limits or UnreadLimits()
        self._waiting: dict[str, dict[asyncio.Transport, _Kept]] = {}

    def note(self, owner: str, transport: asyncio.Transport, largest: int = 0) -> None:
        """An answer for `owner` is not read yet. largest: the bytes of its largest piece."""
        self._waiting.setdefault(owner, {}).setdefault(transport, _Kept()).add(largest)

    def check(self, owner: str) -> None:
        """Whether `owner` may ask for more. Raises `Refused`: first it should read what it has asked for."""
        if not self._waiting:
            return
        if self._of(owner) > self.limits.per_owner:
            raise Refused(Code.RATE_LIMITED, "read the answers that wait", 1.0)
        if len(self._waiting) > 1 and self.waiting() > self.limits.in_all:
            raise Refused(Code.OVERLOADED, retry_after=5.0)

    def waiting(self) -> int:
        """Bytes that are kept in all."""
        return sum(map(self._of, tuple(self._waiting)))

    def _of(self, owner: str) -> int:
        """Bytes that are kept for `owner`; whoever has read all is forgotten."""
        transports = self._waiting.get(owner)
        if transports is None:
            return 0
        total = 0
        for transport, kept in tuple(transports.items()):
            size = transport.get_write_buffer_size()
            if size:
                total += kept.bytes(size)
            else:
                del transports[transport]
        if not transports:
            del self._waiting[owner]
        return total
