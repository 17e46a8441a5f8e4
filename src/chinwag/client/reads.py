"""Read marks on their way: each is said again until its event comes back."""

from collections.abc import Iterator
from typing import Final

from chinwag.client.store import DeviceStore
from chinwag.wire import frames
from chinwag.wire.values import ConversationId

REPEAT_SECONDS: Final = 5.0
REPEATS: Final = 6
"""A mark that does not come back after so many times does not move: the account has read further already."""
CAPACITY: Final = 1_000
"""Conversations whose marks may be on their way; the oldest go first."""


class _Mark:
    __slots__ = ("due", "number", "said")

    def __init__(self, number: int) -> None:
        self.number = number
        self.said = 0
        self.due = 0.0


class Reads:
    """The marks that are not confirmed. Times are seconds of the event loop's clock."""

    def __init__(self, store: DeviceStore) -> None:
        self._store = store
        self._marks = {conversation: _Mark(number) for conversation, number in store.reads().items()}
        self._confirmed: dict[ConversationId, int] = {}

    def read(self, conversation: ConversationId, number: int) -> None:
        """The account has read up to `number`."""
        held = self._marks.get(conversation)
        if number <= self._confirmed.get(conversation, 0) or (held is not None and number <= held.number):
            return
        self._marks[conversation] = _Mark(number)
        self._store.save_read(conversation, number)
        if len(self._marks) > CAPACITY:
            self._forget(next(iter(self._marks)))

    def confirmed(self, conversation: ConversationId, number: int) -> None:
        """The own mark came back."""
        if len(self._confirmed) >= CAPACITY:
            self._confirmed.pop(next(iter(self._confirmed)))
        self._confirmed[conversation] = max(number, self._confirmed.pop(conversation, 0))
        held = self._marks.get(conversation)
        if held is not None and held.number <= number:
            self._forget(conversation)

    def due(self, now: float) -> Iterator[frames.Read]:
        """The frames to write now."""
        for conversation, mark in list(self._marks.items()):
            if mark.due > now:
                continue
            if mark.said >= REPEATS:
                self._forget(conversation)
                continue
            mark.said += 1
            mark.due = now + REPEAT_SECONDS
            yield frames.Read(conversation, mark.number)

    def disconnected(self) -> None:
        """What was said may not have been heard."""
        for mark in self._marks.values():
            mark.due, mark.said = 0.0, 0

    def _forget(self, conversation: ConversationId) -> None:
        del self._marks[conversation]
        self._store.remove_read(conversation)
