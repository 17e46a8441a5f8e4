"""No inbox of a partition is told a lower mark after a higher one, whichever process posts the lower one late.

Two processes that have devices of one account may move the same mark at once, and each tells of its own move. Whoever
posts gives up some seconds after it has looked at the mark, and who looks later knows of the higher one: so what was
told is remembered for longer than that, and no longer. Like all that a worker has, this is a function of its stream.
"""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Final, NamedTuple

import msgspec

from chinwag.domain.ids import AccountId, ConversationId

KEPT_MS: Final = 60_000
"""For how long it is remembered what was told, by the stream's time."""
MOST: Final = 4_096
"""Marks that are remembered of one partition, each of one inbox: those told last. They lie with the checkpoint."""
_DIGEST_BYTES: Final = 8
_MARKS: Final = frozenset({"read", "delivered"})

Held = tuple[int, int]
"""The highest number of a mark that an inbox was told, and when one of that mark came last. The key of each is a digest
of mark and inbox."""


class MarkTold(NamedTuple):
    """What an event tells: whose mark it is, where, which one, and how far it is."""

    kind: str
    conversation: ConversationId
    account: AccountId
    number: int


class _Event(msgspec.Struct):
    kind: str = ""
    conversation: ConversationId = ConversationId("")
    account: AccountId = AccountId("")
    number: int = 0


_decode: Final = msgspec.json.Decoder(_Event).decode


def mark_told(event: bytes) -> MarkTold | None:
    """The mark that an event (JSON) tells of; None for any other event."""
    try:
        found = _decode(event)
    except msgspec.MsgspecError:
        return None
    if found.kind in _MARKS:
        return MarkTold(found.kind, found.conversation, found.account, found.number)
    return None


class ToldMarks:
    """Of one partition. told: as `kept` gave it."""

    def __init__(self, told: Mapping[bytes, Held] | None = None) -> None:
        self._told = dict(told or {})
        self._kept: Mapping[bytes, Held] | None = None

    def goes_back(self, inbox: AccountId, mark: MarkTold, at_ms: int) -> bool:
        """Whether that inbox was told a higher one; else it is told this one now. at_ms: the record's time."""
        words = " ".join((inbox, mark.kind, mark.conversation, mark.account))
        key = blake2b(words.encode(), digest_size=_DIGEST_BYTES).digest()
        before = self._told.pop(key, None)
        number = mark.number if before is None else max(before[0], mark.number)
        self._told[key] = (number, at_ms)
        self._kept = None
        self._let_go(at_ms)
        return number > mark.number

    def kept(self) -> Mapping[bytes, Held]:
        """All that is remembered, what came last at the end. It does not change any more."""
        if self._kept is None:
            self._kept = dict(self._told)
        return self._kept

    def _let_go(self, now_ms: int) -> None:
        over: list[bytes] = []
        for key, (_, at) in self._told.items():
            if at > now_ms - KEPT_MS and len(self._told) - len(over) <= MOST:
                break
            over.append(key)
        for key in over:
            del self._told[key]
