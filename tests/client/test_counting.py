"""What a device makes of the reactions in a large group: counted as is told, and asked for after a hole."""

from typing import Any

import msgspec
import pytest

from chinwag.client.events import FeedBegan
from chinwag.client.feed import COUNTED, Feed
from chinwag.client.membership import Mirrored
from chinwag.client.mirror import Mirror
from chinwag.wire.codec import Cursor
from chinwag.wire.conversations import MessageReactions, ReactionCountPage
from chinwag.wire.frames import CountedMessage, CountedReaction, Counts
from chinwag.wire.values import ConversationId, DeliveryChanged, Message, Notice, Reaction, ReactionCount, Role

from .scripted import ME, YOU, message

TEA = ConversationId("g~tea")


def told(before: int, turn: int, **thumbs: int) -> Counts:
    """That so many have a thumb on messages `n5`, `n6`, …"""
    messages = ((int(name[1:]), count) for name, count in thumbs.items())
    return Counts(TEA, before, turn, tuple(CountedMessage(n, (CountedReaction("👍", count),)) for n, count in messages))


def answer(turn: int, number: int, count: int, *, mine: bool) -> ReactionCountPage:
    return ReactionCountPage([MessageReactions(number, [ReactionCount("👍", count, (), mine)])], turn)


def said(number: int) -> Message:
    return msgspec.structs.replace(message(number), conversation=TEA)


def common(number: int) -> dict[str, Any]:
    """What every event has."""
    return {
        "conversation": TEA,
        "number": number,
        "ordinal": 6,
        "sender": YOU,
        "device": "d",
        "id": f"e{number}",
        "sent_at": number,
    }


@pytest.fixture
def mirror() -> Mirror:
    """Of a large group, with messages 5 and 6."""
    mirror = Mirror(ME)
    mirror.conversations[TEA] = Mirrored(id=TEA, kind="group", role=Role.MEMBER, wide=True, large=True, head=6, count=9)
    mirror.keep(TEA, [said(5), said(6)], 6, 3)
    mirror.conversations[TEA].turn = 3
    return mirror


def thumbs(mirror: Mirror, number: int) -> tuple[int, bool] | None:
    known = mirror.conversations[TEA].reactions.get(number)
    return None if known is None else known.counted().get("👍")


def test_counts_are_taken_and_a_lower_turn_changes_nothing(mirror: Mirror) -> None:
    assert not mirror.count(told(3, 5, n5=2))
    assert (thumbs(mirror, 5), thumbs(mirror, 6)) == ((2, False), None)
    assert not mirror.count(told(3, 4, n5=1))
    assert thumbs(mirror, 5) == (2, False)
    mirror.keep(TEA, [said(5)], 6, 4)  # a page that was asked for before
    assert thumbs(mirror, 5) == (2, False)


def test_a_hole_is_one_until_what_is_shown_was_asked_for(mirror: Mirror) -> None:
    assert mirror.count(told(4, 5, n5=2))
    assert mirror.count(told(5, 6, n5=3)), "what was missed is missing still"
    mirror.recount(TEA, answer(6, 6, 8, mine=True), all_shown=False)
    assert mirror.count(told(6, 7)), "one message that was asked for is not all"
    mirror.recount(TEA, answer(7, 6, 9, mine=True))
    assert not mirror.count(told(7, 8, n6=10))
    assert (thumbs(mirror, 5), thumbs(mirror, 6)) == ((3, False), (10, True)), "whether it is mine, no count tells"


def test_that_a_reaction_is_ones_own_is_told_by_an_answer_that_comes_late(mirror: Mirror) -> None:
    mirror.count(told(3, 9, n5=4))
    mirror.recount(TEA, answer(8, 5, 3, mine=True), all_shown=False)
    assert thumbs(mirror, 5) == (4, True)


def test_counts_that_come_before_their_message_are_kept_for_it(mirror: Mirror) -> None:
    mirror.count(told(3, 4, n7=1))
    assert mirror.apply(said(7)) is None
    assert thumbs(mirror, 7) == (1, False)


def test_when_it_is_small_again_counts_go_and_events_tell(mirror: Mirror) -> None:
    mirror.count(told(3, 5, n5=2))
    small = Notice(**common(7), change=DeliveryChanged(False))
    assert mirror.apply(small) is None
    held = mirror.conversations[TEA]
    assert held.uncounted
    assert thumbs(mirror, 5) is None
    mirror.keep(TEA, [said(5)], 6, 5)  # of a page that was asked for before: another is to come
    assert thumbs(mirror, 5) is None
    reacted = Reaction(**common(8), shown=7, target=5, reaction="👍")
    assert mirror.apply(reacted) is None
    mirror.keep(TEA, [said(5)], 7)
    assert thumbs(mirror, 5) == (1, False)


@pytest.mark.asyncio
async def test_counts_that_wait_become_one_and_tell_of_holes_between_them() -> None:
    feed = Feed(Cursor(1, 0))
    feed.put_counts(told(0, 2, n5=1, n6=1))
    feed.put_counts(told(2, 3, n5=2))
    feed.put_fed(TEA, FeedBegan(TEA, 6))
    assert await feed.next() == FeedBegan(TEA, 6)
    assert await feed.next() == told(0, 3, n5=2, n6=1)
    feed.put_counts(told(3, 4, n5=3))
    feed.put_counts(told(6, 7, n5=4))
    assert await feed.next() == told(6, 7, n5=4)
    feed.put_counts(told(7, 8, **{f"n{one}": 1 for one in range(COUNTED + 1)}))
    assert await feed.next() == told(8, 8), "too many: they are to be asked for"
    feed.put_counts(told(8, 9, n5=1))
    feed.drop_fed(TEA)
    feed.close()
    assert await feed.next() is None
