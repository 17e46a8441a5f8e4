"""Commands on their way to the log and back: each answer is matched with whoever waits for it.

An answer that never comes counts as `unavailable` after a while; the retry makes no second copy.
"""

import time
from collections.abc import Callable, Sequence
from itertools import takewhile
from typing import Final, Generic, TypeVar

from chinwag.domain.command import Command
from chinwag.domain.refusal import Code
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
        tell: Callable[[Waiter, Answer, float], None],
        told: Callable[[], None] = lambda: None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`node` is where the answers go, and nobody else's. `tell` gets each answer once, with the seconds that it
        took; `told` is called after some of them. Neither may raise."""
        self._log = log
        self._bus = bus
        self._node = node
        self._tell = tell
        self._told = told
        self._now = now
        self._next_ref = 0
        self._waiting: dict[int, tuple[Waiter, float]] = {}  # in the order of their times

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def listen(self) -> Callable[[], None]:
        """Take answers until the returned function is called."""
        return self._bus.subscribe(answers_to(self._node), self._answers)

    def append(self, command: Command, waiter: Waiter) -> None:
        """Hand `command` to the log; `tell` follows. Raises `Refused` (`overloaded`) if the log has no room."""
        ref = self._next_ref = self._next_ref + 1
        self._log.append(Submission(command, self._node, ref))
        self._waiting[ref] = (waiter, self._now())

    def lost(self, submission: Submission) -> None:
        """The log says that this one did not get in."""
        if submission.node == self._node:
            self._give([Answer(submission.ref, refused=Code.UNAVAILABLE)])

    def sweep(self) -> None:
        """Give up answers that are overdue."""
        due = self._now() - ANSWER_SECONDS
        overdue = takewhile(lambda each: each[1][1] <= due, self._waiting.items())
        if late := [Answer(ref, refused=Code.UNAVAILABLE, detail="no answer in time") for ref, _ in overdue]:
            self._give(late)

    def _answers(self, publication: Publication) -> None:
        if type(publication) is Answers:
            self._give(publication.answers)

    def _give(self, answers: Sequence[Answer]) -> None:
        now, take = self._now(), self._waiting.pop
        for answer in answers:
            waiting = take(answer.ref, None)
            if waiting is not None:
                self._tell(waiting[0], answer, now - waiting[1])
        self._told()
