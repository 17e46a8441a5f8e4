"""The log of a process whose clock is looked after: with a clock that is off, nothing is appended."""

from chinwag.adapters.nats import NatsLog
from chinwag.assembly.cluster.clocks import ComparedClock
from chinwag.ports.log import Submission


class TimedLog(NatsLog):
    """`NatsLog`, for stamps of a clock that is within a second of the database's."""

    compared: ComparedClock
    """Set before the first append."""

    def append(self, submission: Submission) -> None:
        self.compared.require()
        super().append(submission)
