"""Commands of the server's own, which no client may ask for, as its jobs have them placed."""

import asyncio
import secrets
from typing import Final

from chinwag.assembly import Server
from chinwag.domain.command import Action, Command, Rules
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId
from chinwag.flow.clock import system_clock
from chinwag.ports.bus import Answer, Answers, NodeId, Publication, answers_to
from chinwag.ports.log import Submission

PATIENCE: Final = 60.0
"""Seconds for an answer. Nothing is decided by them."""


class ServerCommands:
    """Places them in a server of this process."""

    def __init__(self, server: Server, rules: Rules) -> None:
        self._server = server
        self._rules = rules
        self._node = NodeId(f"switching-{secrets.token_hex(4)}")
        self._answers: dict[int, asyncio.Future[Answer]] = {}
        self._unsubscribe = server.ports.bus.subscribe(answers_to(self._node), self._answered)

    async def place(self, group: ConversationId, account: AccountId, name: ClientId, action: Action) -> Answer:
        """Have one placed in the name of `account`, by the device `~account`."""
        ref = len(self._answers) + 1
        self._answers[ref] = asyncio.get_running_loop().create_future()
        device = DeviceId(f"~{account}")
        command = Command(group, account, device, name, system_clock(), action, self._rules)
        self._server.ports.log.append(Submission(command, self._node, ref))
        async with asyncio.timeout(PATIENCE):
            return await self._answers[ref]

    def close(self) -> None:
        """Hear of no answers any more."""
        self._unsubscribe()

    def _answered(self, publication: Publication) -> None:
        assert isinstance(publication, Answers)
        for answer in publication.answers:
            self._answers[answer.ref].set_result(answer)
