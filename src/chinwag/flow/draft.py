"""What a batch of decisions makes of one conversation, gathered until it is committed."""

from typing import Final

import msgspec

from chinwag.domain.conversation import Conversation, SendKey, Span, companions
from chinwag.domain.decision import Noted, Numbered
from chinwag.domain.events import Notice
from chinwag.domain.ids import AccountId
from chinwag.domain.mentions import Mention
from chinwag.domain.reactions import Reacted
from chinwag.flow.counting import NOTHING_COUNTED, Counting, Counts
from chinwag.flow.member_rows import MemberRows
from chinwag.ports.message_store import Changed, Commit, Fanout, KeyName, Row

_encode: Final = msgspec.json.Encoder().encode


class Draft:
    """Gathers placements of one conversation, in order."""

    __slots__ = (
        "_audience",
        "_first",
        "_followers",
        "_regrouped",
        "cleared",
        "counting",
        "events",
        "fanouts",
        "keys",
        "members",
        "mentions",
        "reactions",
        "rewrites",
        "spans",
        "state",
    )

    def __init__(self, state: Conversation, followers: tuple[AccountId, ...] = ()) -> None:
        """followers: whose inboxes get every event besides its audience; of all the same. None where no event comes."""
        self.state = state
        self._followers = followers
        self.events: list[tuple[int, bytes]] = []
        self.fanouts: list[Fanout] = []
        self.keys: list[tuple[KeyName, SendKey]] = []
        self.spans: list[Span] = []
        self.rewrites: dict[int, Row] = {}
        self.mentions: dict[tuple[AccountId, int], Mention] = {}
        self.reactions: dict[tuple[int, AccountId], Reacted] = {}
        self.cleared: list[int] = []
        self.counting: Counting | None = None
        self.members: MemberRows | None = None
        self._audience: tuple[AccountId, ...] | None = None
        self._first = 0
        self._regrouped: dict[AccountId, None] = {}

    def place(self, placed: Numbered, name: KeyName, key: SendKey) -> None:
        """Add one placement."""
        number = placed.state.head
        # A notice may change who is a member and stands by itself; all other events in a row have one audience.
        alike = type(placed.event) is not Notice
        if self._audience is not None and not (alike and self._audience == placed.audience):
            self._close(number - 1)
        if self._audience is None:
            self._audience, self._first = placed.audience, number
        self.state = placed.state
        self.events.append((number, _encode(placed.event)))
        self.keys.append((name, key))
        if placed.spans:
            self.spans.extend(placed.spans)
        if placed.mentions:
            for row in placed.mentions:
                self.mentions[row.account, row.number] = row  # of two of one name the later holds
        if placed.rewrites or placed.reactions or placed.cleared:
            self._change(placed)
        if placed.wrote or placed.people:
            if self.members is None:
                self.members = MemberRows()
            self.members.place(placed)

    def _change(self, placed: Numbered) -> None:
        """Add what a placement does to others, as messages do not."""
        if placed.reactions:
            self._react(placed)
        if placed.cleared:
            self.cleared.extend(placed.cleared)
        for one in placed.rewrites:
            # Written last of all that it leads to, also if it was rewritten before.
            self.rewrites.pop(one.event.number, None)
            written = _encode(one.event)
            self.rewrites[one.event.number] = written if one.target is None else Changed(written, one.target)

    def note(self, noted: Noted, name: KeyName, key: SendKey) -> None:
        """Add what changed the state without an event."""
        self.keep(noted.state, name, key)
        if noted.reactions:
            self._react(noted)

    def _react(self, decision: Numbered | Noted) -> None:
        for target, account, reacted in decision.reactions:
            self.reactions[target, account] = reacted
        if decision.counted is not None:
            if self.counting is None:
                self.counting = Counting()
            self.counting.add(decision.state, decision.counted, numbered=type(decision) is Numbered)

    def keep(self, state: Conversation, name: KeyName, key: SendKey) -> None:
        """Add what was noted, or refused for ever: no event, and a key. `state` is at least as new as the draft's."""
        self.state = state
        self.keys.append((name, key))

    def regroup(self, before: Conversation | None) -> None:
        """Note who is told of whom, if what was just added to `before` has changed that.

        Also if the batch changes it back: a worker that made less of a batch may have stored what was between.
        """
        earlier = () if before is None else companions(before)
        now = companions(self.state)
        if earlier != now:
            self._regrouped.update(dict.fromkeys((*earlier, *now)))

    def row(self, number: int) -> Row | None:
        """An event as it is after what was gathered; None if that does not concern it."""
        row = self.rewrites.get(number)
        if row is None and self.events and number >= self.events[0][0]:
            # They are dense.
            row = self.events[number - self.events[0][0]][1] if number <= self.events[-1][0] else None
        return row

    def commit(self, counts: Counts = NOTHING_COUNTED) -> Commit:
        """All of it, for the store. counts: of the messages that reactions in it are about, as they were before."""
        if self._audience is not None:
            self._close(self.events[-1][0])
        commit = Commit(
            self.state,
            self.events,
            self.fanouts,
            self.keys,
            self.spans,
            rewrites=list(self.rewrites.items()),
            mentions=list(self.mentions.values()),
            reactions=[(target, account, row) for (target, account), row in self.reactions.items()],
            cleared=self.cleared,
            regrouped=tuple(self._regrouped),
        )
        if self.counting is not None:
            commit = self.counting.with_counts(commit, counts)
        return commit if self.members is None else self.members.with_rows(commit)

    def _close(self, last: int) -> None:
        assert self._audience is not None
        self.fanouts.append(Fanout(self._first, last, self._audience + self._followers))
        self._audience = None
