"""What was done to messages, by the acks that came of it, and who was told later what they said before.

An ack names a change that is stored: whatever is asked for from then on must say what is so since. This is gathered as
the record goes, so that of each reading only what was acked before it counts.
"""

from collections import defaultdict
from typing import Final

import msgspec

from prove.facts import WITHHELD
from prove.index.sends import Send

AT_THE_END: Final = 1 << 62
"""When the final histories were asked for: after every ack."""
OF_MESSAGES: Final = ("edited", "deleted")
"""Changes that say what became of a message."""
SWITCHES: Final = ("reaction", "pinned")
"""Changes that put something on or take it off. Asked for again they change nothing, and take no number."""
BETWEEN: Final = (*OF_MESSAGES, "reaction")
"""Events that pages of messages and notices leave out."""


class Settled(msgspec.Struct, frozen=True, gc=False):
    """A change of a message that was acked: as the number that it stands at, and when that was heard first."""

    number: int
    acked_at: int
    send: Send


class Stale(msgspec.Struct, frozen=True, gc=False):
    """Somebody asked for a message after a change of it was acked, and was told what it said before."""

    conversation: str
    number: int
    reader: str
    where: str
    text: str
    settled: Settled


class Changed:
    """Of all conversations."""

    def __init__(self) -> None:
        self._settled: dict[str, dict[int, list[Settled]]] = defaultdict(lambda: defaultdict(list))
        self.stale: Final[list[Stale]] = []

    def acked(self, send: Send, target: int) -> None:
        """A change of message `target` was acked for the first time."""
        self._settled[send.conversation][target].append(Settled(send.number, send.acked_at, send))

    def of(self, conversation: str, number: int) -> list[Settled]:
        """What was acked for a message, in the order of the acks."""
        messages = self._settled.get(conversation)
        return [] if messages is None else messages.get(number, [])

    def read(
        self, conversation: str, number: int, changed: int, text: str, reader: str, where: str, asked: int
    ) -> None:
        """`reader`, who asked at `asked`, was told this of a message, as it was after event `changed`."""
        if conversation not in self._settled or not text or text == WITHHELD:
            return
        for one in self.of(conversation, number):
            if one.number > changed and one.acked_at < asked:
                self.stale.append(Stale(conversation, number, reader, where, text, one))
                return
