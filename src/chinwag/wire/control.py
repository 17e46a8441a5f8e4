"""The control socket: what an operator's command says to the running server of a data folder, and what it answers.

One line of JSON asks; lines of JSON answer: none or some `progress`, then one of the others. Only `checkpoint` keeps
the connection open after its answer: the checkpoint is there for as long as the connection is.
"""

from typing import Final

import msgspec

from chinwag.domain.census import Census
from chinwag.domain.ids import ConversationId
from chinwag.domain.index_status import IndexStatus
from chinwag.domain.media_status import MediaStatus
from chinwag.domain.tracing import Trace

SOCKET_NAME: Final = "control.sock"
"""The socket's name in the data folder."""


class AskStatus(msgspec.Struct, frozen=True, tag="status"):
    """What runs here, and how it is."""


class AskCheckpoint(msgspec.Struct, frozen=True, tag="checkpoint"):
    """Set one moment of all stores aside."""


class AskTrace(msgspec.Struct, frozen=True, tag="trace"):
    """Where is event `number` of `conversation`?"""

    conversation: ConversationId
    number: int


class AskIndex(msgspec.Struct, frozen=True, tag="index"):
    """How is the search index? rebuild: after it was told to be made anew."""

    rebuild: bool = False


Ask = AskStatus | AskCheckpoint | AskTrace | AskIndex


class Progress(msgspec.Struct, frozen=True, tag="progress"):
    """What is being done, for people to read."""

    doing: str


class Checkpoint(msgspec.Struct, frozen=True, tag="checkpoint"):
    """The stores as they were at `at` (milliseconds since 1970), in the folder `path` inside the data folder.

    took_ms: how long directory writes had to wait for it.
    """

    path: str
    at: int
    took_ms: int


class Status(msgspec.Struct, frozen=True, kw_only=True, tag="status"):
    """A running server. Times in milliseconds since 1970, sizes in bytes.

    sessions: open sockets. polling_devices: devices heard of without one. answers_waiting: commands whose answer is
    awaited. placed, refused, repeated: since the start. placed_per_second: over the last `lately_seconds`.
    stores_bytes: what the data folder takes on its disk; free_bytes: what that disk has left. search: how far its index
    follows what is placed; None if it cannot say. pushes_waiting: those not sent yet; None if nobody is pushed to, or
    the directory is away. media: what is kept of pictures, videos and files; None if the directory cannot say. groups:
    those of many; None if the messages cannot be read.
    """

    version: str
    pid: int
    started_at: int
    now: int
    url: str
    observe_url: str
    roles: tuple[str, ...]
    ready: bool
    failing: tuple[str, ...]
    data_format: int
    inbox_epoch: int
    log_epoch: int
    sessions: int
    max_connections: int
    polling_devices: int
    answers_waiting: int
    placed: int
    refused: int
    repeated: int
    failed_commits: int
    poison: int
    placed_per_second: float
    lately_seconds: float
    stores_bytes: int
    free_bytes: int
    search: IndexStatus | None = None
    pushes_waiting: int | None = None
    media: MediaStatus | None = None
    groups: Census | None = None


class Traced(msgspec.Struct, frozen=True, tag="trace"):
    """There it is."""

    trace: Trace


class Index(msgspec.Struct, frozen=True, tag="index"):
    """So it is."""

    status: IndexStatus


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """It could not be done."""

    message: str


Answer = Progress | Checkpoint | Status | Traced | Index | Failed
