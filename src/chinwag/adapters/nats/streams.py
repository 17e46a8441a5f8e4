"""JetStream's streams as the log uses them: one of each partition and epoch, which both its name and its subject say.

A stream is a file that is synced at each record (the servers' `sync_interval: always`), on as many servers as
`replicas` says. A full one takes nothing more (the default forgets what nobody has read), and nothing grows old.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from nats.errors import Error as NatsError
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeoutError

from chinwag.adapters.nats.connection import NatsConnection
from chinwag.domain.refusal import Code, NoAnswerError, Refused

BYTES: Final = 256 << 20
"""What one stream may hold, until the workers have applied it."""
ASK_SECONDS: Final = 2.0
"""How long one question to the servers may take."""
COPIES_SECONDS: Final = 30
"""For how long a server knows a record that comes a second time: longer than anybody tries to append one."""
SECOND: Final = 1_000_000_000
"""In the unit of JetStream's times."""
RECORD: Final = "$JS.ACK."
"""How the reply of a message begins that is a record."""
_GONE: Final = frozenset({10059, 10014})
"""Codes of errors: no such stream, no such consumer."""
_THERE: Final = frozenset({10058, 10065})
"""A stream of that name, or with that subject, is there already."""
_FULL: Final = frozenset({10077})
_LEADERLESS: Final = frozenset({10008})
"""The servers have nobody who leads them, as most of them are not there."""
_PAGE: Final = 1024
"""Names in one answer."""


class Config(msgspec.Struct, kw_only=True, omit_defaults=True):
    """How a stream is made; of one that is there, also what it has been given since and we never say."""

    name: str
    subjects: list[str]
    num_replicas: int = 1
    max_bytes: int = -1
    duplicate_window: int = 0
    retention: str = msgspec.field(default="")
    storage: str = msgspec.field(default="")
    discard: str = msgspec.field(default="")
    max_age: int = 0
    max_msgs: int = -1
    max_msgs_per_subject: int = -1
    max_msg_size: int = -1
    deny_purge: bool = False
    sealed: bool = False
    no_ack: bool = False
    persist_mode: str = ""


class State(msgspec.Struct, frozen=True):
    """What a stream holds: the sequences of its first and last record. Empty: `first` is one above `last`."""

    first_seq: int = 0
    last_seq: int = 0
    bytes: int = 0
    messages: int = 0


class _Error(msgspec.Struct, frozen=True):
    code: int = 0
    err_code: int = 0
    description: str = ""


class _Reply(msgspec.Struct, frozen=True):
    error: _Error | None = None
    state: State = State()
    streams: list[str] | None = None
    stream: str = ""
    seq: int = 0
    duplicate: bool = False
    total: int = 0


class Kept(msgspec.Struct, frozen=True):
    """A stream as it is. ts: the servers' clock when that was asked."""

    config: Config
    ts: str = ""


class _Listed(msgspec.Struct, frozen=True):
    """The answer to a question about many. missing: those of which no server that leads them answered in time."""

    error: _Error | None = None
    streams: list[Kept] | None = None
    missing: list[str] | None = None
    total: int = 0


class Looked(msgspec.Struct, frozen=True):
    """What a look at all streams of a kind found: how many there are, how many of them nobody leads, and the servers'
    time (seconds since 1970; 0 where there is none)."""

    count: int
    missing: int
    time: float


class Taken(msgspec.Struct, frozen=True):
    """A record is in the stream, at that sequence. copy: it had been already."""

    sequence: int
    copy: bool


class NoStreamError(Exception):
    """There is no such stream, as the servers' leader says."""


class NobodyTookError(Exception):
    """No stream took the record: there is none, or its servers are about to agree on a leader. It surely is not in."""


class FullError(Exception):
    """The stream is full; the record is not in."""


class StreamSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Of the streams of one cluster. kind: of the partitions, such as `log`. most: bytes of one stream."""

    kind: str = "log"
    replicas: int = 3
    most: int = BYTES


class Streams:
    """The streams of one kind of partitions. Every question is bounded in time and raises `Refused` (`unavailable`) if
    it has no answer."""

    def __init__(self, connection: NatsConnection, settings: StreamSettings) -> None:
        self._connection = connection
        self._settings = settings
        self._prefix = f"{connection.prefix.replace('.', '-')}{settings.kind}-"

    def name(self, partition: int, epoch: int) -> str:
        """The name of a stream."""
        return f"{self._prefix}{partition}-{epoch}"

    def _subject(self, partition: int, epoch: int | str) -> str:
        return f"{self._connection.prefix}{self._settings.kind}.{partition}.{epoch}"

    async def make(self, partition: int, epoch: int) -> None:
        """Make a stream; one that is there stays as it is."""
        config = Config(
            name=self.name(partition, epoch),
            subjects=[self._subject(partition, epoch)],
            num_replicas=self._settings.replicas,
            max_bytes=self._settings.most,
            duplicate_window=COPIES_SECONDS * SECOND,
            retention="limits",
            storage="file",
            discard="new",
        )
        reply = await self._ask(f"STREAM.CREATE.{config.name}", config, seconds=2 * ASK_SECONDS)
        if reply.error is not None and reply.error.err_code not in _THERE:
            raise _refusal(reply.error)

    async def state(self, partition: int, epoch: int) -> State:
        """What a stream holds. Raises `NoStreamError`."""
        reply = await self._ask(f"STREAM.INFO.{self.name(partition, epoch)}", None)
        _see(reply)
        return reply.state

    async def epochs(self, partition: int) -> Sequence[int]:
        """The epochs of which a partition has streams, rising."""
        found: list[int] = []
        subject, seen = self._subject(partition, "*"), 0
        while True:
            reply = await self._ask("STREAM.NAMES", {"subject": subject, "offset": seen})
            _see(reply)
            names = reply.streams or []
            seen += len(names)
            for name in names:
                last = name.rpartition("-")[2]
                if last.isascii() and last.isdigit() and name == self.name(partition, int(last)):
                    found.append(int(last))
            if not names or seen >= reply.total:
                return sorted(found)

    async def look(self) -> Looked:
        """Whether the streams of all partitions can be used."""
        listed = await self._list(0)
        found = listed.streams or []
        now = datetime.fromisoformat(found[0].ts).timestamp() if found and found[0].ts else 0.0
        return Looked(listed.total, len(listed.missing or ()), now)

    def partition(self, name: str) -> int:
        """Of which partition the stream of that name is; -1: of none."""
        word = name.removeprefix(self._prefix).partition("-")[0]
        return int(word) if name.startswith(self._prefix) and word.isascii() and word.isdigit() else -1

    async def kept(self) -> tuple[list[Kept], list[str]]:
        """All of them as they are, and the names of those that nobody leads."""
        found: dict[str, Kept] = {}
        missing: set[str] = set()
        offset = 0
        while True:
            listed = await self._list(offset)
            found |= {one.config.name: one for one in listed.streams or ()}
            missing |= set(listed.missing or ())
            offset += len(listed.streams or ()) + len(listed.missing or ())
            if not listed.streams or offset >= listed.total:
                return list(found.values()), sorted(missing)

    async def _list(self, offset: int) -> _Listed:
        subject = f"{self._connection.prefix}{self._settings.kind}.>"
        payload = msgspec.json.encode({"subject": subject, "offset": offset})
        try:
            answer = await self._connection.ask("$JS.API.STREAM.LIST", payload, ASK_SECONDS)
            listed = msgspec.json.decode(answer, type=_Listed)
        except NoRespondersError as error:
            raise Refused(Code.UNAVAILABLE, "these servers have no JetStream", 1.0) from error
        except (TimeoutError, NatsTimeoutError, NatsError, msgspec.MsgspecError) as error:
            raise NoAnswerError("JetStream does not answer") from error
        if listed.error is not None:
            raise _refusal(listed.error)
        return listed

    async def delete(self, partition: int, epoch: int) -> None:
        """Take a stream away, if it is there, with all that it holds."""
        reply = await self._ask(f"STREAM.DELETE.{self.name(partition, epoch)}", None)
        if reply.error is not None and reply.error.err_code not in _GONE:
            raise _refusal(reply.error)

    async def forget(self, partition: int, epoch: int, below: int) -> None:
        """Take away all records below a sequence. Raises `NoStreamError`."""
        _see(await self._ask(f"STREAM.PURGE.{self.name(partition, epoch)}", {"seq": below}))

    async def append(self, partition: int, epoch: int, record: bytes, label: str) -> Taken:
        """Append a record, of which the stream takes no second one with this label for a while.

        Raises `NobodyTookError`, `FullError`; after `Refused` nobody knows whether it is in.
        """
        headers = {"Nats-Msg-Id": label, "Nats-Expected-Stream": self.name(partition, epoch)}
        try:
            answer = await self._connection.ask(self._subject(partition, epoch), record, ASK_SECONDS, headers)
        except NoRespondersError:
            raise NobodyTookError from None
        except (TimeoutError, NatsTimeoutError, NatsError) as error:
            raise Refused(Code.UNAVAILABLE, "the log's stream does not answer", 1.0) from error
        reply = msgspec.json.decode(answer, type=_Reply)
        if reply.error is not None:
            if reply.error.err_code in _FULL:
                raise FullError
            raise _refusal(reply.error)
        return Taken(reply.seq, reply.duplicate)

    async def read_from(self, partition: int, epoch: int, consumer: str, sequence: int) -> None:
        """Make a consumer that begins there, and is gone some seconds after nobody reads with it. Raises
        `NoStreamError`."""
        name = self.name(partition, epoch)
        config: dict[str, Any] = {
            "name": consumer,
            "deliver_policy": "by_start_sequence",
            "opt_start_seq": sequence,
            "ack_policy": "none",
            "replay_policy": "instant",
            "inactive_threshold": 10 * SECOND,
            "num_replicas": 1,
            "mem_storage": True,
        }
        question = {"stream_name": name, "config": config, "action": "create"}
        _see(await self._ask(f"CONSUMER.CREATE.{name}.{consumer}", question))

    def next_of(self, partition: int, epoch: int, consumer: str) -> str:
        """The subject at which a consumer is asked for more records."""
        return f"$JS.API.CONSUMER.MSG.NEXT.{self.name(partition, epoch)}.{consumer}"

    def end_of(self, partition: int, epoch: int, consumer: str) -> str:
        """The subject at which a consumer is taken away."""
        return f"$JS.API.CONSUMER.DELETE.{self.name(partition, epoch)}.{consumer}"

    async def _ask(self, what: str, question: object, seconds: float = ASK_SECONDS) -> _Reply:
        payload = b"" if question is None else msgspec.json.encode(question)
        try:
            answer = await self._connection.ask(f"$JS.API.{what}", payload, seconds)
            return msgspec.json.decode(answer, type=_Reply)
        except (TimeoutError, NatsTimeoutError, NatsError, msgspec.MsgspecError) as error:
            raise NoAnswerError("JetStream does not answer") from error


def _see(reply: _Reply) -> None:
    """Raise what a reply says went wrong."""
    if reply.error is not None:
        if reply.error.err_code in _GONE:
            raise NoStreamError
        raise _refusal(reply.error)


def _refusal(error: _Error) -> Refused:
    words = f"JetStream: {error.description} ({error.err_code})"
    return NoAnswerError(words) if error.err_code in _LEADERLESS else Refused(Code.UNAVAILABLE, words, 1.0)
