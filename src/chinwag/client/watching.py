"""Large groups, whose events come only to who asks for them: where they are, and what is said in one that is open."""

import asyncio
import random
from collections.abc import Sequence
from typing import Final

from chinwag.client.asking import Asking
from chinwag.client.errors import ApiError, LoggedOut
from chinwag.client.feed import Feed
from chinwag.client.following import Following
from chinwag.client.link import Link
from chinwag.wire.large import GroupHead, GroupHeads
from chinwag.wire.values import ConversationId

HEADS_SECONDS: Final = (300.0, 600.0)
"""How long after one look at where watched groups are the next one is, at random: nudges may be lost."""
NAMED: Final = 100
"""Groups that one request names."""


class Watching(Asking):
    """The large groups of this account."""

    _following: Following
    _feed: Feed
    _link: Link

    def watch(self, conversations: Sequence[ConversationId]) -> None:
        """Be told when these large groups move (`GroupHead` among the updates), and no others: 500 at most, else
        ValueError. It holds until other ones are named, whatever becomes of the connection."""
        if self._following.watch(conversations):
            self._link.pump()

    def follow(self, conversation: ConversationId, after: int) -> None:
        """Have what is said in a large group from after number `after` on, as it is said: `Fed` among the updates, in
        order and without a hole. 20 groups at once, else ValueError.

        It is begun by `FeedBegan`, and goes on over interruptions until `unfollow`, `FeedFar` or `FeedEnded`.
        """
        self._following.follow(conversation, after)
        self._link.pump()

    def unfollow(self, conversation: ConversationId) -> None:
        """Have it no longer."""
        frame = self._following.unfollow(conversation)
        if frame is not None:
            self._link.send(frame)

    def follows(self, conversation: ConversationId) -> bool:
        """Whether that group is followed, or will be as soon as there is a connection."""
        return self._following.follows(conversation)

    async def heads(self, conversations: Sequence[ConversationId]) -> list[GroupHead]:
        """Where these groups are; those of which one is no member are left out."""
        found: list[GroupHead] = []
        for first in range(0, len(conversations), NAMED):
            named = list(conversations[first : first + NAMED])
            found += (await self._http.get("/v1/conversations/heads", GroupHeads, conversation=named)).heads
        return found

    async def _tell_heads(self) -> None:
        """For as long as the client lives: where watched groups are, after each `watch` and from time to time."""
        wanted = self._following.heads_wanted
        while True:
            try:
                async with asyncio.timeout(random.uniform(*HEADS_SECONDS)):  # noqa: S311 - only spread
                    await wanted.wait()
            except TimeoutError:
                pass
            wanted.clear()
            if not self._link.online:
                continue
            try:
                for head in await self.heads(self._following.watched):
                    self._feed.put_head(head)
            except LoggedOut:
                return
            except ApiError:
                continue
