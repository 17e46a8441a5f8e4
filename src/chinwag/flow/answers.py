"""Commands on their way to the log and back: each answer is matched with whoever waits for it.

A command without an answer is appended again, unchanged: it or its answer may have been lost between processes. An
answer is the answer for ever (P6 of docs/guarantees.md), so a copy does no harm. One that never comes counts as
`unavailable` after a while; the client's retry makes no second copy either.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import takewhile
from typing import Final, Generic, TypeVar

import msgspec

from chinwag.domain.body import Text, characters_of
from chinwag.domain.command import Command, Edit, Send
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.measure import Distribution
from chinwag.flow.repeats import Repeats
from chinwag.ports.bus import Answer, Answers, Bus, NodeId, Publication, answers_to
from chinwag.ports.log import Log, Submission, partition_of
from chinwag.ports.message_store import KeyName

ANSWER_SECONDS: Final = 20.0
"""How long an answer is waited for."""
AGAIN_SECONDS: Final = (2.0, 4.0, 8.0)
"""How long after the last time a command is appended the next time."""
LONG: Final = 1_000
"""Characters from which a text is long: shorter ones are bounded by the number of commands, and not summed up."""

_WITH_TEXT: Final = (Send, Edit)

Waiter = TypeVar("Waiter")
"""Whatever tells the caller whom an answer is for."""


class Answered(Generic[Waiter]):
    """The commands of one node that wait for their answers. `sweep` is to be called each second or so."""

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
        self.appended = 0
        """How many commands were handed to the log for the first time; the number of the last one."""
        self.waiting: Final[dict[int, tuple[Waiter, float, Submission, int]]] = {}
        """Those who wait, since when, for what, and the characters of its text if it is long; in the order of times."""
        self.characters = 0
        """Characters of the long texts together."""
        self.repeated = 0
        """How many times a command was appended again."""
        self._again: dict[int, tuple[int, float]] = {}  # how often for want of an answer, and when last
        self._repeats: Repeats | None = None

    def listen(self) -> Callable[[], None]:
        """Take answers until the returned function is called."""
        self._bus.on_interruption(self.interrupted)
        self._log.on_new_owner(self.moved)
        self._log.on_lost(self.lost)
        return self._bus.subscribe(answers_to(self._node), self._answers)

    def append(self, command: Command, waiter: Waiter, now: float | None = None) -> None:
        """Hand `command` to the log; `tell` follows. Raises `Refused` (`overloaded`) if the log has no room.

        now: from a caller that has just looked at the same clock.
        """
        if now is None:
            now = self._now()
        ref = self.appended + 1
        submission = Submission(command, self._node, ref)
        self._log.append(submission)
        self.appended = ref
        repeats = self._repeats
        if repeats is None:
            repeats = self._repeats = Repeats(self._log.partitions, now)
        appended = repeats.appended
        appended[0 if len(appended) == 1 else partition_of(command.conversation, len(appended))] += 1
        characters = 0
        action = command.action
        if isinstance(action, _WITH_TEXT):
            body = action.body
            length = len(body.text) if type(body) is Text else characters_of(body)
            if length >= LONG:
                characters = length
                self.characters += characters
        self.waiting[ref] = (waiter, now, submission, characters)

    def lost(self, submission: Submission, code: Code) -> None:
        """The log says that this one did not get in."""
        if submission.node == self._node:
            self._give([_refused(submission, code)])

    def sweep(self) -> None:
        """Append again what has waited for long enough, and give up answers that are overdue."""
        now = self._now()
        due = now - ANSWER_SECONDS
        overdue = takewhile(lambda each: each[1] <= due, self.waiting.values())
        if late := [_refused(each[2], Code.UNAVAILABLE, "no answer in time") for each in overdue]:
            self._give(late)
        waited = takewhile(lambda each: each[1][1] <= now - AGAIN_SECONDS[0], self.waiting.items())
        self._repeat([ref for ref, each in waited if self._due(ref, each[1], now)], now, counts=True)

    def interrupted(self) -> None:
        """Answers may have been lost: ask for all of them again."""
        self._repeat(list(self.waiting), self._now())

    def moved(self, partition: int) -> None:
        """What was appended to `partition` may have been lost."""
        partitions = self._log.partitions
        lost = [ref for ref, each in self.waiting.items() if _partition(each[2], partitions) == partition]
        self._repeat(lost, self._now())

    def _due(self, ref: int, since: float, now: float) -> bool:
        times, last = self._again.get(ref, (0, since))
        return times < len(AGAIN_SECONDS) and now - last >= AGAIN_SECONDS[times]

    def _repeat(self, refs: Sequence[int], now: float, *, counts: bool = False) -> None:
        """Append these again, the oldest first, but for those that have not left this process, and as far as repeats
        are few."""
        repeats = self._repeats
        if not refs or repeats is None:
            return
        repeats.at(now)
        by_partition: dict[int, list[int]] = defaultdict(list)
        for ref in refs:
            by_partition[_partition(self.waiting[ref][2], self._log.partitions)].append(ref)
        for partition, some in by_partition.items():
            held = {one.ref for one in self._log.held(partition) if one.node == self._node}
            for ref in some:
                if ref in held:
                    continue
                if not repeats.take(partition):
                    break
                _, since, submission, _ = self.waiting[ref]
                try:
                    self._log.append(msgspec.structs.replace(submission, again=True))
                except Refused:
                    break  # it is full, or closed
                times = self._again.get(ref, (0, since))[0]
                self._again[ref] = times + counts, now
                self.repeated += 1

    def _answers(self, publication: Publication) -> None:
        if type(publication) is Answers:
            self._give(publication.answers)

    def _give(self, answers: Sequence[Answer]) -> None:
        now, waiting, again, tell = self._now(), self.waiting, self._again, self._tell
        took: list[float] = []
        for answer in answers:
            ref, name = answer.ref, answer.name
            found = waiting.get(ref)
            if found is None:
                continue
            waiter, since, submission, characters = found
            command = submission.command
            if name.id != command.id or name.device != command.device or name.conversation != command.conversation:
                continue  # it is to another command, which had this number in another life
            del waiting[ref]
            if again:
                again.pop(ref, None)
            self.characters -= characters
            took.append(now - since)
            tell(waiter, answer)
        self.seconds.observe_all(took)
        self._told()


def _partition(submission: Submission, partitions: int) -> int:
    return partition_of(submission.command.conversation, partitions)


def _refused(submission: Submission, code: Code, detail: str = "") -> Answer:
    command = submission.command
    name = KeyName(command.conversation, command.device, command.id)
    return Answer(submission.ref, name, refused=code, detail=detail)
