"""What a device watches and follows of large groups, whatever becomes of its connection. It does no I/O."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from chinwag.client.events import Fed, FeedBegan, FeedEnded, FeedFar, Unknown, decode_numbered
from chinwag.client.feed import Feed
from chinwag.wire import frames
from chinwag.wire.large import GroupHead
from chinwag.wire.values import ConversationId, NumberedEvent

WATCHES: Final = 500
"""Groups that a session may watch."""
FOLLOWS: Final = 20
"""Groups that a session may follow."""
AGAIN_SECONDS: Final = 1.0
"""When a follow that ended for a while is begun again, unless the server says later."""


class _Followed(msgspec.Struct):
    """number: up to which all is with the application, or waits for it. asked: after which it was asked for last. due:
    when it is to be asked for (of the event loop's clock); None while it was. full: there was no room for what came."""

    number: int
    asked: int = 0
    due: float | None = 0.0
    full: bool = False


class Following:
    """The groups that are watched, and those that are followed, each with the number up to which one has it."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._loop = asyncio.get_running_loop()
        self._followed: dict[ConversationId, _Followed] = {}
        self.watched: tuple[ConversationId, ...] = ()
        self.heads_wanted: Final = asyncio.Event()
        """Set when other groups are watched than before, or by a new session."""
        self._tell_watched: float | None = None
        """When it is to be said what is watched (of the event loop's clock); None: it was."""

    def watch(self, conversations: Sequence[ConversationId]) -> bool:
        """Watch these and no others, in any order; whether that is new. Raises ValueError for more than `WATCHES`."""
        wanted = tuple(dict.fromkeys(conversations))
        if len(wanted) > WATCHES:
            raise ValueError(f"a device watches at most {WATCHES} groups")
        if set(wanted) == set(self.watched):
            return False
        self.watched, self._tell_watched = wanted, 0.0
        return True

    def follow(self, conversation: ConversationId, after: int) -> None:
        """Have what comes after a number. Raises ValueError for one group too many."""
        if conversation not in self._followed and len(self._followed) >= FOLLOWS:
            raise ValueError(f"a device follows at most {FOLLOWS} groups")
        self._feed.drop_fed(conversation)
        self._followed[conversation] = _Followed(after)

    def unfollow(self, conversation: ConversationId) -> frames.Unfollow | None:
        """Have it no longer; what is to be said of that."""
        self._feed.drop_fed(conversation)
        return None if self._followed.pop(conversation, None) is None else frames.Unfollow(conversation)

    def follows(self, conversation: ConversationId) -> bool:
        """Whether it is followed."""
        return conversation in self._followed

    # The session

    def connected(self) -> None:
        """A session begins, which knows of nothing."""
        self._tell_watched = 0.0 if self.watched else None
        for one in self._followed.values():
            one.due = 0.0

    def due(self) -> Iterator[frames.Watch | frames.Follow]:
        """What is to be said now."""
        now = self._loop.time()
        if self._tell_watched is not None and self._tell_watched <= now:
            self._tell_watched = None
            self.heads_wanted.set()
            yield frames.Watch(self.watched)
        for conversation, one in self._followed.items():
            if one.due is not None and one.due <= now and not (one.full and self._feed.has_fed(conversation)):
                one.due, one.full, one.asked = None, False, one.number
                yield frames.Follow(conversation, one.number)

    def take(
        self, frame: frames.Followed | frames.Feed | frames.Unfollowed | frames.Far | frames.Error
    ) -> frames.Unfollow | None:
        """Something about a followed group came; what is to be said of that."""
        name = frame.conversation
        one = None if name is None else self._followed.get(name)
        if name is None or one is None or one.due is not None:
            return None  # it is of a follow that is over
        match frame:
            case frames.Feed():
                return self._fed(name, one, decode_numbered(frame.event))
            case frames.Followed():
                skips, beyond = frame.after > one.number, frame.after < one.asked
                if skips or beyond or not self._feed.began_last(name):
                    # Who reads nothing need not hear of it with each session.
                    self._feed.put_fed(name, FeedBegan(name, frame.after, skips, beyond))
                one.number = one.asked = frame.after
            case frames.Far():
                del self._followed[name]
                self._feed.put_fed(name, FeedFar(name, frame.head))
            case frames.Unfollowed(code="slow" | "drain"):
                one.due = self._loop.time() + AGAIN_SECONDS
            case frames.Unfollowed():
                self._over(name, frame.number, frame.code)
            case _ if frame.retryable:
                one.due = self._loop.time() + max(AGAIN_SECONDS, frame.retry_after or 0.0)
            case _:
                self._over(name, one.number, frame.code)
        return None

    def not_watched(self, error: frames.Error) -> None:
        """What was to be watched is not, or not all of it: it is said again, unless that is of no use."""
        if error.retryable and self._tell_watched is None:
            self._tell_watched = self._loop.time() + max(AGAIN_SECONDS, error.retry_after or 0.0)

    def told(self, counts: frames.Counts) -> None:
        """Reactions to messages of a followed group are others now."""
        one = self._followed.get(counts.conversation)
        if one is not None and one.due is None:
            self._feed.put_counts(counts)

    def _fed(self, name: ConversationId, one: _Followed, event: NumberedEvent | Unknown) -> frames.Unfollow | None:
        if event.number != one.number + 1:
            # Something is missing, or comes twice: it is known from where on it is wanted.
            one.due = 0.0
        elif self._feed.put_fed(name, Fed(name, event)):
            one.number = event.number
            return None
        else:
            one.due, one.full = 0.0, True
        return frames.Unfollow(name)

    def _over(self, name: ConversationId, number: int, code: str) -> None:
        del self._followed[name]
        self._feed.put_fed(name, FeedEnded(name, number, code))


def head_of(nudge: frames.Nudge) -> GroupHead:
    """Where the group is that has moved."""
    return GroupHead(nudge.conversation, nudge.head, nudge.ordinal, nudge.shown, nudge.all, large=True)
