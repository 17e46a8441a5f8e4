"""The state of all conversations as a device holds it: loaded afresh, then kept by events. Does no I/O.

Applying an event twice changes nothing, so events may overlap with what was loaded. What is kept through events
equals what is loaded afresh (P11 of docs/guarantees.md), in the sense of `comparable`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from chinwag.client import counting, large, membership
from chinwag.client.comparable import Comparable, comparable
from chinwag.client.conversations import History
from chinwag.client.events import Unknown, decode_numbered
from chinwag.client.membership import Member, Mirrored
from chinwag.client.reactions import Counted, OnMessage
from chinwag.wire.conversations import ConversationView, ReactionCountPage
from chinwag.wire.frames import Counts
from chinwag.wire.large import GroupHead
from chinwag.wire.preferences import Preferences, Preferred
from chinwag.wire.values import (
    AccountEvent,
    AccountId,
    AccountSettingsChanged,
    ConversationId,
    Created,
    Deleted,
    Deletion,
    Delivered,
    Edited,
    Event,
    Gone,
    LastEdit,
    Message,
    Notice,
    NumberedEvent,
    PreferencesChanged,
    Reaction,
    Read,
    Role,
    Withheld,
    direct_members,
)

MESSAGES: Final = 200
"""Messages and notices cached of each conversation: the newest."""
ALL: Final = AccountId("*")
"""What a mention of everybody names."""

LATE: Final = 500
"""Reactions that are kept of messages which are not cached."""

SHOWN: Final = ("message", "notice")
"""Kinds of events that a conversation shows; all others change one of them."""


def is_shown(event: NumberedEvent | Unknown) -> bool:
    """Whether this stands in the conversation itself."""
    return isinstance(event, Message | Notice) or (isinstance(event, Unknown) and event.kind in SHOWN)


def changed_at(event: NumberedEvent | Unknown) -> int:
    """The number of the event that changed this one last, 0 for none: the higher form of one event holds."""
    if not isinstance(event, Message):
        return 0
    return max(0 if event.edited is None else event.edited.number, 0 if event.deleted is None else event.deleted.number)


def joined(ranges: list[tuple[int, int]], first: int, last: int) -> list[tuple[int, int]]:
    """Rising ranges that neither touch nor overlap, with one more."""
    apart = [(low, high) for low, high in ranges if high < first - 1 or low > last + 1]
    touching = [(low, high) for low, high in ranges if not (high < first - 1 or low > last + 1)]
    whole = (min([first, *(low for low, _ in touching)]), max([last, *(high for _, high in touching)]))
    return sorted([*apart, whole])


class Mirror:
    """The conversations of `account`."""

    def __init__(self, account: AccountId) -> None:
        self.account = account
        self.conversations: dict[ConversationId, Mirrored] = {}
        self.share_read: bool | None = None
        """Whether one shows how far one has read, and is shown how far others have; None: not known. When it changes,
        conversations are to be loaded afresh."""
        self._preferred: dict[ConversationId, Preferred] = {}

    def by_activity(self) -> list[Mirrored]:
        """All conversations, the latest first."""
        return sorted(self.conversations.values(), key=lambda one: (one.at, one.id), reverse=True)

    def preferences(self, conversation: ConversationId) -> Preferences:
        """What one wants of a conversation, which need not be loaded."""
        preferred = self._preferred.get(conversation)
        return Preferences() if preferred is None else preferred.preferences

    def prefer(self, preferred: Preferred) -> None:
        """Preferences were loaded, or an answer has them. Of two for one conversation the higher version holds."""
        known = self._preferred.get(preferred.conversation)
        if known is None or preferred.version > known.version:
            self._preferred[preferred.conversation] = preferred

    def put(self, view: ConversationView) -> Mirrored:
        """A conversation was loaded afresh; its cached messages stay."""
        held = self.conversations.get(view.id)
        if held is not None and held.head > view.head:
            # The events that came meanwhile know more than the answer that they overtook.
            return held
        loaded = self.conversations[view.id] = Mirrored(
            id=view.id,
            kind=view.kind,
            role=view.role,
            title=view.title,
            settings=view.settings,
            members={one.account: Member(one.role, one.read, one.delivered, one.read_at) for one in view.members},
            first=view.first,
            head=view.head,
            ordinal=view.ordinal,
            at=view.at,
            read=view.read,
            read_ordinal=view.ordinal - view.unread,
            mentions=set(view.mentions),
            last=None if view.last == msgspec.Raw(b"null") else decode_numbered(view.last),
            messages={} if held is None else held.messages,
            pins=list(view.pins),
            avatar=view.avatar,
            wide=view.wide,
            large=view.large,
            count=view.member_count if view.wide else 0,
        )
        if held is not None and held.head < view.head and (held.large or (held.role is None and view.wide)):
            loaded.messages = {}  # what lies between may have changed them, and nobody has told
            loaded.told = None if loaded.role is None else held.told
        elif held is not None:
            loaded.loaded, loaded.stale = held.loaded, held.stale
            loaded.reactions, loaded.late = held.reactions, held.late
            loaded.turn, loaded.uncounted = held.turn, held.uncounted
        if loaded.last is not None:
            self.keep(view.id, [loaded.last])
        return loaded

    def drop(self, conversation: ConversationId) -> None:
        """The conversation is not to be seen any more."""
        self.conversations.pop(conversation, None)

    def clear(self) -> None:
        """Forget everything, cached messages too: the server was restored."""
        self.conversations.clear()
        self._preferred.clear()

    def keep(
        self,
        conversation: ConversationId,
        events: Iterable[NumberedEvent | Unknown],
        head: int | None = None,
        turn: int = 0,
    ) -> None:
        """Cache a page of history: all messages and notices between its first and its last number, as they are now.
        What nobody is shown, as who joins a wide group, is not kept. Of two forms of a message the newer holds; beyond
        `MESSAGES` the oldest go. head, turn: the page's, as of which its reactions are; None for what has none."""
        held = self.conversations.get(conversation)
        if held is None:
            return
        numbers: list[int] = []
        for event in events:
            numbers.append(event.number)
            if not is_shown(event) or (isinstance(event, Notice) and not membership.shows(held, event, self.account)):
                continue
            if isinstance(event, Message):
                if head is not None:
                    counting.of_page(held, event, head, turn, self.account)
                event = msgspec.structs.replace(event, reactions=()) if event.reactions else event
            known = held.messages.get(event.number)
            if known is None or changed_at(event) >= changed_at(known):
                held.messages[event.number] = event
                held.stale.discard(event.number)
                if held.last is not None and held.last.number == event.number:
                    held.last = event
        if numbers:
            held.loaded = joined(held.loaded, min(numbers), max(numbers))
        if len(held.messages) > MESSAGES:
            newest = sorted(held.messages)[-MESSAGES:]
            held.messages = {number: held.messages[number] for number in newest}
            held.stale &= held.messages.keys()
            held.reactions = {n: one for n, one in held.reactions.items() if n in held.messages or n > newest[-1]}
            held.loaded = [(max(first, newest[0]), last) for first, last in held.loaded if last >= newest[0]]

    def cached(self, conversation: ConversationId, before: int, limit: int) -> list[NumberedEvent | Unknown] | None:
        """The last `limit` messages and notices below number `before`, if all of them are cached; rising."""
        held = self.conversations[conversation]
        first = next((low for low, high in held.loaded if low < before <= high + 1), before)
        found = sorted(number for number in held.messages if first <= number < before)[-limit:]
        if len(found) < limit and first > held.first:
            return None
        return [held.messages[number] for number in found]

    def apply(self, event: Event | Unknown) -> ConversationId | None:
        """Take an event. Returns a conversation that must be loaded before this event can count, else None."""
        if isinstance(event, AccountEvent):
            change = event.change
            if isinstance(change, PreferencesChanged):
                self.prefer(Preferred(change.conversation, change.preferences, change.version))
            elif isinstance(change, AccountSettingsChanged):
                self.share_read = change.settings.share_read
            return None
        if isinstance(event, Read | Delivered):
            self._mark(event)
            return None
        if not event.conversation or event.number < 1:
            return None
        held = self.conversations.get(event.conversation)
        if held is None or (held.role is None and event.number > held.head):
            begun = self._begin(event)
            if begun is None:
                return event.conversation
            self.conversations[event.conversation] = held = begun
        elif event.number > held.head + 1:
            if not held.large or large.turns(event, self.account):
                return event.conversation
            self._ahead(held, event)
            return None
        if event.number > held.head:
            self._advance(held, event)
        self._content(held, event)
        return None

    def reactions(self, conversation: ConversationId) -> dict[int, Counted]:
        """What is on each cached message of which that is known: equal to what a page has as of the last event."""
        held = self.conversations[conversation]
        return {number: one.counted() for number, one in held.reactions.items() if number in held.messages}

    def comparable(self, own_numbers: Mapping[ConversationId, Sequence[int]]) -> dict[ConversationId, Comparable]:
        """The state in a form in which kept and loaded mirrors are equal.

        own_numbers: the numbers of one's own messages in each conversation. Of another's mark one is told only when
        it newly covers one of these, so marks between them are not compared; nor are times.
        """
        return {
            one.id: comparable(one, own_numbers.get(one.id, ()), self.account) for one in self.conversations.values()
        }

    def differing(self, page: Sequence[NumberedEvent | Unknown]) -> list[int]:
        """The numbers of cached messages and notices that are not as they are on a page of history, newly loaded. Those
        that are known to be stale are asked for again, and left out; so are all of a conversation that one has left."""
        found = []
        for event in page:
            held = self.conversations.get(event.conversation)
            if held is None or held.role is None or event.number in held.stale:
                continue
            now = msgspec.structs.replace(event, reactions=()) if isinstance(event, Message) else event
            if held.messages.get(event.number, now) != now:
                found.append(event.number)
        return found

    # Large groups

    def moved(self, told: GroupHead) -> Mirrored | None:
        """A large group is that far: its conversation, if that is news."""
        held = self.conversations.get(told.conversation)
        if held is None or held.role is None or not held.large or told.head <= held.head:
            return None
        if held.told is not None and held.told.head >= told.head:
            return None
        held.told = told
        if told.all > max(held.head, held.read):
            held.mentions.add(told.all)
        return held

    def count(self, told: Counts) -> bool:
        """Take what followers of a large group are told of the reactions there. Whether some was not told before it:
        then what is on the screen is to be asked for, and given to `recount`."""
        held = self.conversations.get(told.conversation)
        return held is not None and counting.tell(held, told)

    def recount(self, conversation: ConversationId, page: ReactionCountPage, *, all_shown: bool = True) -> None:
        """Take the answer to what was asked of reactions in a large group. all_shown: of all that is on the screen."""
        held = self.conversations.get(conversation)
        if held is not None:
            counting.load(held, page, all_shown)

    def skip(self, conversation: ConversationId, number: int) -> None:
        """What lies between the number held of a large group and `number` may not be read: one was away then."""
        held = self.conversations.get(conversation)
        if held is not None:
            held.head = max(held.head, number)

    def take_page(self, conversation: ConversationId, page: History) -> bool:
        """Take a page of changes that follows the number held. False if the conversation is to be loaded for the rest:
        one went, and came in again, which says nothing of what the group has become."""
        for event in page.events:
            held = self.conversations.get(conversation)
            for gap in page.gaps:
                if held is not None and gap.first <= held.head + 1 <= gap.last < event.number:
                    self.skip(conversation, gap.last)
            if self.apply(event) is not None:
                return False
        return True

    def _ahead(self, held: Mirrored, event: NumberedEvent | Unknown) -> None:
        """Something of a large group that concerns oneself, with a hole before it: it is kept, and counts as what was
        said of oneself. The number held stays where it is."""
        self._content(held, event)
        if isinstance(event, Message) and event.sender == self.account:
            self._read(held, event.sender, event.number, event.ordinal)
        self._count(held, event)
        held.told = large.further(held.told, event)

    def _begin(self, event: NumberedEvent | Unknown) -> Mirrored | None:
        """The conversation that `event`, its first, begins; None if this is not such an event."""
        if event.number != 1:
            return None
        pair = direct_members(event.conversation)
        if pair is not None:
            members = {account: Member(Role.MEMBER) for account in pair}
            return Mirrored(id=event.conversation, kind="direct", role=Role.MEMBER, members=members)
        if isinstance(event, Notice) and isinstance(event.change, Created):
            return Mirrored(id=event.conversation, kind="group", role=None)
        return None

    def _advance(self, held: Mirrored, event: NumberedEvent | Unknown) -> None:
        held.head, held.ordinal = event.number, event.ordinal
        if is_shown(event) and (not isinstance(event, Notice) or membership.shows(held, event, self.account)):
            held.at, held.last = event.sent_at, event
        if isinstance(event, Notice):
            membership.change(held, event, self.account)
        elif isinstance(event, Message) or (isinstance(event, Unknown) and event.kind == "message"):
            # A member who writes has read up to there.
            self._read(held, event.sender, event.number, event.ordinal)
        self._count(held, event)

    def _count(self, held: Mirrored, event: NumberedEvent | Unknown) -> None:
        """Keep the unread messages that speak to one, of which none needs to be cached. Once for each event."""
        if isinstance(event, Message):
            known = held.messages.get(event.number)  # a later form of it may have come before, ahead of the number held
            now = known if isinstance(known, Message) and changed_at(known) > changed_at(event) else event
            number, speaks = event.number, now.mentioned
        elif isinstance(event, Edited):
            number, speaks = event.target, event.mentioned
        elif isinstance(event, Deleted):
            number, speaks = event.target, ()
        else:
            return
        if number > held.read and (self.account in speaks or ALL in speaks):
            held.mentions.add(number)
        else:
            held.mentions.discard(number)

    def _mark(self, event: Read | Delivered) -> None:
        held = self.conversations.get(event.conversation)
        if held is None:
            return
        if isinstance(event, Read):
            self._read(held, event.account, event.number, event.ordinal, event.at)
        elif (member := held.members.get(event.account)) is not None:
            member.delivered = max(member.delivered, event.number)

    def _read(self, held: Mirrored, account: AccountId, number: int, ordinal: int, at: int = 0) -> None:
        member = held.members.get(account)
        if member is not None and not held.wide and number > member.read:
            member.read, member.delivered, member.read_at = number, max(member.delivered, number), at
        if account == self.account:
            held.read, held.read_ordinal = max((held.read, held.read_ordinal), (number, ordinal))
            if held.mentions:
                held.mentions = {one for one in held.mentions if one > held.read}

    def _react(self, held: Mirrored, event: Reaction) -> None:
        known = held.reactions.get(event.target)
        if known is not None:
            known.take(event, self.account)
        elif not held.late or event.number > held.late[-1].number:
            held.late = [*held.late[-LATE + 1 :], event]

    def _content(self, held: Mirrored, event: NumberedEvent | Unknown) -> None:
        self.keep(held.id, [event])
        if isinstance(event, Message) and event.number in held.messages and not event.deleted:
            held.reactions.setdefault(event.number, OnMessage(event.number))
        if isinstance(event, Reaction):
            self._react(held, event)
        if isinstance(event, Deleted):
            held.pins = [one for one in held.pins if one != event.target]
            if event.target in held.messages:
                held.reactions[event.target] = OnMessage(event.number)
        if not isinstance(event, Edited | Deleted):
            return
        target = held.messages.get(event.target)
        if not isinstance(target, Message) or changed_at(target) >= event.number:
            return
        if isinstance(event, Deleted):
            deletion = Deletion(event.number, event.sender, event.sent_at)
            self.keep(
                held.id, [msgspec.structs.replace(target, body=Gone(), mentioned=(), edited=None, deleted=deletion)]
            )
        else:
            # What is not told here is not as it was either: another change may follow, but not to whom is out by then.
            body = event.body if event.body is not None else Withheld()
            edited = LastEdit(event.number, event.sent_at)
            self.keep(held.id, [msgspec.structs.replace(target, body=body, mentioned=event.mentioned, edited=edited)])
            if event.body is None:
                held.stale.add(event.target)
