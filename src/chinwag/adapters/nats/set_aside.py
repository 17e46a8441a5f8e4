"""Commands that nobody can read: whoever reads the log sets them aside, and tells the process that appended them."""

from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

import msgspec
import structlog
from nats.aio.msg import Msg

from chinwag.adapters.nats.connection import NatsConnection
from chinwag.adapters.nats.log_messages import Batch
from chinwag.adapters.plain_token import token
from chinwag.ports.log import Submission

RECENT: Final = 20_000
"""Commands that were appended of late, and may turn out to be of no use. Of an earlier one nobody is told."""

_log = structlog.get_logger(__name__)


class _Aside(msgspec.Struct, frozen=True):
    """Of a batch of one sender, the places of those that nobody can read."""

    partition: int
    number: int
    places: tuple[int, ...]


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(_Aside).decode


class SetAside:
    """Of one process, which appends as `sender`. tell: told of its own commands that nobody can read."""

    def __init__(self, connection: NatsConnection, sender: str, tell: Callable[[Submission], None]) -> None:
        self.count_of_all = 0
        """What was set aside here."""
        self._connection = connection
        self._tell = tell
        self._recent: OrderedDict[tuple[int, int], Sequence[Submission]] = OrderedDict()
        self._recent_count = 0
        self._stop = connection.subscribe(f"log.aside.{token(sender)}", self._told)

    def remember(self, partition: int, number: int, batch: Sequence[Submission]) -> None:
        """This batch was appended."""
        self._recent[partition, number] = batch
        self._recent_count += len(batch)
        while self._recent_count > RECENT and len(self._recent) > 1:
            self._recent_count -= len(self._recent.popitem(last=False)[1])

    def count(self, partition: int, sequence: int, error: str) -> None:
        """A record is no batch at all."""
        self.count_of_all += 1
        _log.error("a record is set aside", partition=partition, sequence=sequence, error=error)

    def tell(self, partition: int, batch: Batch, unreadable: Mapping[int, str]) -> None:
        """Set these of a batch aside, and tell its sender."""
        for place, error in unreadable.items():
            self.count_of_all += 1
            _log.error("a command is set aside", partition=partition, sender=batch.sender, place=place, error=error)
        try:
            subject = f"log.aside.{token(batch.sender)}"
        except ValueError:
            return  # no sender of ours
        self._connection.publish(subject, _encode(_Aside(partition, batch.number, tuple(unreadable))))

    def close(self) -> None:
        """Hear of nothing more."""
        self._stop()

    def _told(self, message: Msg) -> None:
        try:
            aside = _decode(message.data)
        except msgspec.DecodeError as error:
            _log.warning("it could not be read what was set aside", error=str(error))
            return
        batch = self._recent.get((aside.partition, aside.number), ())
        for one in _at(batch, aside.places):
            self._tell(one)


def _at(batch: Sequence[Submission], places: Collection[int]) -> list[Submission]:
    return [batch[place] for place in places if 0 <= place < len(batch)]
