"""What of followed groups waits for the application: what a reset takes along and what not, and how much there is."""

import msgspec
import pytest

from chinwag.client import following as following_module
from chinwag.client.events import Fed, FeedBegan, FeedEnded, FeedFar, LoadAfresh
from chinwag.client.feed import Feed
from chinwag.client.following import Following
from chinwag.wire.codec import Cursor, encode
from chinwag.wire.frames import Error, Follow, Followed, Watch
from chinwag.wire.frames import Feed as FeedFrame
from chinwag.wire.values import ConversationId

from .scripted import TALK, message

pytestmark = pytest.mark.asyncio
TEA = ConversationId("tea")


async def waiting(feed: Feed) -> list[object]:
    """All that waits, taken."""
    feed.close()
    found: list[object] = []
    while (one := await feed.next()) is not None:
        found.append(one)
    return found


async def test_a_reset_keeps_that_a_group_is_followed_no_longer() -> None:
    feed = Feed(Cursor(1, 0))
    feed.put_fed(TEA, FeedBegan(TEA, 3))
    feed.put_fed(TEA, Fed(TEA, message(4)))
    feed.put_fed(TEA, FeedFar(TEA, 5_000))
    feed.put_fed(TALK, FeedEnded(TALK, 9, "not_member"))
    load = LoadAfresh("old", Cursor(1, 40))
    feed.reset(load)
    assert await waiting(feed) == [load, FeedFar(TEA, 5_000), FeedEnded(TALK, 9, "not_member")]


async def test_however_often_a_feed_goes_on_unread_it_is_told_once() -> None:
    feed = Feed(Cursor(1, 0))
    following = Following(feed)
    following.follow(TEA, 3)
    for _ in range(5):
        following.connected()
        assert list(following.due()) == [Follow(TEA, 3)]
        following.take(Followed(TEA, 3))
    following.take(FeedFrame(TEA, msgspec.Raw(encode(message(4)))))
    assert await waiting(feed) == [FeedBegan(TEA, 3), Fed(TEA, message(4))]


async def test_what_is_not_watched_for_now_is_said_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following_module, "AGAIN_SECONDS", 0.0)
    following = Following(Feed(Cursor(1, 0)))
    assert following.watch([TEA])
    assert list(following.due()) == [Watch((TEA,))]
    assert list(following.due()) == []
    following.not_watched(Error("unavailable", "", frame="watch", retryable=True))
    assert list(following.due()) == [Watch((TEA,))]
    following.not_watched(Error("too_many", "", frame="watch"))
    assert list(following.due()) == []
    following.not_watched(Error("rate_limited", "", frame="watch", retryable=True, retry_after=3600.0))
    assert list(following.due()) == []
    following.connected()
    assert list(following.due()) == [Watch((TEA,))]
