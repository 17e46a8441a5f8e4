"""Asking the running server of a data folder, by its control socket."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from chinwag.domain.ids import ConversationId
from chinwag.domain.index_status import IndexStatus
from chinwag.domain.tracing import Trace
from chinwag.roles.control import socket_address
from chinwag.told import Told
from chinwag.wire.control import (
    Answer,
    Ask,
    AskCheckpoint,
    AskIndex,
    AskStatus,
    AskTrace,
    Checkpoint,
    Failed,
    Index,
    Progress,
    Status,
    Traced,
)

PATIENCE: Final = 120.0
"""Seconds that a command waits for the next line of an answer."""

_encode: Final = msgspec.json.Encoder().encode
_answer: Final[msgspec.json.Decoder[Answer]] = msgspec.json.Decoder(Answer)


class NotRunningError(Told):
    """Nobody listens on the control socket of that data folder."""


class ControlError(Told):
    """The running server did not do what it was asked; the message says why."""


def status_of(data: Path) -> Status:
    """The running server's status. Raises `NotRunningError` and `ControlError`."""
    with _connected(data) as connection:
        for answer in _ask(connection, AskStatus()):
            if isinstance(answer, Status):
                return answer
    raise ControlError("the server ended while it was asked")


def trace_of(data: Path, conversation: ConversationId, number: int) -> Trace:
    """Where the running server says that an event is. Raises `NotRunningError` and `ControlError`."""
    with _connected(data) as connection:
        for answer in _ask(connection, AskTrace(conversation, number)):
            if isinstance(answer, Traced):
                return answer.trace
    raise ControlError("the server ended while it was asked")


def index_of(data: Path, *, rebuild: bool) -> IndexStatus:
    """How the running server's search index is; after it was told to be made anew, if that is wanted. Raises
    `NotRunningError` and `ControlError`."""
    with _connected(data) as connection:
        for answer in _ask(connection, AskIndex(rebuild)):
            if isinstance(answer, Index):
                return answer.status
    raise ControlError("the server ended while it was asked")


@contextmanager
def running_checkpoint(data: Path, tell: Callable[[str], None]) -> Iterator[tuple[Path, Checkpoint]]:
    """A checkpoint that the running server holds until the block ends: its folder, and when it was taken.

    tell: is given what the server says it is doing. Raises `NotRunningError` and `ControlError`.
    """
    with _connected(data) as connection:
        for answer in _ask(connection, AskCheckpoint()):
            if isinstance(answer, Progress):
                tell(answer.doing)
            elif isinstance(answer, Checkpoint):
                yield data / answer.path, answer
                return
        raise ControlError("the server ended while it took a checkpoint")


@contextmanager
def _connected(data: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(PATIENCE)
        try:
            with socket_address(data) as address:
                connection.connect(address)
        except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
            raise NotRunningError(f"no server runs on {data}") from None
        yield connection


def _ask(connection: socket.socket, asked: Ask) -> Iterator[Answer]:
    try:
        connection.sendall(_encode(asked) + b"\n")
        with connection.makefile("rb") as lines:
            for line in lines:
                answer = _answer.decode(line)
                if isinstance(answer, Failed):
                    raise ControlError(answer.message)
                yield answer
    except TimeoutError:
        raise ControlError(f"the server did not answer within {PATIENCE:.0f} s") from None
    except msgspec.DecodeError as error:
        raise ControlError(f"the server's answer is not understood ({error}): is it of another version?") from None
    except OSError as error:
        raise ControlError(f"the connection to the server broke: {error.strerror}") from None
