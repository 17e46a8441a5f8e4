"""What the request-and-response transports say: the same events, cursors and errors as on a socket."""

from typing import Literal

import msgspec

from chinwag.domain.command import GroupAction
from chinwag.wire.frames import Event, Nudge

__all__ = ["Event", "Nudge", "PostChange", "PostRead", "PostReceived", "SyncPage"]


class SyncPage(msgspec.Struct, frozen=True):
    """GET /v1/sync: what lies after the cursor, and the cursor to ask with next.

    reset: the cursor led nowhere, as the `reset` frame says; `events` is then empty. more: ask again at once.
    nudges: of groups that the device watches, as the `nudge` frame.
    """

    cursor: str
    events: list[Event]
    more: bool = False
    reset: Literal["old", "epoch"] | None = None
    nudges: list[Nudge] = []


class PostRead(msgspec.Struct, frozen=True):
    """POST /v1/conversations/{id}/read: as the `read` frame."""

    number: int


class PostReceived(msgspec.Struct, frozen=True):
    """POST /v1/received: as the `received` frame."""

    position: int


class PostChange(msgspec.Struct, frozen=True):
    """POST /v1/conversations/{id}/changes: as the `change` frame. The `Idempotency-Key` header is its id."""

    change: GroupAction
