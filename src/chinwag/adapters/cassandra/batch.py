"""What a batch of commits makes of the tables, in the order in which it must be written.

All rows carry the timestamp of the last record that the batch applies to their conversation. So of two workers that
overlap, whatever batches they make, the row that knows more is the newer one, and two of one timestamp are the same.
"""

from collections.abc import Iterable, Sequence
from typing import Final
from zlib import crc32

from chinwag.adapters import names, stored
from chinwag.adapters.cassandra.companion_rows import companion_changes
from chinwag.adapters.cassandra.member_rows import changes_of
from chinwag.adapters.cassandra.schema import BUCKET, KEY_SHARDS
from chinwag.adapters.cassandra.span_rows import span_changes
from chinwag.adapters.cassandra.stamps import stamp_of
from chinwag.adapters.cassandra.standings import Standing
from chinwag.adapters.cassandra.statements import Changes, Values, Write, delete, insert
from chinwag.domain.refusal import Code, Refused
from chinwag.ports.message_store import Commit, Row

EVENT: Final = insert("events", "conversation bucket number event", 2)
STATE: Final = insert("states", "conversation state ended clearing", 1)
KEY: Final = insert("send_keys", "conversation device shard id key", 3)
MENTION: Final = insert("mentions", "account conversation number since", 2)
REACTION: Final = insert("reactions", "conversation bucket message account reacted", 2)
REACTION_BUCKET: Final = insert("reaction_buckets", "conversation bucket there", 1)
CLEAR: Final = delete("reactions", "conversation bucket message", 2)
COUNTS: Final = insert("reaction_counts", "conversation bucket message counts", 2)
CLEAR_COUNTS: Final = delete("reaction_counts", "conversation bucket message", 2)

_LAST: Final = (1 << 63) - 1


def key_shard(id: bytes) -> int:  # noqa: A002 - the field's name
    """Which part of a device's send keys the one of this id is in."""
    return crc32(id) % KEY_SHARDS


class Batch:
    """Commits of one partition and one epoch. Making it raises what is wrong with them, before anything is sent."""

    def __init__(self, commits: Sequence[Commit]) -> None:
        epochs = {commit.state.applied.epoch for commit in commits}
        if len(epochs) != 1:
            raise Refused(Code.UNAVAILABLE, "a batch is of one epoch of the log", 1.0)
        self.commits = commits
        self.epoch = epochs.pop()
        self.rows: Changes = []
        """Everything but what follows, in no order."""
        self.rewrites: list[Changes] = []
        """Of each conversation, one after the other: they are written after all that was found through them."""
        for commit in commits:
            self._add(commit)

    def states(self, standings: Iterable[Standing]) -> tuple[Changes, list[Standing]]:
        """The states, written last, and how their conversations stand then. standings: before it, of each commit."""
        changes: Changes = []
        after = []
        for commit, before in zip(self.commits, standings, strict=True):
            state = commit.state
            clearing = tuple(dict.fromkeys((*before.clearing, *commit.cleared)))
            standing = Standing(state.applied, state.head, before.at(state.applied), clearing, turns=state.reacted)
            row = (stored.sealed(state), stored.sealed(standing.ended), stored.sealed(clearing))
            changes.append((STATE, (names.known(state.id), *row, stamp_of(state.applied))))
            after.append(standing)
        return changes, after

    def _add(self, commit: Commit) -> None:
        at, conversation = stamp_of(commit.state.applied), names.known(commit.state.id)
        if not conversation or commit.state.head > _LAST:
            raise Refused(Code.BAD_REQUEST, "a conversation has a name, and numbers below 2^63")
        later = dict(commit.rewrites)
        for number, row in commit.events:
            if number not in later:
                self.rows.append(_event(conversation, number, row, at))
        self.rewrites.append([_event(conversation, number, row, at) for number, row in later.items()])
        for name, key in dict(commit.keys).items():  # of two of one name the later holds
            written = names.written(name.id)
            whose = names.known(name.conversation), names.known(name.device), key_shard(written)
            self.rows.append((KEY, (*whose, written, stored.sealed(key), at)))
        self.rows += span_changes(commit, conversation, at)
        for mention in commit.mentions:
            speaks = names.known(mention.account), conversation, mention.number, mention.since
            self.rows.append((MENTION, (*speaks, at)))
        self.rows += companion_changes(commit, conversation, at)
        self.rows += changes_of(commit, conversation, at)
        cleared = set(commit.cleared)
        for message, account_id, reacted in commit.reactions:
            if message in cleared:
                continue  # it would be removed at once
            bucket = message // BUCKET
            who = names.known(account_id)
            self.rows.append((REACTION, (conversation, bucket, message, who, stored.sealed(reacted), at)))
            self.rows.append((REACTION_BUCKET, (conversation, bucket, b"", at)))
        for message, counts in commit.counts:
            if message not in cleared:
                self.rows.append((COUNTS, (conversation, message // BUCKET, message, stored.sealed(counts), at)))


def clearing(commit: Commit, messages: Iterable[int]) -> Changes:
    """Remove the reactions to `messages`, and of a wide group their counts, up to what `commit` applies."""
    at, conversation = stamp_of(commit.state.applied), names.known(commit.state.id)
    tables = (CLEAR, CLEAR_COUNTS) if commit.state.wide else (CLEAR,)
    return [(one, (at, conversation, message // BUCKET, message)) for message in messages for one in tables]


def _event(conversation: bytes, number: int, row: Row, at: int) -> tuple[Write, Values]:
    return EVENT, (conversation, number // BUCKET, number, stored.row(row), at)
