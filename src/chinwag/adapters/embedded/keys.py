"""The keys of the embedded store: one byte for the kind of row, then its names, then a number.

A name is written after its length, so no name can reach into the next one, whatever it contains; numbers are
big-endian, so rows of one prefix lie in the order of their numbers.
"""

import struct
from functools import lru_cache
from typing import Final

from chinwag.adapters import names
from chinwag.domain.ids import AccountId, ConversationId, DeviceId
from chinwag.ports.message_store import KeyName

number: Final = struct.Struct(">Q").pack
"""Eight bytes that sort as the number does."""
NUMBER_BYTES: Final = 8

FORMAT: Final = b"!format"
INBOX_EPOCH: Final = b"!inbox-epoch"
LOG_EPOCH: Final = b"!log-epoch"
SEEN: Final = b"o"
"""What all rows of presence begin with."""
INBOXES: Final = b"i"
"""What all rows of inboxes begin with."""

_LENGTHS: Final = tuple(bytes((size,)) for size in range(256))
"""A name's length as it is written."""


def fresh_name(text: str) -> bytes:
    """A name inside a key. Raises `bad_request` for one that is too long or has no UTF-8 form."""
    written = names.written(text)
    return _LENGTHS[len(written)] + written


name: Final = lru_cache(maxsize=65_536)(fresh_name)
"""`fresh_name`, for names that come again and again."""


def events(conversation: ConversationId) -> bytes:
    """Before the number of an event."""
    return b"e" + name(conversation)


STATES: Final = b"s"
"""What all states begin with."""


def state(conversation: ConversationId) -> bytes:
    """A conversation's state."""
    return STATES + name(conversation)


def conversation_of(state: bytes) -> ConversationId:
    """Whose state has this key."""
    return ConversationId(state[len(STATES) + 1 :].decode())


REPLACED: Final = b"x"
"""What all notes of replaced texts begin with."""


def replaced(conversation: ConversationId) -> bytes:
    """Before the conversation's head when texts in it were replaced."""
    return REPLACED + name(conversation)


def conversation_of_replaced(replaced: bytes) -> ConversationId:
    """Whose note has this key."""
    return ConversationId(replaced[len(REPLACED) + 1 : -NUMBER_BYTES].decode())


def send_key(key: KeyName) -> bytes:
    """What a send became."""
    return sends(key.conversation, key.device) + fresh_name(key.id)


@lru_cache(maxsize=16_384)
def sends(conversation: ConversationId, device: DeviceId) -> bytes:
    """Before the client's id of a send."""
    return b"k" + name(conversation) + name(device)


def spans(account: AccountId) -> bytes:
    """Before the conversation of a span."""
    return b"m" + name(account)


def spans_in(account: AccountId, conversation: ConversationId) -> bytes:
    """Before the first number of a span."""
    return b"m" + name(account) + name(conversation)


MENTIONS: Final = b"n"
"""What all rows of mentions begin with."""


def mentions(account: AccountId) -> bytes:
    """Before the conversation of a mention."""
    return MENTIONS + name(account)


def mentions_in(account: AccountId, conversation: ConversationId) -> bytes:
    """Before the number of a mention, which is written as `newest_first`."""
    return mentions(account) + name(conversation)


def newest_first(at: int) -> bytes:
    """Eight bytes that sort against the number."""
    return number(_HIGHEST - at)


def number_of(newest_first: bytes) -> int:
    """The number that was written so."""
    return _HIGHEST - int.from_bytes(newest_first)


_HIGHEST: Final = (1 << 64) - 1


REACTIONS: Final = b"v"
"""What all rows of reactions begin with."""


def reactions(conversation: ConversationId, message: int) -> bytes:
    """Before the account of a row of reactions to a message."""
    return REACTIONS + name(conversation) + number(message)


def reaction(conversation: ConversationId, message: int, account: AccountId) -> bytes:
    """What an account has done with a message."""
    return reactions(conversation, message) + name(account)


def reacted(key: bytes) -> tuple[int, AccountId]:
    """Which message, and whose row of reactions has this key."""
    at = len(REACTIONS) + 1 + key[len(REACTIONS)]
    end = at + NUMBER_BYTES
    return int.from_bytes(key[at:end]), AccountId(key[end + 1 :].decode())


COUNTS: Final = b"c"
"""What all counts of reactions begin with."""


def counts(conversation: ConversationId, message: int) -> bytes:
    """How many have put what on a message of a wide group."""
    return COUNTS + name(conversation) + number(message)


PEOPLE: Final = b"p"
"""What all rows of members of wide groups begin with."""
WROTE: Final = b"w"
"""What all cells of their last messages begin with."""
JOININGS: Final = b"j"
"""What all rows of joinings of wide groups begin with."""
WIDE: Final = b"g"
"""What all rows of wide groups begin with."""


def person(conversation: ConversationId, account: AccountId) -> bytes:
    """What is kept of a member of a wide group."""
    return PEOPLE + name(conversation) + name(account)


def wrote(conversation: ConversationId, account: AccountId) -> bytes:
    """The last message of a member of a wide group."""
    return WROTE + name(conversation) + name(account)


def joinings(conversation: ConversationId) -> bytes:
    """Before the number of a joining."""
    return JOININGS + name(conversation)


def joining(conversation: ConversationId, joined: int, account: AccountId) -> bytes:
    """When who joined with this number left again."""
    return joinings(conversation) + number(joined) + name(account)


def joined(key: bytes) -> tuple[int, AccountId]:
    """With which number who joined, whose row has this key."""
    at = len(JOININGS) + 1 + key[len(JOININGS)]
    end = at + NUMBER_BYTES
    return int.from_bytes(key[at:end]), AccountId(key[end + 1 :].decode())


def wide(conversation: ConversationId) -> bytes:
    """That a group is wide."""
    return WIDE + name(conversation)


def inbox(account: AccountId) -> bytes:
    """Before the last position of a chunk. Position 0 is the floor's row."""
    return INBOXES + name(account)


def marks(conversation: ConversationId) -> bytes:
    """Before the account of a row of marks."""
    return b"r" + name(conversation)


def steps(conversation: ConversationId, account: AccountId) -> bytes:
    """Before the number of a read step."""
    return b"t" + name(conversation) + name(account)


def seen(account: AccountId) -> bytes:
    """The last transition of an account's presence."""
    return SEEN + name(account)
