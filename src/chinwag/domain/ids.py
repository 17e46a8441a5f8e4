"""Identifiers: Snowflakes for entities, a derived id for direct conversations.

A message has no id of its own: it is named by its conversation and its number there.
Ids are strings on the wire and in memory, so that an account id may carry a domain one day.
"""

from collections.abc import Callable
from typing import Final, NewType

from chinwag.domain.refusal import Code, Refused

AccountId = NewType("AccountId", str)
DeviceId = NewType("DeviceId", str)
ConversationId = NewType("ConversationId", str)
ClientId = NewType("ClientId", str)
"""A client's own name for one send, unique per device and conversation; it makes a retry harmless."""
UploadId = NewType("UploadId", str)

ACCOUNT_CHARACTERS: Final = 64
CONVERSATION_CHARACTERS: Final = 200
CLIENT_CHARACTERS: Final = 128
"""The longest ids. What somebody sends is held against them before anything else looks at it, or keeps it."""
ID_BYTES: Final = 255
"""Any id in UTF-8: what a store takes as a name."""

EPOCH_MS: Final = 1_735_689_600_000
"""Snowflakes count milliseconds from 2025-01-01T00:00:00Z."""

WORKERS: Final = 1024
_SEQUENCES: Final = 4096

LISTING: Final = AccountId("~groups")
"""Whose inbox gets every notice that the listing of open groups must know. Nobody has this id or logs in as it."""

_STREAM: Final = "~stream."

_DIRECT: Final = "d~"
_GROUP: Final = "g~"


class Snowflake:
    """Makes 64-bit ids: 41 bits of milliseconds, 10 of worker number, 12 of sequence; they rise for ever.

    `worker` is leased from the Registry, so that no two processes share one. A clock that steps back
    does not bring an old id again: the generator goes on from the highest instant it has seen.
    """

    __slots__ = ("_last", "_sequence", "_worker")

    def __init__(self, worker: int | Callable[[], int]) -> None:
        """worker: the number, or whoever knows it at the moment, and refuses when it is not certain."""
        self._worker = worker if callable(worker) else _always(worker)
        self._last = 0
        self._sequence = 0

    def next(self, now_ms: int) -> str:
        """The next id at `now_ms` (milliseconds since 1970), as a decimal string.

        Raises `Refused` (`unavailable`) while it is not certain whose the worker number is.
        """
        worker = self._worker()
        instant = max(now_ms - EPOCH_MS, self._last)
        if instant == self._last:
            self._sequence += 1
            if self._sequence == _SEQUENCES:
                instant, self._sequence = instant + 1, 0
        else:
            self._sequence = 0
        self._last = instant
        return str(instant << 22 | worker << 12 | self._sequence)


def stream_of(partition: int) -> AccountId:
    """Whose inbox gets all that is placed in the conversations of one partition of the log, for those who follow
    everything. Nobody has this id or logs in as it."""
    return AccountId(f"{_STREAM}{partition}")


def is_stream(account: AccountId) -> bool:
    """Whether that is no person but a stream."""
    return account.startswith(_STREAM)


def _always(worker: int) -> Callable[[], int]:
    if not 0 <= worker < WORKERS:
        raise ValueError(f"a worker number is 0 to {WORKERS - 1}, not {worker}")
    return lambda: worker


def check_account_id(account: AccountId) -> None:
    """Raise `Refused(BAD_REQUEST)` for what is too long to be an account's id."""
    if not 0 < len(account) <= ACCOUNT_CHARACTERS:
        raise Refused(Code.BAD_REQUEST, f"an account's id has 1 to {ACCOUNT_CHARACTERS} characters")


def check_conversation_id(conversation: ConversationId) -> None:
    """Raise `Refused(BAD_REQUEST)` for what is too long to be a conversation's id."""
    if not 0 < len(conversation) <= CONVERSATION_CHARACTERS:
        raise Refused(Code.BAD_REQUEST, f"a conversation's id has 1 to {CONVERSATION_CHARACTERS} characters")


def check_client_id(name: ClientId) -> None:
    """Raise `Refused(BAD_REQUEST)` unless a client may call a send so: whatever the transport, it is the same id, so it
    neither begins nor ends with a space, which the value of a header cannot."""
    # A character that can be printed has a UTF-8 form; one of ASCII has a byte.
    if (
        not 0 < len(name) <= CLIENT_CHARACTERS
        or not name.isprintable()
        or not (name.isascii() or len(name.encode()) <= ID_BYTES)
        or name.strip(" ") != name
    ):
        raise Refused(
            Code.BAD_REQUEST,
            f"an id has 1 to {CLIENT_CHARACTERS} printable characters, at most {ID_BYTES} bytes, no space around it",
        )


def direct_id(one: AccountId, other: AccountId) -> ConversationId:
    """The id of the direct conversation of two accounts, the same whoever asks.

    Raises ValueError for an account with itself.
    """
    if one == other:
        raise ValueError("a direct conversation has two members")
    low, high = sorted((one, other))
    return ConversationId(f"{_DIRECT}{low}~{high}")


def group_id(snowflake: str) -> ConversationId:
    """The conversation id of a group."""
    return ConversationId(_GROUP + snowflake)


def is_direct(conversation: ConversationId) -> bool:
    """Whether this names a direct conversation (it need not exist yet)."""
    return conversation.startswith(_DIRECT)


def direct_members(conversation: ConversationId) -> tuple[AccountId, AccountId] | None:
    """The two accounts that a direct conversation's id names; None for anything else, also a malformed id."""
    if not conversation.startswith(_DIRECT):
        return None
    parts = conversation[len(_DIRECT) :].split("~")
    if len(parts) != 2 or not parts[0] or not parts[1] or parts[0] >= parts[1]:
        return None
    return AccountId(parts[0]), AccountId(parts[1])
