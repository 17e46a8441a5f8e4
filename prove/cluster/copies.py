"""Takes what is handed to the log, and hands it over once more: as it is when the answer to an append is lost."""

import contextlib
import secrets
from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple

import msgspec
import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from chinwag.adapters.nats import log_messages as messages
from chinwag.adapters.nats.log_messages import Batch, Said
from chinwag.domain.command import Decline
from chinwag.wire.values import ConversationId

SECONDS = 5.0


class Copy(NamedTuple):
    """A submission, and where it went."""

    subject: str
    partition: int
    submission: msgspec.Raw


class Copies:
    """Keeps what is handed to the log about one conversation, if it says that somebody blocks it or ends that block."""

    def __init__(self, client: Client, place: ConversationId) -> None:
        self._client = client
        self._place = place
        self._taken: list[Copy] = []

    @classmethod
    @contextlib.asynccontextmanager
    async def taken(cls, url: str, place: ConversationId) -> AsyncIterator["Copies"]:
        """Keeps them for as long as the `async with` lasts. url: that of NATS, with its password."""
        client = await nats.connect(url)
        try:
            copies = cls(client, place)
            await client.subscribe("chinwag.*.log.*", cb=copies._take)
            await client.flush()
            yield copies
        finally:
            await client.close()

    def so_far(self) -> list[Copy]:
        """What was taken."""
        return list(self._taken)

    async def send(self, copies: Sequence[Copy]) -> bool:
        """Hand these over again; whether the log took all of them."""
        sender, taken = f"copy{secrets.token_hex(6)}", True
        for number, copy in enumerate(copies, start=1):
            batch = Batch(sender, number, [copy.submission])
            try:
                answer = await self._client.request(
                    copy.subject, messages.encode_batch(copy.partition, batch), timeout=SECONDS
                )
            except NatsError:
                return False
            taken &= messages.decode_reply(answer.data).said is Said.TAKEN
        return taken

    async def _take(self, message: Msg) -> None:
        try:
            partition, batch = messages.decode_batch(message.data)
            contents = messages.contents_of(partition, batch)
        except (messages.NewerError, msgspec.DecodeError):
            return  # something else, such as a claim of a partition
        readable = [raw for place, raw in enumerate(batch.submissions) if place not in contents.unreadable]
        for raw, (submission, _) in zip(readable, contents.readable, strict=True):
            command = submission.command
            if command.conversation == self._place and isinstance(command.action, Decline):
                self._taken.append(Copy(message.subject, partition, msgspec.Raw(bytes(raw))))
