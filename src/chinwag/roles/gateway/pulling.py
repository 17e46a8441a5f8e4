"""What one session has of large groups beside its inbox: what it follows, and what it watches."""

from collections.abc import Sequence
from typing import Final, Protocol

import structlog

from chinwag.domain.ids import AccountId, ConversationId, DeviceId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.large.feeds import FarError, Feeds
from chinwag.flow.large.follower import Ended, Follower
from chinwag.flow.large.notices import turn_of
from chinwag.flow.large.watches import FOLLOW_LOOKS, Watches
from chinwag.ports.bus import Moved
from chinwag.wire.codec import About, encode, error_frame
from chinwag.wire.frames import Far, Followed, Unfollowed

FOLLOWS: Final = 20
"""Groups that one session follows at once."""

_log = structlog.get_logger(__name__)


class Way(Protocol):
    """A session's way out. paused_at: since when it has no room, 0.0 while it has."""

    account: AccountId
    device: DeviceId
    closing: bool
    paused_at: float

    def push(self, payload: bytes) -> None:
        """Queue a frame."""
        ...


class Pulling:
    """One session's. It is made with the first thing that the session follows or watches."""

    __slots__ = ("_feeds", "_follows", "_missed", "_out", "_watches", "account", "device", "watched")

    def __init__(self, out: Way, feeds: Feeds, watches: Watches) -> None:
        self._out = out
        self._feeds = feeds
        self._watches = watches
        self._follows: dict[ConversationId, Follower] = {}
        self._missed: dict[ConversationId, bytes] = {}
        self.account: AccountId = out.account
        self.device: DeviceId = out.device
        self.watched: dict[ConversationId, int | None] = {}

    # What the session asks for

    async def watch(self, conversations: Sequence[ConversationId]) -> None:
        """Watch these, and no others."""
        try:
            await self._watches.watch(self, conversations)
        except Refused as refused:
            self._refuse(refused, About("watch"))
        finally:
            if self._out.closing:
                self.ended()

    def begun(self, conversation: ConversationId) -> Follower | None:
        """Follow this one too, in place of an earlier follow of it, as `follow` is to go on with; None: it is refused.
        Frames count in the order in which they come, so that this is done at once."""
        self.unfollow(conversation)
        if len(self._follows) >= FOLLOWS:
            refused = Refused(Code.TOO_MANY, f"a session follows at most {FOLLOWS} groups")
            self._refuse(refused, About("follow", conversation=conversation))
            return None
        follower = self._follows[conversation] = Follower(self, conversation)
        return follower

    async def follow(self, follower: Follower, after: int) -> None:
        """Give it what comes after number `after`. One that was taken back meanwhile gets no answer."""
        if follower.ended:
            return
        conversation = follower.conversation
        about = About("follow", conversation=conversation)
        try:
            self._watches.looks.take(self.account, self.device, FOLLOW_LOOKS)
            await self._feeds.follow(follower, after)
        except FarError as far:
            if self._gone(follower):
                self._out.push(encode(Far(conversation, far.head)))
        except Refused as refused:
            if self._gone(follower):
                self._refuse(refused, about)
        except Exception:
            _log.exception("a follow failed", conversation=conversation)
            if self._gone(follower):
                self._refuse(Refused(Code.INTERNAL), about)

    def unfollow(self, conversation: ConversationId) -> None:
        """Follow this one no longer."""
        follower = self._follows.pop(conversation, None)
        if follower is not None:
            self._feeds.leave(follower)

    # What its socket and its inbox say

    def resumed(self) -> None:
        """The socket has room again."""
        missed, self._missed = self._missed, {}
        for frame in missed.values():
            self._out.push(frame)
        for follower in tuple(self._follows.values()):
            follower.resumed()

    def passed(self, events: Sequence[bytes]) -> None:
        """These came from the inbox: the own going ends the watch."""
        for event in events:
            turn = turn_of(event)
            if turn is not None and turn.gone == self.account:
                self._watches.left(self, turn.conversation)
                self._missed.pop(turn.conversation, None)

    def ended(self) -> None:
        """The session is over."""
        self._watches.gone(self)
        for conversation in tuple(self._follows):
            self.unfollow(conversation)

    # What the feeds and the watches call

    @property
    def full(self) -> bool:
        """Whether the socket has no room now."""
        return bool(self._out.paused_at)

    def push(self, payload: bytes) -> None:
        """A frame of a feed."""
        self._out.push(payload)

    def followed(self, conversation: ConversationId, after: int) -> None:
        """Where a feed goes on."""
        self._out.push(encode(Followed(conversation, after)))

    def unfollowed(self, conversation: ConversationId, number: int, why: Ended) -> None:
        """A feed has ended."""
        follower = self._follows.pop(conversation, None)
        if follower is not None:
            self._feeds.leave(follower)
        if why == "slow":
            self._feeds.figures.slow += 1
        self._out.push(encode(Unfollowed(conversation, number, why)))

    def nudged(self, moved: Moved, frame: bytes) -> None:
        """A watched group has moved: told now, or as soon as the socket has room."""
        if self._out.paused_at:
            self._missed[moved.conversation] = frame
        else:
            self._out.push(frame)

    def _gone(self, follower: Follower) -> bool:
        """It follows no longer; whether it was still to."""
        if self._follows.get(follower.conversation) is not follower:
            return False
        del self._follows[follower.conversation]
        return True

    def _refuse(self, refused: Refused, about: About) -> None:
        self._out.push(error_frame(refused, about))
