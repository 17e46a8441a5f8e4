"""A batch of commits of one partition, as one call to PostgreSQL."""

from collections.abc import Sequence
from itertools import product
from typing import Final

from chinwag.adapters import names, stored
from chinwag.adapters.postgres import members
from chinwag.adapters.postgres.columns import columns
from chinwag.adapters.postgres.postings import Postings
from chinwag.ports.message_store import Commit, Row

_COMMIT: Final = 29
"""How many arguments `messages.commit_2` has."""
_REACT: Final = 6
"""How many `messages.react_1` has besides whether all is committed."""
_COUNT: Final = 5
"""And `messages.count_3`."""


class Batch:
    """What it makes of the tables. All that can fail for what is in it does when it is made."""

    __slots__ = ("_counts", "_members", "_reactions", "_rows", "epoch", "postings")

    def __init__(self, commits: Sequence[Commit], now: int) -> None:
        known, sealed = names.known, stored.sealed
        # Of one epoch, as a worker's batch is of one reading of the log. Were it not so, it would be refused.
        self.epoch = min(commit.state.applied.epoch for commit in commits)
        self.postings = Postings(now)
        states: list[tuple[bytes, bytes]] = []
        events: list[tuple[bytes, int, bytes]] = []
        keys: dict[tuple[bytes, bytes, bytes], bytes] = {}
        spans: dict[tuple[bytes, bytes, int], bytes] = {}
        mentions: list[tuple[bytes, bytes, int, int]] = []
        reactions: list[tuple[bytes, int, bytes, bytes]] = []
        cleared: list[tuple[bytes, int]] = []
        for commit in commits:
            state = commit.state
            conversation = known(state.id)
            states.append((conversation, sealed(state)))
            rows: dict[int, Row] = dict(commit.events)
            rows.update(commit.rewrites)  # one row for each number, as one statement writes none twice
            events += [(conversation, number, stored.row(row)) for number, row in rows.items()]
            for name, key in commit.keys:
                keys[known(name.conversation), known(name.device), names.written(name.id)] = sealed(key)
            for span in commit.spans:
                spans[known(span.account), conversation, span.first] = sealed(span)
            mentions += [(known(one.account), conversation, one.number, one.since) for one in commit.mentions]
            reactions += [
                (conversation, message, known(account), sealed(row)) for message, account, row in commit.reactions
            ]
            cleared += [(conversation, message) for message in commit.cleared]
            self.postings.commit(commit)
        # Most batches have none of either, and are written without looking.
        self._reactions = (*columns(reactions, 4), *columns(cleared, 2)) if reactions or cleared else ()
        self._counts = _counts(commits)
        self._members = members.arguments(commits) or ()
        self._rows: tuple[list[object], ...] = (
            *columns(states, 2),
            *columns(events, 3),
            *columns([(*name, key) for name, key in keys.items()], 4),
            *columns([(*name, span) for name, span in spans.items()], 4),
            *columns(mentions, 4),
        )

    def statement(self) -> str:
        """What commits it: in one transaction, whatever it calls."""
        return _STATEMENTS[bool(self._reactions), bool(self._counts), bool(self._members)]

    def arguments(self, partition: int, turn: int) -> tuple[object, ...]:
        """Of that statement. turn: of the partition."""
        head = partition, self.epoch, turn
        return *head, *self._rows, *self.postings.arguments(), *self._reactions, *self._counts, *self._members


def _counts(commits: Sequence[Commit]) -> tuple[list[object], ...]:
    """What `messages.count_3` wants of a batch; nothing, if there is nothing for it."""
    counts: list[tuple[bytes, int, bytes]] = []
    cleared: list[tuple[bytes, int]] = []
    for commit in commits:
        if commit.counts or (commit.cleared and commit.state.wide):
            conversation = names.known(commit.state.id)
            counts += [(conversation, message, stored.sealed(row)) for message, row in commit.counts]
            cleared += [(conversation, message) for message in commit.cleared]
    return (*columns(counts, 3), *columns(cleared, 2)) if counts or cleared else ()


def _statement(reacts: bool, counts: bool, changes_members: bool) -> str:
    made = f"messages.commit_2({_numbered(1, _COMMIT)})"
    besides = [("react_1", _REACT)] * reacts + [("count_3", _COUNT)] * counts
    besides += [("members_3", members.ARGUMENTS)] * changes_members
    if not besides:
        return f"SELECT {made}"
    first, calls = 1 + _COMMIT, ""
    for place, (function, many) in enumerate(besides):
        calls += f", LATERAL messages.{function}(c.heads IS NOT NULL, {_numbered(first, many)}) AS b{place}"
        first += many
    return f"SELECT c.heads FROM (SELECT {made} AS heads OFFSET 0) AS c{calls}"  # noqa: S608 - our own words


def _numbered(first: int, many: int) -> str:
    return ", ".join(f"${number}" for number in range(first, first + many))


_STATEMENTS: Final = {which: _statement(*which) for which in product((False, True), repeat=3)}
"""By whether it has to do with reactions, with their counts, and with members of wide groups."""
