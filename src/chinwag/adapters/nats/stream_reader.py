"""One reading of a stream: its records from a place on, contiguous, or an end that says why there are no more.

A consumer of JetStream's is a hint and no more: it jumps in silence over what was purged, waits in silence ahead of the
log, and is lost with the server that keeps it. So each record must follow the one before, a consumer from which nothing
is heard is made anew, and the stream's own last sequence is looked at each second.
"""

import asyncio
import contextlib
import secrets
import time
from enum import Enum
from typing import Final

import msgspec
import structlog
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from chinwag.adapters.nats.connection import NatsConnection
from chinwag.adapters.nats.streams import RECORD, SECOND, NoStreamError, Streams
from chinwag.domain.refusal import Refused
from chinwag.flow.cancelled import told_to_end

HEARTBEAT_SECONDS: Final = 1
"""How often a consumer says that it lives while it has nothing."""
SILENCE_SECONDS: Final = 2.5
"""After which a consumer is lost."""
REQUEST_SECONDS: Final = 20
"""How long one request for records waits for them."""
RECORDS: Final = 32
"""Records asked for at once."""
UNREAD_BYTES: Final = 64 << 20
"""What may wait here to be read, as far as the library counts it."""
PAUSE_SECONDS: Final = 0.25
"""Between two tries while the servers do not answer."""
LOOKS: Final = 2
"""A stream is gone when it is not there at so many looks, one after another."""

_log = structlog.get_logger(__name__)


class End(Enum):
    """Why a reading has ended."""

    TOLD = "told"
    """It was told to."""
    JUMPED = "jumped"
    """What would follow is not there any longer: it was applied, and purged."""
    LOST = "lost"
    """The stream is gone, or has gone back behind what it held."""


class StreamRecord(msgspec.Struct, frozen=True):
    """One record. at: when the stream took it, in milliseconds since 1970. label: its appender's."""

    sequence: int
    at: int
    label: str
    data: bytes


class StreamReader:
    """Reads one stream. `begin` it, `next` until that gives an end, and `close` it whatever comes."""

    def __init__(self, connection: NatsConnection, streams: Streams, partition: int, epoch: int) -> None:
        self.last = 0
        """The sequence of the record that was read last, or of the one before the first."""
        self._connection = connection
        self._streams = streams
        self._place = (partition, epoch)
        self._queue: asyncio.Queue[Msg | None] = asyncio.Queue()  # of what was asked for, RECORDS at most, and statuses
        self._end: End | None = None
        self._label = ""
        self._consumer = ""
        self._inbox = ""
        self._asked = 0
        self._looked_at = 0.0
        self._missing = 0
        self._behind: int | None = None
        self._listening = contextlib.AsyncExitStack()

    async def begin(self, after: int, known: int) -> End | None:
        """Begin behind a sequence, or at the stream's first record if that is later. An end if there is no stream, or
        if it ends below `known`, which it once held.

        Tries until the servers answer, or `end` is called.
        """
        while self._end is None:
            try:
                found = await self._streams.state(*self._place)
            except NoStreamError:
                self._miss()
            except Refused:
                pass
            else:
                self.last = max(0, after, found.first_seq - 1)
                if found.last_seq < known:
                    self._end = End.LOST
                return self._end
            await asyncio.sleep(PAUSE_SECONDS)
        return self._end

    async def next(self) -> list[StreamRecord] | End:
        """The records that follow, one at least, as many as have come; or an end."""
        while self._end is None and not told_to_end():
            try:
                if not self._consumer:
                    await self._make_consumer()
                if self._asked <= 0:
                    await self._request()
                found = self._take(await self._heard())
                if found:
                    return found
                await self._look_each_second()
            except NoStreamError:
                self._consumer = ""
                self._miss()
                await asyncio.sleep(PAUSE_SECONDS)
            except (Refused, NatsError, TimeoutError):
                self._consumer = ""
                await asyncio.sleep(PAUSE_SECONDS)
        return self._end or End.TOLD

    def end(self) -> None:
        """Let `next` and `begin` end."""
        self._end = self._end or End.TOLD
        self._queue.put_nowait(None)

    async def close(self) -> None:
        """Let go of the consumer."""
        self.end()
        await self._drop(self._consumer)

    async def _make_consumer(self) -> None:
        await self._drop("")
        self._queue = asyncio.Queue()
        self._inbox, stop = await self._connection.listen(self._queue.put_nowait, RECORDS * 4, UNREAD_BYTES)
        self._listening.push_async_callback(stop)
        consumer = secrets.token_hex(8)
        # The last record that was read comes once more, if it is still there: it shows whether this is the same stream.
        await self._streams.read_from(*self._place, consumer, max(1, self.last))
        self._consumer, self._asked = consumer, 0

    async def _drop(self, consumer: str) -> None:
        listening, self._listening, self._consumer = self._listening, contextlib.AsyncExitStack(), ""
        with contextlib.suppress(Refused, NatsError, TimeoutError):
            await listening.aclose()
        with contextlib.suppress(Refused, NatsError, TimeoutError):
            if consumer:  # else it is there for some seconds more
                await self._connection.tell(self._streams.end_of(*self._place, consumer), b"")

    async def _request(self) -> None:
        question = {"batch": RECORDS, "expires": REQUEST_SECONDS * SECOND, "idle_heartbeat": HEARTBEAT_SECONDS * SECOND}
        subject = self._streams.next_of(*self._place, self._consumer)
        await self._connection.tell(subject, msgspec.json.encode(question), self._inbox)
        self._asked = RECORDS

    async def _heard(self) -> list[Msg]:
        """What has come, waited for until the consumer counts as lost."""
        try:
            async with asyncio.timeout(SILENCE_SECONDS):
                found = [await self._queue.get()]
        except TimeoutError:
            _log.info("a consumer of a stream is made anew", partition=self._place[0], after=self.last)
            self._consumer = ""
            return []
        while not self._queue.empty():
            found.append(self._queue.get_nowait())
        return [each for each in found if each is not None]

    def _take(self, heard: list[Msg]) -> list[StreamRecord]:
        found: list[StreamRecord] = []
        for message in heard:
            if not message.reply.startswith(RECORD):
                self._take_status(message)
                continue
            self._asked -= 1
            record = _record_of(message)
            if record.sequence == self.last + 1:
                self.last, self._label = record.sequence, record.label
                found.append(record)
            elif record.sequence > self.last + 1:
                self._end = self._end or End.JUMPED
                break
            elif record.sequence < self.last or (self._label and record.label != self._label):
                self._end = End.LOST  # it has gone back, and another record stands where that one was
                break
        return found

    def _take_status(self, message: Msg) -> None:
        status = (message.headers or {}).get("Status", "")
        if status in ("404", "408"):  # the request has ended
            self._asked = 0
        elif status != "100":  # the consumer has
            self._consumer = ""

    async def _look_each_second(self) -> None:
        """Whether the stream is there, and where it ends."""
        now = time.monotonic()
        if now - self._looked_at < HEARTBEAT_SECONDS or self._end is not None:
            return
        found = await self._streams.state(*self._place)
        self._looked_at, self._missing = now, 0
        if found.last_seq < self.last:
            self._end = End.LOST
        elif found.first_seq > self.last + 1:
            self._end = End.JUMPED  # also where nothing follows yet that would show it
        elif found.last_seq > self.last and self._behind == self.last:
            self._consumer = ""  # it says that it lives, and gives nothing
        self._behind = self.last if found.last_seq > self.last else None

    def _miss(self) -> None:
        self._missing += 1
        if self._missing >= LOOKS:
            self._end = self._end or End.LOST


def _record_of(message: Msg) -> StreamRecord:
    words = message.reply.split(".")  # a longer form names the domain and the account first
    first = 5 if len(words) == 9 else 7
    label = (message.headers or {}).get("Nats-Msg-Id", "")
    return StreamRecord(int(words[first]), int(words[first + 2]) // 1_000_000, label, message.data)
