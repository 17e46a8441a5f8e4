"""The log of a process whose clock is looked after: with a clock that is off, nothing is appended."""

from collections.abc import Callable
from typing import Protocol

from chinwag.adapters.nats import NatsLog
from chinwag.adapters.nats.stream_log import StreamLog
from chinwag.assembly.cluster.clocks import ComparedClock
from chinwag.ports.log import Log, Submission


class VersionedLog(Log, Protocol):
    """A log whose commands may be of a newer version. on_given_up: called with a partition that is left to such a one.
    unreadable: how many commands were set aside that nobody can read."""

    on_given_up: list[Callable[[int], None]]

    @property
    def unreadable(self) -> int: ...


class TimedLog(NatsLog):
    """`NatsLog`, for stamps of a clock that is within a second of the database's."""

    compared: ComparedClock
    """Set before the first append."""

    def append(self, submission: Submission) -> None:
        self.compared.require()
        super().append(submission)


class TimedStreamLog(StreamLog):
    """`StreamLog`, for stamps of a clock that is within a second of the streams'."""

    compared: ComparedClock
    """Set before the first append."""

    def append(self, submission: Submission) -> None:
        self.compared.require()
        super().append(submission)
