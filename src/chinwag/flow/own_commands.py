"""Commands that nobody's device has sent: what the server itself asks of conversations, and the answers."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Final, cast

from chinwag.domain.command import Command, Pass
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.answers import Answered
from chinwag.ports.bus import Answer, Bus, NodeId
from chinwag.ports.log import Log

SERVER: Final = "~server"
"""The account and the device of commands that are nobody's."""
AGAIN: Final = frozenset({Code.UNAVAILABLE, Code.OVERLOADED})
"""Refusals that say nothing of the command."""
SWEEP_SECONDS: Final = 1.0
"""How often answers are looked for that did not come."""

_Future = asyncio.Future[Answer | Code]


def acting_for(account: AccountId) -> DeviceId:
    """The device of commands that the server gives for `account`: one of its own, so that its keys go with it."""
    return DeviceId(f"~{account}")


class OwnCommands:
    """Appends commands to the log and waits for what became of them."""

    def __init__(self, log: Log, bus: Bus, node: NodeId) -> None:
        """`node` is where the answers go, and nobody else's (`new_node`)."""
        self._node = node
        self._named = 0
        self._answered: Answered[_Future] = Answered(log, bus, node, _told)

    def listen(self) -> Callable[[], None]:
        """Take answers until the returned function is called."""
        return self._answered.listen()

    def new_id(self, what: str) -> ClientId:
        """An id for a command that does `what`. It holds the node's name: all commands of the server's own for one
        account come from one device, and no two processes, nor two lives of one, may give theirs one id."""
        self._named += 1
        return ClientId(f"{what}-{self._node}-{self._named}")

    async def ask(self, commands: Sequence[Command]) -> list[Code | None]:
        """Append some commands (the caller bounds how many), and return when all are answered: None for one that is
        done, or why it is refused for good. Raises `unavailable` and `overloaded` if one of them met with that; the
        others may be done."""
        refusals = [one if isinstance(one, Code) else one.refused for one in await self._answers(commands)]
        for code in refusals:
            if code in AGAIN:
                raise Refused(code)
        return refusals

    async def number(self, command: Command) -> int | Code:
        """Append one command, and return its number in its conversation once it is answered, or why it is refused for
        good. Asked again with the same id it gives the same. Raises `unavailable` and `overloaded`."""
        (answer,) = await self._answers([command])
        code = answer if isinstance(answer, Code) else answer.refused
        if code in AGAIN:
            raise Refused(code)
        return answer.number if isinstance(answer, Answer) and code is None else cast("Code", code)

    async def _answers(self, commands: Sequence[Command]) -> list[Answer | Code]:
        self._answered.sweep()  # those of an earlier call that was cancelled
        waiting = [self._append(command) for command in commands]
        left = set(waiting)
        while left:
            _, left = await asyncio.wait(left, timeout=SWEEP_SECONDS)
            self._answered.sweep()  # at last, it answers in place of who does not
        return [one.result() for one in waiting]

    async def pass_through(self, conversations: Iterable[ConversationId], at: int) -> None:
        """Return when all that was appended to these conversations (the caller bounds how many) before is decided and
        committed. Raises `unavailable` and `overloaded`."""
        named = dict.fromkeys(conversations)
        await self.ask(
            [Command(one, AccountId(SERVER), DeviceId(SERVER), self.new_id("pass"), at, Pass()) for one in named]
        )

    def _append(self, command: Command) -> _Future:
        answer: _Future = asyncio.get_running_loop().create_future()
        try:
            self._answered.append(command, answer)
        except Refused as refused:
            answer.set_result(refused.code)
        return answer


def _told(waiter: _Future, answer: Answer) -> None:
    if not waiter.done():
        waiter.set_result(answer)
