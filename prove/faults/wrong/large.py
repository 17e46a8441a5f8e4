"""Servers that are wrong only where groups are wide or large: each has the test that must fail over it.

That it does is a test as well: `tests/prove/test_planted_large.py`.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from chinwag.domain import decide, sending
from chinwag.domain.command import Deliver as DeliverOtherwise
from chinwag.domain.conversation import START, Conversation
from chinwag.domain.decision import Numbered
from chinwag.domain.reaction_counts import ReactionCounts
from chinwag.flow import conversations, wide_batch
from chinwag.flow.deliver import Deliver
from chinwag.flow.large.feed import Feed
from chinwag.flow.large.watches import Watches
from chinwag.flow.wide_batch import moves
from chinwag.ports.bus import moved_of
from prove.faults.wrong.wrong import Wrong, replace


def _posting_too_many() -> None:
    def wrapped(plain: Callable[..., Any]) -> Callable[..., Any]:
        def told(state: Conversation, *concerned: Any) -> Any:
            return plain(state, *concerned, *state.members)

        return told

    replace(sending, "told", wrapped)


def _switch_left_out() -> None:
    def wrapped(rules: Any) -> Any:
        plain = rules[DeliverOtherwise]

        def deliver(*given: Any) -> Any:
            placed = plain(*given)
            return msgspec.structs.replace(placed, everyone=False) if isinstance(placed, Numbered) else placed

        return {**rules, DeliverOtherwise: deliver}

    replace(decide, "_RULES", wrapped)


def _marks_after_wide() -> None:
    def wrapped(plain: Callable[..., Any]) -> Callable[..., Any]:
        def members(account: Any, state: Conversation, *more: Any, **words: Any) -> Any:
            return plain(account, msgspec.structs.replace(state, wide=False), *more, **words)

        return members

    replace(conversations, "_members", wrapped)


def _counted_twice() -> None:
    def wrapped(plain: Callable[..., Any]) -> Callable[..., Any]:
        def then(self: ReactionCounts, position: Any, difference: Any) -> Any:
            return plain(msgspec.structs.replace(self, covers=START), position, difference)

        return then

    replace(ReactionCounts, "then", wrapped)


def _fed_after_removal() -> None:
    replace(Feed, "_turn", lambda _: lambda *_: None)


def _told_before_commit() -> None:
    def wrapped(plain: Callable[..., Any]) -> Callable[..., Any]:
        async def _decide(self: Deliver, records: Any) -> Any:
            decided = await plain(self, records)
            for moved in moves(decided.drafts.values()):
                self._bus.publish(moved_of(moved.conversation), moved)
            return decided

        return _decide

    replace(Deliver, "_decide", wrapped)


def _members_ahead() -> None:
    def wrapped(plain: Callable[..., Any]) -> Callable[..., Any]:
        def joined(store: Any, state: Conversation) -> Any:
            return plain(store, msgspec.structs.replace(state, head=1 << 60))

        return joined

    replace(wide_batch, "joined_as_of", wrapped)


def _watched_for_ever() -> None:
    replace(Watches, "_see_to", lambda _: lambda *_: None)


LARGE: Final = (
    Wrong(
        "posting-too-many",
        ("P10",),
        "a message in a large group is posted to its admins too",
        _posting_too_many,
        test="unit/test_wide.py::test_the_joining_above_the_next_bound_makes_it_large_and_is_the_last_that_all_get",
    ),
    Wrong(
        "switch-left-out",
        ("P7",),
        "the notice that a group is delivered otherwise is posted to nobody",
        _switch_left_out,
        test="unit/test_wide.py::test_delivery_changes_at_one_number_for_all_and_only_where_it_may",
    ),
    Wrong(
        "marks-after-wide",
        ("P10",),
        "members of a wide group are shown how far others have read",
        _marks_after_wide,
        test="flow/test_wide_readers.py::test_a_member_whom_the_state_does_not_know_sees_the_group",
    ),
    Wrong(
        "counted-twice",
        ("P6",),
        "a reaction whose command is decided again is counted again",
        _counted_twice,
        test="model/test_wide_groups.py::test_a_kill_between_counts_and_state_counts_nothing_twice",
    ),
    Wrong(
        "fed-after-removal",
        ("P10",),
        "who has left goes on being fed",
        _fed_after_removal,
        test="flow/test_feeds.py::test_who_goes_gets_the_notice_of_that_and_nothing_behind_it",
    ),
    Wrong(
        "told-before-commit",
        ("P2",),
        "it is said that a large group has moved before that is committed",
        _told_before_commit,
        test="flow/test_told_after_commit.py::test_nothing_is_told_of_a_large_group_before_it_is_committed",
    ),
    Wrong(
        "members-ahead",
        ("P5",),
        "a worker that is behind copies to who is a member by now, and not as of what it decides upon",
        _members_ahead,
        test="model/test_wide_groups.py::test_a_worker_a_thousand_records_behind_gives_the_same_rows_and_audiences",
    ),
    Wrong(
        "watched-for-ever",
        ("P10",),
        "who was removed and never reads that is nudged for ever",
        _watched_for_ever,
        test="flow/test_watches.py::test_who_was_removed_and_never_reads_that_is_told_no_more_after_a_while",
    ),
)
