"""Keeps references: which messages show which uploads, and which picture a group has.

It follows all that is placed (`flow/following.py`). A stream only says where something happened: what counts is the
message, and the state of the conversation, as they are when they are read. So what was deleted meanwhile never gets in,
and reading twice changes nothing.

Whoever was the last member of a group takes its media with it: nobody can come in any more.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
import structlog

from chinwag.domain.ids import ConversationId, UploadId
from chinwag.flow.as_read import content
from chinwag.flow.clock import Clock
from chinwag.flow.following import Following
from chinwag.ports.directory import Directory, MediaReading, MediaReference
from chinwag.ports.follower import Follower, Reached, Stretch
from chinwag.ports.inbox import Inbox
from chinwag.ports.message_store import MessageStore

POLL_SECONDS: Final = 5.0
"""How soon it is noted that a message shows an upload, or no longer."""
HEAD_MS: Final = 300_000
"""How old the moment may be up to which references are known to be whole, where nothing is placed."""
READ: Final = 50
"""Events that are read together: 20 MB at most."""

_MEDIA: Final = b'"media"'
_DELETED: Final = b'"deleted"'
_CHANGES: Final = (b'"avatar"', b'"left"', b'"removed"')
_log = structlog.get_logger(__name__)


class _Body(msgspec.Struct, gc=False):
    type: str
    id: UploadId = UploadId("")


class _Change(msgspec.Struct, gc=False):
    type: str


class _Event(msgspec.Struct, gc=False):
    """Of any event what is looked at."""

    kind: str
    number: int
    body: _Body | None = None
    change: _Change | None = None
    target: int = 0


_decode: Final = msgspec.json.Decoder(_Event).decode


class _Seen:
    """What stretches of events say."""

    def __init__(self) -> None:
        self.shown: dict[tuple[ConversationId, int], UploadId] = {}
        self.gone: dict[ConversationId, set[int]] = {}
        self.changed: set[ConversationId] = set()

    def see(self, conversation: ConversationId, row: bytes) -> None:
        """One event. Most are texts, and are not looked into."""
        if _MEDIA not in row and _DELETED not in row and not any(one in row for one in _CHANGES):
            return
        event = _decode(row)
        if event.kind == "notice" and event.change is not None:
            if event.change.type in ("avatar", "left", "removed"):
                self.changed.add(conversation)
        elif event.kind == "deleted":
            self.gone.setdefault(conversation, set()).add(event.target)
        elif event.kind == "message" and event.body is not None:
            if event.body.type == "media" and event.body.id:
                self.shown[conversation, event.number] = event.body.id
            elif event.body.type == "deleted":
                self.gone.setdefault(conversation, set()).add(event.number)


class References(Follower):
    """Keeps them, one step after another. Of several only one gets on: the others see that it was done."""

    def __init__(self, directory: Directory, inbox: Inbox, store: MessageStore, partitions: int, clock: Clock) -> None:
        """partitions: of the log."""
        self._directory = directory
        self._store = store
        self._clock = clock
        self._following = Following(self, inbox, store, partitions)
        self._began_at = 0
        self._reading: MediaReading | None = None

    @property
    def behind(self) -> int:
        """Events of the streams that were not read at the last look."""
        return self._following.lag

    async def step(self) -> bool:
        """A bounded piece; whether there is more to do. Raises `Refused`: what is kept stays."""
        self._began_at = self._clock()
        if await self._following.step():
            return True
        await self._note_head()
        return False

    async def reached(self) -> Reached | None:
        async with self._directory.reading() as directory:
            self._reading = await directory.media_references.reading()
        return None if self._reading is None else self._reading.reached

    async def begin(self, place: Reached) -> None:
        async with self._directory.transaction() as transaction:
            if not sum((await transaction.uploads.count()).values()) and not await transaction.avatars.page("", 1):
                # Before the first upload no message shows anything: there is nothing to walk through.
                place = msgspec.structs.replace(place, walk=None)
            await transaction.media_references.begin(MediaReading(place))
        _log.info("references to media are made", walk=place.walk is not None)

    async def keep(self, stretches: Sequence[Stretch], before: Reached, after: Reached) -> bool:
        if self._reading is None or self._reading.reached != before:
            return False
        seen = _Seen()
        for stretch in stretches:
            for first in range(stretch.first, stretch.last + 1, READ):
                for row in await self._store.events(stretch.conversation, first, min(stretch.last, first + READ - 1)):
                    seen.see(stretch.conversation, content(row))
        at_head = self._reading.at_head
        if before.walk is None and self._following.lag == 0:
            at_head = self._began_at
        names = sorted({*seen.changed, *(conversation for conversation, _ in seen.shown)})
        states = {
            name: state
            for first in range(0, len(names), READ)
            for name, state in zip(
                names[first : first + READ], await self._store.states(names[first : first + READ]), strict=True
            )
            if state is not None
        }
        closed = {name for name, state in states.items() if state.abandoned}
        async with self._directory.transaction() as transaction:
            references = transaction.media_references
            if not await references.move(before, MediaReading(after, at_head)):
                return False
            shown = [
                MediaReference(upload, conversation, number)
                for (conversation, number), upload in seen.shown.items()
                if number not in seen.gone.get(conversation, ()) and conversation not in closed
            ]
            await references.put(shown)
            for conversation, numbers in seen.gone.items():
                await references.remove(conversation, sorted(numbers))
            for conversation in closed:
                await references.remove_all(conversation)
            for conversation in seen.changed & states.keys():
                state = states[conversation]
                await transaction.avatars.place(conversation, "" if state.abandoned else state.avatar)
        return True

    async def _note_head(self) -> None:
        """Nothing more is to be read: say so from time to time, as what may go waits for it."""
        now = self._reading
        if now is None or now.reached.walk is not None or self._began_at - now.at_head < HEAD_MS:
            return
        async with self._directory.transaction() as transaction:
            await transaction.media_references.move(now.reached, MediaReading(now.reached, self._began_at))
