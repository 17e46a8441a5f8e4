"""Reading all that is placed, in the order of each conversation, exactly once.

Every placed event is posted, in the commit that places it, to an inbox for its partition of the log (`stream_of`).
These streams are read here as a device reads its inbox: from the place where the reader stopped, which it keeps in the
transaction that stores what it made. So a crash anywhere between loses nothing and does nothing twice.

Who has read nothing yet, or has missed what is not kept any more, takes the streams' ends first, then walks through all
conversations, some events at a time, and goes on from those ends: what was placed meanwhile lies after them.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from chinwag.domain.ids import ConversationId, stream_of
from chinwag.fail_points import passing
from chinwag.ports.follower import Follower, Reached, Stretch, Walk
from chinwag.ports.inbox import Inbox, Run
from chinwag.ports.message_store import MessageStore

ENTRIES: Final = 500
"""Events that one transaction takes of a stream, or of the walk, at most."""
LOOKED_AT: Final = 200
"""Conversations that the walk looks at together."""

_replace = msgspec.structs.replace


class Following:
    """Reads the streams for one follower. Several processes may: what two of them read is kept once."""

    def __init__(self, follower: Follower, inbox: Inbox, store: MessageStore, partitions: int) -> None:
        """partitions: of the log."""
        self._follower = follower
        self._inbox = inbox
        self._store = store
        self._streams = [stream_of(partition) for partition in range(partitions)]
        self.walking = False
        """Whether it is still going through what was placed before it began."""
        self.lag = 0
        """Events placed and not read yet, at the last look and after what is being kept; those that a walk has still to
        read are not counted."""
        self._first = 0

    async def step(self) -> bool:
        """Read on by a bounded piece; whether there is more. Raises `Refused(UNAVAILABLE)`: nothing was read."""
        epoch, heads = await self._inbox.heads(self._streams)
        place = await self._follower.reached()
        if place is None or not self._goes_on(place, epoch, heads):
            place = Reached(epoch, tuple(heads), Walk())
            await self._follower.begin(place)
        self.walking = place.walk is not None
        self.lag = sum(heads) - sum(place.positions)
        if place.walk is not None:
            await self._walk_on(place, place.walk)
            return True
        return await self._read_on(place, heads)

    async def rebuild(self) -> None:
        """Begin anew: forget what was made, and walk through everything."""
        epoch, heads = await self._inbox.heads(self._streams)
        await self._follower.begin(Reached(epoch, tuple(heads), Walk()))
        self.walking = True

    def _goes_on(self, place: Reached, epoch: int, heads: Sequence[int]) -> bool:
        return (
            place.epoch == epoch
            and len(place.positions) == len(heads)
            and all(position <= head for position, head in zip(place.positions, heads, strict=True))
        )

    async def _read_on(self, place: Reached, heads: Sequence[int]) -> bool:
        stretches: list[Stretch] = []
        positions = list(place.positions)
        taken = 0
        # Begun with another one each time: a busy stream keeps no other waiting.
        self._first = (self._first + 1) % len(heads)
        for number in (*range(self._first, len(heads)), *range(self._first)):
            if positions[number] == heads[number] or taken >= ENTRIES:
                continue
            page = await self._inbox.read(self._streams[number], positions[number], ENTRIES)
            if page.bounds.epoch != place.epoch or positions[number] < page.bounds.floor:
                # Restored, or not read for as long as entries are kept.
                await self.rebuild()
                return True
            for entry in page.entries:
                if isinstance(entry, Run):
                    stretches.append(Stretch(entry.conversation, entry.first, entry.first + entry.count - 1))
                taken += entry.count
                positions[number] = entry.position + entry.count - 1
        if not taken:
            return False
        passing("following.read")
        self.lag = max(0, sum(heads) - sum(positions))
        if not await self._follower.keep(stretches, place, _replace(place, positions=tuple(positions))):
            return True  # another process reads as well: look where it is
        return self.lag > 0

    async def _walk_on(self, place: Reached, walk: Walk) -> None:
        names = await self._store.conversations(walk.conversation, LOOKED_AT)
        looked_at = [walk.conversation, *names] if walk.conversation else names
        stretches: list[Stretch] = []
        left, ended = ENTRIES, len(names) < LOOKED_AT
        for name, state in zip(looked_at, await self._store.states(looked_at), strict=True):
            first = walk.number + 1 if name == walk.conversation else 1
            head = 0 if state is None else state.head
            last = min(head, first + left - 1)
            if last >= first:
                stretches.append(Stretch(name, first, last))
                left -= last - first + 1
            walk = Walk(ConversationId(name), max(last, 0))
            if left <= 0:
                ended = False
                break
        after = _replace(place, walk=None if ended else walk)
        if await self._follower.keep(stretches, place, after):
            self.walking = after.walk is not None
