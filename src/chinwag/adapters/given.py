"""What arrived of late in the inboxes that are held here: so what devices say of it need not be read again."""

from collections.abc import Sequence
from typing import Final

import msgspec

from chinwag.domain.events import NumberedEvent
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.ports.inbox import Arrival, Run

KEPT: Final = 50_000
"""Stretches that are remembered at least; twice as many at most."""
_NUMBERED: Final = frozenset(str(kind.__struct_config__.tag) for kind in NumberedEvent.__args__)


class _Head(msgspec.Struct, gc=False):
    """Of an event: what it is, and its number if it is one of a conversation."""

    kind: str = ""
    conversation: str = ""
    number: int = 0


_UNKNOWN: Final = -1
"""The number of what cannot be read here."""
_Heads = list[tuple[ConversationId, int]]
"""Of each event the conversation and its number; without a name, if it is none of a conversation's."""
_Stretch = tuple[int, _Heads]
_head: Final = msgspec.json.Decoder(_Head).decode


class Given:
    """Of one process. kept: stretches."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._epoch = 0
        self._count = 0
        self._young: dict[AccountId, list[_Stretch]] = {}
        self._old: dict[AccountId, list[_Stretch]] = {}

    def note(self, arrivals: Sequence[Arrival]) -> None:
        """These are given to whoever holds the inboxes."""
        before: Sequence[bytes] = ()
        heads: _Heads = []
        for arrival in arrivals:
            if arrival.epoch != self._epoch:
                self._epoch, self._count, self._young, self._old = arrival.epoch, 0, {}, {}
            events = arrival.events
            if not events:
                continue
            if events is not before:  # what goes to many is one list
                before, heads = events, [_named(event) for event in events]
            held = self._young.get(arrival.account)
            if held is None:
                self._young[arrival.account] = [(arrival.position, heads)]
            else:
                held.append((arrival.position, heads))
            self._count += 1
        if self._count > self._kept:
            self._count, self._young, self._old = 0, {}, self._young

    def between(self, account: AccountId, after: int, last: int) -> list[Run] | None:
        """References to events among the entries above `after` up to `last`, each conversation's in their order; None
        if not all of these entries are remembered."""
        found: list[Run] = []
        reached = after
        for stretches in (self._old.get(account, ()), self._young.get(account, ())):
            for position, heads in stretches:
                if position > reached + 1 or reached >= last:
                    continue
                for at, (conversation, number) in enumerate(heads[: last - position + 1], position):
                    if at <= reached:
                        continue
                    if number < 0:
                        return None
                    if conversation:
                        found.append(Run(at, conversation, number, 1))
                reached = max(reached, min(last, position + len(heads) - 1))
        return found if reached >= last else None


def _named(event: bytes) -> tuple[ConversationId, int]:
    try:
        head = _head(event)
    except msgspec.DecodeError:
        return ConversationId(""), _UNKNOWN
    return ConversationId(head.conversation if head.kind in _NUMBERED else ""), head.number
