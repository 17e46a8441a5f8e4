"""What a record of an inbox stream holds: what one source posted to the inboxes of one partition, in its own order.

A record begins with its version, in a form that stays for ever: whoever does not know it leaves the partition to a
newer process.
"""

from typing import Final
from zlib import crc32

import msgspec

from chinwag.adapters.inboxes.rows import Moved
from chinwag.domain.conversation import Position
from chinwag.domain.ids import AccountId, ConversationId

PARTITIONS: Final = 16
"""Inbox partitions of a cluster, unless it was made with another number of them."""
VERSION: Final = 2
"""Of records. Higher whenever an older process could not take a newer one's for what it is."""
NONE: Final = ConversationId("")
"""In the place of a conversation, where an event has no number."""


class Entry(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Consecutive events of one conversation for the inboxes of `accounts`, or events without a number.

    positions: where each event stands in its source, rising. first: the number of the first. events: their JSON; empty
    where a conversation's are too long to be carried: whoever wants them reads them.
    """

    accounts: list[AccountId]
    positions: list[Position]
    conversation: ConversationId
    first: int
    events: list[bytes]


class Posted(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One record. source: whose positions these are. A record holds all that its source posts to this partition between
    its lowest position and its highest. forgotten: whose entries so far nobody is to read any more. moved: marks of
    which its entries tell.
    """

    source: str
    entries: list[Entry]
    forgotten: list[AccountId] = []
    moved: list[Moved] = []


class NewerRecordError(Exception):
    """A record is of a version that this process does not know."""


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(Posted).decode


def inbox_partition(account: AccountId, partitions: int) -> int:
    """The partition of an account's inbox: the same in every process and for ever."""
    return crc32(account.encode()) % partitions


def encode(record: Posted) -> bytes:
    """A record as it is appended."""
    return bytes((VERSION,)) + _encode(record)


def decode(record: bytes) -> Posted:
    """What was appended. Raises `NewerRecordError`, and `msgspec.DecodeError` for what is no record."""
    if not record:
        raise msgspec.DecodeError("an empty record")
    if record[0] > VERSION:
        raise NewerRecordError(f"version {record[0]}")
    return _decode(memoryview(record)[1:])
