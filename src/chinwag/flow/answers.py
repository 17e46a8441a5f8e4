"""Commands on their way to the log and back: each answer is matched with whoever waits for it.

An answer that never comes counts as `unavailable` after a while; the retry makes no second copy.
"""

import time
from collections.abc import Callable, Sequence
from itertools import takewhile
from typing import Final, Generic, TypeVar

from chinwag.domain.command import Command
from chinwag.domain.refusal import Code
from chinwag.flow.measure import Distribution
from chinwag.ports.bus import Answer, Answers, Bus, NodeId, Publication, answers_to
from chinwag.ports.log import Log, Submission

ANSWER_SECONDS: Final = 20.0
"""How long an answer is waited for."""

Waiter = TypeVar("Waiter")
"""Whatever tells the caller whom an answer is for."""


class Answered(Generic[Waiter]):
    """The commands of one node that wait for their answers."""

    def __init__(
        self,
        log: Log,
        bus: Bus,
        node: NodeId,
        tell: Callable[[Waiter, Answer], None],
        told: Callable[[], None] = lambda: None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`node` is where the answers go, and nobody else's. `tell` gets each answer once; `told` is called after some
        of them. Neither may raise."""
        self.seconds = Distribution()
        """How long the answers took."""
        self._log = log
        self._bus = bus
        self._node = node
        self._tell = tell
        self._told = told
        self._now = now
        self._next_ref = 0
        self.waiting: Final[dict[int, tuple[Waiter, float]]] = {}
        """Those who wait, and since when, in the order of their times."""

    def listen(self) -> Callable[[], None]:
        """Take answers until the returned function is called."""
        return self._bus.subscribe(answers_to(self._node), self._answers)

    def append(self, command: Command, waiter: Waiter, now: float | None = None) -> None:
        """Hand `command` to the log; `tell` follows. Raises `Refused` (`overloaded`) if the log has no room.

        now: from a caller that has just looked at the same clock.
        """
        ref = self._next_ref = self._next_ref + 1
        self._log.append(Submission(command, self._node, ref))
        self.waiting[ref] = (waiter, self._now() if now is None else now)

    def lost(self, submission: Submission) -> None:
        """The log says that this one did not get in."""
        if submission.node == self._node:
            self._give([Answer(submission.ref, refused=Code.UNAVAILABLE)])

    def sweep(self) -> None:
        """Give up answers that are overdue."""
        due = self._now() - ANSWER_SECONDS
        overdue = takewhile(lambda each: each[1][1] <= due, self.waiting.items())
        if late := [Answer(ref, refused=Code.UNAVAILABLE, detail="no answer in time") for ref, _ in overdue]:
            self._give(late)

    def _answers(self, publication: Publication) -> None:
        if type(publication) is Answers:
            self._give(publication.answers)

    def _give(self, answers: Sequence[Answer]) -> None:
        now, take, observe, tell = self._now(), self.waiting.pop, self.seconds.observe, self._tell
        for answer in answers:
            waiting = take(answer.ref, None)
            if waiting is not None:
                observe(now - waiting[1])
                tell(waiting[0], answer)
        self._told()
