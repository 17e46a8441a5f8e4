"""Which rows hold a text's successor: where the files may still hold the text itself.

A commit that rewrites events, or takes the digest out of a send key, writes a note of it in the same write; the note
goes once the files are written anew there (`scrub.py`). So no crash makes a text be forgotten about.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec
from rocksdict import Rdict

from chinwag.adapters.embedded import keys, values
from chinwag.adapters.embedded.scan import rows
from chinwag.domain.ids import ClientId, ConversationId, DeviceId
from chinwag.ports.message_store import Commit, KeyName


class _Note(msgspec.Struct, frozen=True, array_like=True):
    """events: their numbers. sends: device and id."""

    events: list[int]
    sends: list[tuple[DeviceId, ClientId]]


class Replaced(NamedTuple):
    """notes: the keys of these notes. found: the keys of the rows that they name, in order."""

    notes: list[bytes]
    found: list[bytes]


_note: Final = msgspec.msgpack.Decoder(_Note).decode


def note(commit: Commit) -> tuple[bytes, bytes] | None:
    """The row that says what of `commit` takes the place of a text; None if nothing does."""
    if not commit.rewrites:
        return None
    name = commit.state.id
    # A key that is written for the first time has a digest, but for those that take one away.
    sends = [(one.device, one.id) for one, key in commit.keys if not key.digest]
    # Every change takes a number, so no two commits of a conversation make one key.
    key = keys.replaced(name) + keys.number(commit.state.head)
    return key, values.sealed(_Note([number for number, _ in commit.rewrites], sends))


def noted(db: Rdict, limit: int) -> Replaced:
    """Up to `limit` notes. Blocks."""
    notes: list[bytes] = []
    found: set[bytes] = set()
    for key, stored in rows(db, keys.REPLACED):
        if len(notes) == limit or not key.startswith(keys.REPLACED):
            break
        notes.append(key)
        found.update(_named(keys.conversation_of_replaced(key), _note(values.opened(stored))))
    return Replaced(notes, sorted(found))


def _named(conversation: ConversationId, one: _Note) -> Sequence[bytes]:
    events = [keys.events(conversation) + keys.number(number) for number in one.events]
    return events + [keys.send_key(KeyName(conversation, device, asked)) for device, asked in one.sends]
