"""What a commit makes of the members of a wide group."""

from typing import Final
from zlib import crc32

from chinwag.adapters import names, stored
from chinwag.adapters.cassandra.schema import JOINING_BUCKET, MEMBER_SHARDS
from chinwag.adapters.cassandra.statements import Changes, Values, Write, insert
from chinwag.ports.message_store import Commit

PERSON: Final = insert("people", "conversation shard account stays", 2)
WROTE: Final = insert("people", "conversation shard account wrote", 2)
JOINING: Final = insert("joinings", "conversation bucket joined length account gone", 2)
JOINING_BUCKETS: Final = insert("joining_buckets", "conversation bucket there", 1)
WIDE: Final = insert("wide_groups", "conversation there", 1)

FORGOTTEN: Final = -1
"""In place of the number with which one left: the row is no more. It says so, as a mention does, since what is removed
may come back with a node that was away for long, and this one as of somebody who is a member."""


def member_shard(account: bytes) -> int:
    """Which part of a group's members an account is in."""
    return crc32(account) % MEMBER_SHARDS


def changes_of(commit: Commit, conversation: bytes, at: int) -> Changes:
    """What it writes of them. at: the timestamp of its rows."""
    changes: Changes = []
    for account, wrote in commit.wrote:
        who = names.known(account)
        changes.append((WROTE, (conversation, member_shard(who), who, stored.sealed(wrote), at)))
    for account, row in commit.people:
        who = names.known(account)
        changes.append((PERSON, (conversation, member_shard(who), who, stored.sealed(row), at)))
    changes += [joining(conversation, joined, names.known(who), left, at) for joined, who, left in commit.joinings]
    for bucket in {joined // JOINING_BUCKET for joined, _, _ in commit.joinings}:
        changes.append((JOINING_BUCKETS, (conversation, bucket, b"", at)))
    if commit.widens:
        changes.append((WIDE, (conversation, b"", at)))
    return changes


def joining(conversation: bytes, joined: int, account: bytes, gone: int, at: int) -> tuple[Write, Values]:
    """A row of the order in which people joined."""
    return JOINING, (conversation, joined // JOINING_BUCKET, joined, len(account), account, gone, at)
