"""What a process has of large groups: the feeds and the watches that its sessions share."""

import msgspec

from chinwag.domain.ids import ConversationId
from chinwag.domain.reactions import SHOWN
from chinwag.flow.large.feeds import Feeds
from chinwag.flow.large.heads import Heads
from chinwag.flow.large.moved import MovedHere
from chinwag.flow.large.outdated import OldClients
from chinwag.flow.large.own_wide import OwnWide
from chinwag.flow.large.recount import Recounted
from chinwag.flow.large.watches import Watches
from chinwag.flow.states import States
from chinwag.ports import Ports
from chinwag.ports.bus import Moved
from chinwag.wire.codec import encode, feed_frame
from chinwag.wire.frames import CountedMessage, CountedReaction, Counts, Nudge


class LargeLegs(msgspec.Struct, frozen=True, kw_only=True):
    """One of each for a process."""

    feeds: Feeds
    watches: Watches
    heads: Heads
    moved: MovedHere
    old: OldClients


def large_legs_on(ports: Ports, states: States) -> LargeLegs:
    """Nobody follows anything yet."""
    moved = MovedHere(ports.bus)
    watches = Watches(ports.message_store, moved, _nudge)
    return LargeLegs(
        feeds=Feeds(ports.message_store, states, moved, feed_frame, _counts),
        watches=watches,
        heads=Heads(ports.message_store, states),
        moved=moved,
        old=OldClients(OwnWide(ports.message_store), watches, states),
    )


def _nudge(moved: Moved) -> bytes:
    return encode(Nudge(moved.conversation, moved.head, moved.ordinal, moved.shown, moved.all))


def _counts(conversation: ConversationId, recounted: Recounted) -> bytes:
    messages = tuple(
        CountedMessage(number, tuple(CountedReaction(*one) for one in counts.counts[:SHOWN]))
        for number, counts in recounted.messages
    )
    return encode(Counts(conversation, recounted.before, recounted.turn, messages))
