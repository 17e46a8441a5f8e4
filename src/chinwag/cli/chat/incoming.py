"""What comes in while somebody sits at the terminal: each thing is taken into the mirror, and told or shown."""

import time
from typing import Final

from chinwag.cli.chat.line import Line
from chinwag.cli.chat.room import Room, new
from chinwag.cli.chat.words import clock, is_said, people_in, preview
from chinwag.client import (
    Counts,
    Fed,
    FeedBegan,
    FeedEnded,
    FeedFar,
    GroupHead,
    LoadAfresh,
    Mirrored,
    Offline,
    Online,
    Slowed,
    Unknown,
    Update,
    take,
    watch,
)
from chinwag.client.membership import shows
from chinwag.wire.values import (
    AccountEvent,
    AccountId,
    Announced,
    Delivered,
    DeliveryChanged,
    FriendAccepted,
    FriendRequested,
    Joined,
    Left,
    Message,
    Notice,
    NumberedEvent,
    Presence,
    Reaction,
    Read,
    Removed,
    Typing,
    direct_id,
)

TYPING_SECONDS: Final = 8.0
"""One is told again that somebody is writing after so long."""
_ANNOUNCEMENTS_KNOWN: Final = 1_000


class Incoming:
    """What was told already in `room`, so that nothing is told twice."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._announced: dict[str, None] = {}
        self._lost = False
        self._wrote_at: dict[AccountId, float] = {}

    async def update(self, update: Update) -> None:
        """Take and show one thing. Raises `ApiError` when the server cannot be asked for what it takes."""
        room = self._room
        match update:
            case Offline():
                if not self._lost:
                    self._lost = True
                    room.note("connection lost; trying again", "warn")
            case Online():
                if self._lost:
                    self._lost = False
                    room.note("back", "good")
            case Typing():
                self._typing(update)
            case Presence():
                if room.people.heard(update) and self._concerns(update.account):
                    room.note(f"{room.people.name(update.account)} is {'online' if update.online else 'offline'}")
            case Slowed():
                self._slowed(update)
            case GroupHead():
                self._moved(update)
            case Fed():
                await self._event(update.event, update)
            case FeedBegan() | FeedFar() | FeedEnded():
                await take(room.mirror, room.client, update)
                if isinstance(update, FeedFar) and update.conversation == room.current:
                    room.note("Much was said here meanwhile: these are the newest lines.")
                    await room.open(update.conversation)
            case Counts():
                await take(room.mirror, room.client, update)
                room.show_counts(update.conversation, [one.number for one in update.messages])
            case LoadAfresh():
                await take(room.mirror, room.client, update)
                watch(room.mirror, room.client)
                room.note("You were away for long: everything was loaded afresh.")
                await room.show_list()
                if room.current is not None:
                    await room.open(room.current)
            case Read() | Delivered():
                await take(room.mirror, room.client, update)
                self._mark(update)
            case AccountEvent():
                await self._account(update)
            case _:
                await self._event(update)

    async def _event(self, event: NumberedEvent | Unknown, came: Fed | None = None) -> None:
        """Something happened in a conversation. came: as what, if the conversation is followed."""
        room = self._room
        await take(room.mirror, room.client, came or event)
        held = room.mirror.conversations.get(event.conversation)
        if isinstance(event, Notice) and isinstance(event.change, Joined | Left | Removed | DeliveryChanged):
            watch(room.mirror, room.client)
        if held is None or event.number <= room.shown.get(event.conversation, 0):
            return
        if held.large and event.conversation == room.current and came is None and event.number > held.head:
            return  # the feed brings it, with what lies before it
        room.shown[event.conversation] = event.number
        await room.people.meet(people_in(event))
        if event.conversation == room.current:
            if not isinstance(event, Notice) or shows(held, event, room.client.account):
                await room.show(held, event)
            if isinstance(event, Notice) and _changes_way(event):
                room.follow(held)
                room.tell_size(held)
            room.oldest_shown = room.oldest_shown or event.number
            room.read(held)
            self._wrote_at.pop(event.sender, None)
        elif self._is_news(held, event):
            await room.know(held)
            who = "" if isinstance(event, Notice) or held.kind == "direct" else room.people.name(event.sender) + ": "
            room.note(f"• {room.title(held.id)}{new(held)} {who}{preview(event, room.people.name)}")

    def _is_news(self, held: Mirrored, event: NumberedEvent | Unknown) -> bool:
        """Whether what happens in a conversation that is not open is told: what is said and done there by others, and
        what they put on one's own messages."""
        room = self._room
        if room.is_muted(held.id):
            return False
        if isinstance(event, Notice):
            return shows(held, event, room.client.account)
        if isinstance(event, Reaction):
            target = held.messages.get(event.target)
            mine = isinstance(target, Message) and target.sender == room.client.account
            return mine and event.on and event.sender != room.client.account
        return event.sender != room.client.account and is_said(event)

    def _moved(self, head: GroupHead) -> None:
        """More was said in a large group that is not open: tell how much is unread there."""
        room = self._room
        held = room.mirror.conversations.get(head.conversation)
        unread = 0 if held is None else held.unread
        held = room.mirror.moved(head)
        if held is None or held.id == room.current or room.is_muted(held.id) or held.unread <= max(unread, 0):
            return
        room.note(f"• {room.title(held.id)}{new(held)}")

    def _slowed(self, slowed: Slowed) -> None:
        room = self._room
        seconds = max(1, round(slowed.retry_in))
        what = "1 second" if seconds == 1 else f"{seconds} seconds"
        title = room.title(slowed.conversation)
        room.note(f"{title} takes your messages more slowly: the next one goes out by itself in {what}.", "warn")

    def _typing(self, signal: Typing) -> None:
        room = self._room
        now = time.monotonic()
        if signal.conversation == room.current and now - self._wrote_at.get(signal.account, -1e9) > TYPING_SECONDS:
            if len(self._wrote_at) > 1000:
                self._wrote_at.clear()
            self._wrote_at[signal.account] = now
            room.note(f"{room.people.name(signal.account)} is writing …")

    def _mark(self, event: Read | Delivered) -> None:
        room = self._room
        held = room.mirror.conversations.get(event.conversation)
        if held is None or event.conversation != room.current or event.account == room.client.account:
            return
        own = [n for n, one in held.messages.items() if isinstance(one, Message) and one.sender == room.client.account]
        if own and event.number >= max(own):
            if isinstance(event, Read):
                room.note(f"✓✓ {room.people.name(event.account)} has read it ({clock(event.at)})")
            elif held.kind == "direct":
                room.note("✓✓ delivered")

    async def _account(self, event: AccountEvent) -> None:
        room = self._room
        change = event.change
        room.mirror.apply(event)
        if isinstance(change, Announced):
            self._announce(change)
        elif isinstance(change, FriendRequested | FriendAccepted) and change.by != room.client.account:
            await room.people.meet([change.friend])
            name = room.people.name(change.friend)
            if isinstance(change, FriendRequested):
                room.note(f"{name} asks to be your friend: /accept {name}")
            else:
                room.note(f"{name} and you are friends now")

    def _announce(self, said: Announced) -> None:
        room = self._room
        if said.id in self._announced:
            return
        if len(self._announced) >= _ANNOUNCEMENTS_KNOWN:
            del self._announced[next(iter(self._announced))]
        self._announced[said.id] = None
        room.screen.say(Line(f"{clock(said.at)} ", "dim").add("* The server says: ", "bold").add(said.text, lines=True))

    def _concerns(self, account: AccountId) -> bool:
        room = self._room
        if room.current is None or account == room.client.account:
            return False
        held = room.mirror.conversations.get(room.current)
        if held is not None:
            return account in held.members
        return direct_id(room.client.account, account) == room.current


def _changes_way(notice: Notice) -> bool:
    """Whether a group has become wide, large or small with it."""
    change = notice.change
    return isinstance(change, DeliveryChanged) or (isinstance(change, Joined) and (change.wide or change.large))
