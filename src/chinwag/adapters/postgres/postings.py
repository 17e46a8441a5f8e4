"""What one transaction posts to inboxes, before the database says at which positions.

To a stream everything is posted. What a transaction posts there is one row, whatever the number of conversations: a
message between two would otherwise cost half as many rows again.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from chinwag.adapters import names
from chinwag.adapters.fanouts import merged
from chinwag.domain.ids import AccountId, ConversationId, is_stream
from chinwag.ports.inbox import Posting
from chinwag.ports.message_store import Commit

TOGETHER: Final = 0
"""The first number of a row that holds several runs in place of an event."""

Runs = list[tuple[ConversationId, int, int]]
"""Conversation, first number and count of each, in order."""

pack: Final = msgspec.msgpack.Encoder().encode
unpack: Final = msgspec.msgpack.Decoder(Runs).decode


class Posted(msgspec.Struct, frozen=True, gc=False):
    """Events (JSON) that have become readable: in the inbox of each of `audience` from its one of `positions` on.

    epoch: of the inboxes then. at: when they were posted, in milliseconds since 1970, if that is longer ago than it
    takes to tell of it; 0: just now.
    """

    epoch: int
    audience: Sequence[AccountId]
    positions: list[int]
    events: Sequence[bytes]
    at: int = 0


class _Told(NamedTuple):
    """Events on their way: in each inbox they follow so many that the transaction posts there before."""

    audience: Sequence[AccountId]
    rows: range
    events: Sequence[bytes]


class Postings:
    """Gathers entries. now: milliseconds since 1970."""

    def __init__(self, now: int) -> None:
        self.now = now
        self._totals: dict[bytes, int] = {}
        self._accounts: list[bytes] = []
        self._ends: list[int] = []
        self._counts: list[int] = []
        self._conversations: list[bytes | None] = []
        self._firsts: list[int | None] = []
        self._events: list[bytes | None] = []
        self._told: list[_Told] = []
        self._streams: dict[bytes, Runs] = defaultdict(list)

    def __len__(self) -> int:
        return len(self._accounts)

    def commit(self, commit: Commit) -> None:
        """Add what a commit of a conversation posts: a row for each run of events and member. Streams are not told."""
        if not commit.fanouts:
            return
        base = commit.events[0][0]
        conversation = names.known(commit.state.id)
        for fanout in merged(commit.fanouts):
            first, count = fanout.first, fanout.last - fanout.first + 1
            events = [event for _, event in commit.events[first - base : first - base + count]]
            begun = len(self)
            audience = fanout.audience
            while audience and is_stream(audience[-1]):
                self._follow(names.known(audience[-1]), commit.state.id, first, count)
                audience = audience[:-1]
            for account in audience:
                self._add(names.known(account), count, conversation, first, None)
            self._told.append(_Told(audience, range(begun, len(self)), events))

    def inline(self, postings: Sequence[Posting]) -> None:
        """Add events that have no number."""
        for posting in postings:
            begun = len(self)
            self._add(names.known(posting.account), 1, None, None, posting.event)
            self._told.append(_Told((posting.account,), range(begun, begun + 1), (posting.event,)))

    def arguments(self) -> tuple[object, ...]:
        """What `messages.post_1` wants, from `p_now` on."""
        accounts = sorted(self._totals)
        backs = [self._totals[account] - end for account, end in zip(self._accounts, self._ends, strict=True)]
        streams = list(self._streams)
        nothing = [None] * len(streams)
        return (
            self.now,
            accounts,
            [self._totals[account] for account in accounts],
            self._accounts + streams,
            backs + [0] * len(streams),
            self._counts + [self._totals[stream] for stream in streams],
            self._conversations + nothing,
            self._firsts + [TOGETHER] * len(streams),
            self._events + [pack(runs) for runs in self._streams.values()],
        )

    def posted(self, answer: Sequence[int]) -> list[Posted]:
        """With their positions. answer: of `messages.post_1`."""
        epoch, *heads = answer
        before = {
            account: head - self._totals[account] for account, head in zip(sorted(self._totals), heads, strict=True)
        }
        lasts = [before[account] + end for account, end in zip(self._accounts, self._ends, strict=True)]
        return self.ending_at(epoch, lasts)

    def ending_at(self, epoch: int, lasts: Sequence[int]) -> list[Posted]:
        """As `posted`, by the last position of each entry."""
        return [
            Posted(epoch, audience, [lasts[row] - self._counts[row] + 1 for row in rows], events)
            for audience, rows, events in self._told
        ]

    def runs(self) -> tuple[list[bytes], list[bytes | None], list[int | None]]:
        """Account, conversation and first number of each entry: where a run is looked for that was stored unseen."""
        return self._accounts, self._conversations, self._firsts

    def _follow(self, stream: bytes, conversation: ConversationId, first: int, count: int) -> None:
        self._totals[stream] = self._totals.get(stream, 0) + count
        self._streams[stream].append((conversation, first, count))

    def _add(
        self, account: bytes, count: int, conversation: bytes | None, first: int | None, event: bytes | None
    ) -> None:
        end = self._totals[account] = self._totals.get(account, 0) + count
        self._accounts.append(account)
        self._ends.append(end)
        self._counts.append(count)
        self._conversations.append(conversation)
        self._firsts.append(first)
        self._events.append(event)
