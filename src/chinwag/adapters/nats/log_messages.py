"""What processes say to each other about the log: batches, what became of them, and who took a partition over.

A batch begins with its version and its partition, in a form that stays for ever. Whoever does not know the version
knows whose partition to leave to a newer process.
"""

import struct
from enum import StrEnum
from typing import Final

import msgspec

from chinwag.domain.command import RULES_VERSION
from chinwag.ports.bus import NodeId
from chinwag.ports.log import Submission

VERSION: Final = 1
"""Of batches. Higher whenever an older process could not take every command of a newer one for what it is."""

_HEAD: Final = struct.Struct(">BH")
_encode: Final = msgspec.msgpack.Encoder().encode


class NewerError(Exception):
    """A batch, or the rules of a command in it, is of a version that this process does not know."""

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


class Reply(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer to a batch. aside: the places of those that nobody can read; all others of a batch that is taken are
    in."""

    said: Said
    aside: tuple[int, ...] = ()


class _Rules(msgspec.Struct, frozen=True, array_like=True):
    """What stays for ever of the rules of a command, however new: first comes their version."""

    version: int = RULES_VERSION


class _Ruled(msgspec.Struct, frozen=True):
    """What is looked for in a command that cannot be read: for whom it was made."""

    rules: _Rules = _Rules()


class _Unreadable(msgspec.Struct, frozen=True):
    command: _Ruled


class Claimed(msgspec.Struct, frozen=True):
    """`node` takes the commands of `partition` from now on, under `epoch`."""

    partition: int
    epoch: int
    node: NodeId


encode = _encode
decode_reply: Final = msgspec.msgpack.Decoder(Reply).decode
decode_claimed: Final = msgspec.msgpack.Decoder(Claimed).decode
_decode_submission: Final = msgspec.msgpack.Decoder(Submission).decode
_decode_unreadable: Final = msgspec.msgpack.Decoder(_Unreadable).decode
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


class Contents(msgspec.Struct, frozen=True):
    """What a batch holds: what can be read, each with its length; and what cannot, by place, with what is wrong."""

    readable: list[tuple[Submission, int]]
    unreadable: dict[int, str]


def contents_of(partition: int, batch: Batch) -> Contents:
    """What a batch for `partition` holds. Raises `NewerError` for one with a command that this process cannot read, as
    it is of rules that only a newer one knows."""
    found = Contents([], {})
    for place, each in enumerate(batch.submissions):
        try:
            found.readable.append((_decode_submission(each), memoryview(each).nbytes))
        except msgspec.DecodeError as error:
            version = _rules_of(each)
            if version > RULES_VERSION:
                raise NewerError(partition, version) from error
            found.unreadable[place] = str(error)
    return found


def _rules_of(submission: msgspec.Raw) -> int:
    """The version of the rules of a command that cannot be read; this one's if not even that can be read."""
    try:
        return _decode_unreadable(submission).command.rules.version
    except msgspec.DecodeError:
        return RULES_VERSION
