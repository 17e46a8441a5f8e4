"""The Log over core NATS: an append is a request to the process that owns the partition, which queues in memory.

The owner takes what comes under the epoch that the database gave it when it claimed the partition. Should somebody else
claim it, then nothing that was taken under the older epoch is committed any more.
"""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from typing import Final, Protocol

import msgspec
import structlog
from nats.aio.msg import Msg

from chinwag.adapters.appender import Appender, NotTakenError, Room
from chinwag.adapters.nats import log_messages as messages
from chinwag.adapters.nats.connection import NatsConnection, NobodyThereError
from chinwag.adapters.nats.log_messages import Batch, Claimed, NewerError, Reply, Said
from chinwag.adapters.nats.log_queue import LogQueue
from chinwag.adapters.plain_token import token
from chinwag.domain.conversation import Position
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.clock import system_clock
from chinwag.ports.bus import NodeId
from chinwag.ports.log import Log, Lost, Record, Submission, partition_of
from chinwag.ports.registry import Registry, log_duty

TRY_SECONDS: Final = 1.0
"""How long one try to hand a batch over may take. An owner that was stopped is tried until the registry has another."""
CLAIM_SECONDS: Final = 0.2
"""Between two tries to claim a partition while the database is away."""
CONTEST_SECONDS: Final = 1.5
"""After another process has claimed a partition that the registry says is ours: one of the two sees it too late, and
would take it back at once."""
_CLAIMS: Final = "log.claims"

_log = structlog.get_logger(__name__)


class Claims(Protocol):
    """The epochs of the partitions, as a store keeps them, which commits nothing under an older one.

    on_fenced: called, on the event loop, with a partition and the epoch in which it is no longer.
    """

    on_fenced: list[Callable[[int, int], None]]

    async def claim(self, number: int) -> int:
        """Make a partition this process's; returns its new epoch. Raises `Refused` (`unavailable`)."""
        ...


class _Part:
    """One partition, for its reader here.

    queue: what was taken, from a claim until it is another's. not_before: when it may be claimed, of `time.monotonic`.
    """

    def __init__(self) -> None:
        self.not_before = 0.0
        self.owned = False
        self.given_up = False
        self.queue: LogQueue | None = None
        self.reader: object = None
        self._waiter: asyncio.Future[None] | None = None

    def wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def changed(self, seconds: float | None = None) -> None:
        """Wait for the next `wake`, at most so long."""
        if self._waiter is None:
            self._waiter = asyncio.get_running_loop().create_future()
        await asyncio.wait([self._waiter], timeout=seconds)


class NatsLog(Log):
    """The log as one process sees it. Made on the event loop.

    node: whom the registry names as an owner if it is this process. claims: None in a process that has no workers.
    on_given_up: called with a partition once a command came for it that only a newer version can read. This process
    does not claim that partition again until another process has owned it.
    """

    def __init__(
        self,
        connection: NatsConnection,
        registry: Registry,
        partitions: int,
        *,
        node: NodeId | None = None,
        claims: Claims | None = None,
        clock: Callable[[], int] = system_clock,
    ) -> None:
        self.on_given_up: list[Callable[[int], None]] = []
        self._connection = connection
        self._registry = registry
        self._duty = log_duty(partitions)
        self._node = node
        self._claims = claims
        self._clock = clock
        self._sender = secrets.token_hex(8)
        self._closed = False
        self._lost: list[Lost] = []
        self.unreadable = 0
        """Commands that were set aside here, as nobody can read them."""
        self._new_owner: list[Callable[[int], None]] = []
        self._epochs: dict[int, int] = {}
        room = Room()
        self._appenders = [Appender(number, self, room, self._tell_lost) for number in range(partitions)]
        self._parts = [_Part() for _ in range(partitions)]
        self._encode = msgspec.msgpack.Encoder().encode
        self._stops = [connection.subscribe(_CLAIMS, self._claimed)]
        connection.on_interruption(self._way_is_free)
        if node is not None and claims is not None:
            claims.on_fenced.append(self._fenced)
            self._stops.append(connection.subscribe(f"log.{token(node)}", self._take))
            self._stops.append(registry.watch_owned(self._duty, node, self._owned))

    @property
    def partitions(self) -> int:
        return self._duty.parts

    @property
    def closed(self) -> bool:
        return self._closed

    def append(self, submission: Submission) -> None:
        if self._closed:
            raise Refused(Code.UNAVAILABLE, "the server is stopping", 1.0)
        partition = partition_of(submission.command.conversation, self._duty.parts)
        self._appenders[partition].append(submission, self._encode(submission))

    def on_lost(self, handler: Lost) -> None:
        self._lost.append(handler)

    def held(self, partition: int) -> Iterable[Submission]:
        return self._appenders[partition].held()

    def on_new_owner(self, handler: Callable[[int], None]) -> None:
        self._new_owner.append(handler)

    async def records(self, partition: int, after: Position) -> AsyncIterator[Sequence[Record]]:
        part = self._parts[partition]
        part.reader = me = object()
        part.wake()  # an earlier reader ends
        queue = await self._claim(partition, part, me)
        if queue is None:
            return
        done = after.sequence if after.epoch == queue.epoch else 0
        while True:
            done = max(done, queue.base)
            while queue.end <= done and part.owned and self._reads(part, queue, me):
                await part.changed()
            if not self._reads(part, queue, me):
                return
            if queue.end <= done:  # it is another's, and all that was taken here before has been read
                part.queue = None
                return
            batch = queue.after(done)
            done = batch[-1].position.sequence
            yield batch

    def checkpoint(self, partition: int, position: Position) -> None:
        queue = self._parts[partition].queue
        if queue is not None and position.epoch == queue.epoch:
            queue.forget(position.sequence)

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        for stop in self._stops:
            stop()
        for part in self._parts:
            part.wake()
        for appender in self._appenders:
            await appender.close()

    async def send(self, partition: int, number: int, batch: Sequence[bytes]) -> Collection[int]:
        """As `Sending.send`, for the appenders."""
        owner = self._registry.owner(self._duty, partition)
        if owner is None or self._connection.away_since is not None:
            raise NotTakenError
        raw = [msgspec.Raw(each) for each in batch]
        message = messages.encode_batch(partition, Batch(self._sender, number, raw))
        try:
            reply = messages.decode_reply(await self._connection.request(_subject(owner), message, TRY_SECONDS))
        except NobodyThereError:
            raise NotTakenError from None
        if reply.said is not Said.TAKEN:
            raise NotTakenError
        return reply.aside

    # The owner's part

    async def _claim(self, number: int, part: _Part, reader: object) -> LogQueue | None:
        """The queue of a partition that is this process's, once it is; None if the reader is to end."""
        while not self._closed and part.reader is reader:
            if part.queue is not None:
                return part.queue
            if not part.owned or part.given_up or self._claims is None:
                await part.changed()
                continue
            if (pause := part.not_before - time.monotonic()) > 0:
                await part.changed(pause)
                continue
            try:
                epoch = await self._claims.claim(number)
            except Refused as refused:
                _log.warning("a partition could not be claimed", partition=number, error=str(refused))
                await asyncio.sleep(CLAIM_SECONDS)
                continue
            if part.reader is reader and not self._closed:
                assert self._node is not None
                part.queue = LogQueue(epoch)
                self._epochs[number] = max(epoch, self._epochs.get(number, 0))
                self._connection.publish(_CLAIMS, messages.encode(Claimed(number, epoch, self._node)))
                self._tell_new_owner(number)
        return None

    def _reads(self, part: _Part, queue: LogQueue, reader: object) -> bool:
        return not self._closed and part.reader is reader and part.queue is queue

    def _owned(self, owned: frozenset[int]) -> None:
        for number, part in enumerate(self._parts):
            if part.owned != (number in owned):
                part.owned = not part.owned
                part.given_up, part.not_before = False, 0.0
                part.wake()

    def _fenced(self, partition: int, epoch: int) -> None:
        part = self._parts[partition]
        if part.queue is not None and part.queue.epoch <= epoch:
            part.queue = None
            part.not_before = time.monotonic() + CONTEST_SECONDS
            part.wake()

    def _take(self, message: Msg) -> None:
        try:
            reply = self._taken(message.data)
        except NewerError as newer:
            self._give_up(newer)
            reply = Reply(Said.ELSEWHERE)
        except msgspec.DecodeError as error:
            _log.error("a batch could not be read", error=str(error), length=len(message.data))
            reply = Reply(Said.UNREADABLE)
        self._connection.reply(message, messages.encode(reply))

    def _taken(self, message: bytes) -> Reply:
        number, batch = messages.decode_batch(message)
        part = self._parts[number] if number < len(self._parts) else None
        if part is None or part.queue is None or self._closed:
            return Reply(Said.ELSEWHERE)
        contents = messages.contents_of(number, batch)
        reply = Reply(Said.TAKEN, tuple(contents.unreadable))  # the same for each try of a batch
        if part.queue.knows(batch.sender, batch.number):
            return reply
        if not part.owned:
            return Reply(Said.ELSEWHERE)
        if not part.queue.take(batch.sender, batch.number, contents.readable, self._clock()):
            return Reply(Said.FULL)
        for place, error in contents.unreadable.items():
            self.unreadable += 1
            _log.error("a command is set aside", partition=number, sender=batch.sender, place=place, error=error)
        part.wake()
        return reply

    def _give_up(self, newer: NewerError) -> None:
        if newer.partition >= len(self._parts) or self._parts[newer.partition].given_up:
            return
        _log.error(
            "a partition is left to a newer version of Chinwag", partition=newer.partition, version=newer.version
        )
        part = self._parts[newer.partition]
        part.given_up = True
        part.queue = None
        part.wake()
        for told in self.on_given_up:
            told(newer.partition)

    # Everybody's part

    def _claimed(self, message: Msg) -> None:
        try:
            claimed = messages.decode_claimed(message.data)
        except msgspec.DecodeError as error:
            _log.warning("it could not be read who owns a partition", error=str(error))
            return
        number = claimed.partition
        if not 0 <= number < len(self._parts) or claimed.epoch <= self._epochs.get(number, 0):
            return
        self._epochs[number] = claimed.epoch
        if claimed.node != self._node:
            self._fenced(number, claimed.epoch - 1)
        self._tell_new_owner(number)

    def _tell_new_owner(self, partition: int) -> None:
        self._appenders[partition].try_again()
        for handler in self._new_owner:
            try:
                handler(partition)
            except Exception:
                _log.exception("a new owner of a partition could not be told")

    def _way_is_free(self) -> None:
        for appender in self._appenders:
            appender.try_again()

    def _tell_lost(self, submission: Submission, code: Code) -> None:
        for told in self._lost:
            try:
                told(submission, code)
            except Exception:
                _log.exception("a lost submission could not be told")


def _subject(owner: NodeId) -> str:
    return f"log.{token(owner)}"
