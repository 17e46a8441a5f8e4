"""Commands that nobody's device has sent: what the server itself asks of conversations, and the answers."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from chinwag.domain.command import Command
from chinwag.domain.ids import DeviceId
from chinwag.domain.refusal import Code, Refused
from chinwag.ports.bus import Answers, Bus, NodeId, Signal, answers_to
from chinwag.ports.log import Log, Submission

ANSWER_SECONDS: Final = 20.0
SERVER: Final = DeviceId("~server")
"""The device that such commands name."""
AGAIN: Final = frozenset({Code.UNAVAILABLE, Code.OVERLOADED})
"""Refusals that say nothing of the command."""


class OwnCommands:
    """Appends commands to the log and waits for what became of them."""

    def __init__(self, log: Log, bus: Bus, node: NodeId) -> None:
        """`node` is where the answers go, and nobody else's."""
        self._log = log
        self._bus = bus
        self._node = node
        self._next_ref = 0
        self._waiting: dict[int, asyncio.Future[Code | None]] = {}

    def listen(self) -> Callable[[], None]:
        """Take answers until the returned function is called."""
        return self._bus.subscribe(answers_to(self._node), self._answers)

    async def ask(self, commands: Sequence[Command]) -> list[Code | None]:
        """Append some commands (the caller bounds how many), and return when all are answered: None for one that is
        done, or why it is refused for good. Raises `unavailable` and `overloaded` if one of them met with that; the
        others may be done."""
        waiting = [self._append(command) for command in commands]
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                answers = await asyncio.gather(*waiting)
        except TimeoutError:
            raise Refused(Code.UNAVAILABLE, "no answer in time") from None
        for code in answers:
            if code in AGAIN:
                raise Refused(code)
        return answers

    def _append(self, command: Command) -> "asyncio.Future[Code | None]":
        self._next_ref += 1
        ref = self._next_ref
        answer = self._waiting[ref] = asyncio.get_running_loop().create_future()
        answer.add_done_callback(lambda _: self._waiting.pop(ref, None))
        try:
            self._log.append(Submission(command, self._node, ref))
        except Refused as refused:
            answer.set_result(refused.code)
        return answer

    def _answers(self, signal: Signal) -> None:
        if type(signal) is Answers:
            for answer in signal.answers:
                waiting = self._waiting.get(answer.ref)
                if waiting is not None and not waiting.done():
                    waiting.set_result(answer.refused)
