"""What processes say to each other about the log: batches, what became of them, and who took a partition over.

A batch begins with its version and its partition, in a form that stays for ever. Whoever does not know the version
knows whose partition to leave to a newer process.
"""

import struct
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import msgspec

from chinwag.ports.bus import NodeId
from chinwag.ports.log import Submission

VERSION: Final = 1
"""Of batches. Higher whenever an older process could not take every command of a newer one for what it is."""

_HEAD: Final = struct.Struct(">BH")
_encode: Final = msgspec.msgpack.Encoder().encode
_decode_submission: Final = msgspec.msgpack.Decoder(Submission).decode


class NewerError(Exception):
    """A batch is of a version that this process does not know."""

    def __init__(self, partition: int, version: int) -> None:
        super().__init__(f"version {version}")
        self.partition = partition
        self.version = version


class Batch(msgspec.Struct, frozen=True):
    """Some submissions of one process, in order. sender: its name in this life; number: rises with each batch."""

    sender: str
    number: int
    submissions: list[msgspec.Raw]


class Said(StrEnum):
    """What became of a batch. Of all but the first: it is not in."""

    TAKEN = "taken"
    FULL = "full"
    ELSEWHERE = "elsewhere"
    UNREADABLE = "unreadable"


class Reply(msgspec.Struct, frozen=True):
    """The answer to a batch."""

    said: Said


class Claimed(msgspec.Struct, frozen=True):
    """`node` takes the commands of `partition` from now on, under `epoch`."""

    partition: int
    epoch: int
    node: NodeId


encode = _encode
decode_reply: Final = msgspec.msgpack.Decoder(Reply).decode
decode_claimed: Final = msgspec.msgpack.Decoder(Claimed).decode
_decode_batch: Final = msgspec.msgpack.Decoder(Batch).decode


def encode_batch(partition: int, batch: Batch) -> bytes:
    """A batch as it is sent."""
    return _HEAD.pack(VERSION, partition) + _encode(batch)


def decode_batch(message: bytes) -> tuple[int, Batch]:
    """A partition and a batch for it. Raises `NewerError`, and `msgspec.DecodeError` for what is no batch."""
    if len(message) < _HEAD.size:
        raise msgspec.DecodeError("too short for a batch")
    version, partition = _HEAD.unpack_from(message)
    if version > VERSION:
        raise NewerError(partition, version)
    return partition, _decode_batch(memoryview(message)[_HEAD.size :])


def submissions(batch: Batch) -> Sequence[Submission]:
    """What it holds. Raises `msgspec.DecodeError`."""
    return [_decode_submission(each) for each in batch.submissions]
