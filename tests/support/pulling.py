"""What a device has of large groups: nudges, feeds, and what it asks for by number."""

import msgspec
from prove.facts import FeedFrom, Loaded
from prove.held import Held
from prove.wire import seen as in_session
from tests.support.held import get, load_one
from tests.support.notes import Notes
from tests.support.places import Place

from chinwag.client.conversations import History
from chinwag.client.events import Unknown, decode_numbered
from chinwag.wire.conversations import EventPage
from chinwag.wire.frames import Far, Feed, Followed, Nudge, Unfollowed
from chinwag.wire.large import GroupHead
from chinwag.wire.values import ConversationId, NumberedEvent


class Begins(msgspec.Struct, frozen=True):
    """A feed goes on after a number. skips: what lies between may not be read; beyond: the group ends below what was
    asked for."""

    conversation: ConversationId
    after: int
    skips: bool
    beyond: bool


class Pulling:
    """One device's. fed: the events of each group since it was followed last."""

    def __init__(self) -> None:
        self.nudges: list[Nudge] = []
        self.fed: dict[ConversationId, list[NumberedEvent | Unknown]] = {}
        self.begun: dict[ConversationId, list[int]] = {}
        self.ended: dict[ConversationId, Unfollowed | Far] = {}
        self.asked: dict[ConversationId, int] = {}

    def follows(self, conversation: ConversationId, after: int) -> None:
        """It is about to ask for a feed."""
        self.asked[conversation] = after
        self.fed[conversation], self.begun[conversation] = [], []
        self.ended.pop(conversation, None)

    def take(
        self, frame: Nudge | Feed | Followed | Unfollowed | Far, session: int, notes: Notes
    ) -> NumberedEvent | Unknown | Begins | GroupHead | None:
        """A frame came; what the device's state is to make of it."""
        match frame:
            case Nudge():
                self.nudges.append(frame)
                return GroupHead(frame.conversation, frame.head, frame.ordinal, frame.shown, frame.all, large=True)
            case Followed():
                self.begun[frame.conversation].append(frame.after)
                notes.write(FeedFrom(session, frame.conversation, frame.after))
                fed = self.fed[frame.conversation]
                known = fed[-1].number if fed else self.asked[frame.conversation]
                return Begins(frame.conversation, frame.after, frame.after > known, not fed and frame.after < known)
            case Feed():
                event = decode_numbered(frame.event)
                self.fed[frame.conversation].append(event)
                if not isinstance(event, Unknown):
                    notes.write(in_session(session, 0, event))
                return event
            case _:
                self.ended[frame.conversation] = frame
        return None


async def catch_up(place: Place, token: str, device: str, held: Held, notes: Notes, name: ConversationId) -> None:
    """Take the changes of a group from the number held to its end. One that is far is loaded by its view."""
    while True:
        known = held.mirror.conversations[name]
        path = f"/v1/conversations/{name}/changes?after={known.head}&limit=200"
        page = await get(place, token, path, EventPage)
        assert not page.far, "scripts say less than what is far"
        if not page.events:
            return
        events = [decode_numbered(raw) for raw in page.events]
        notes.write(Loaded(device, name, known.head + 1, events[-1].number))
        if not held.mirror.take_page(name, History(events, page.head, page.gaps)):
            await load_one(place, token, held, name)
            return
