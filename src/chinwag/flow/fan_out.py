"""Third leg: what has become readable in an inbox goes to the sessions that hold it.

Positions are dense, so a reader that is at p takes what begins at p + 1, has already what begins at p or below,
and must catch up from its inbox when something is missing between.
"""

from collections.abc import Sequence
from typing import Protocol

import structlog

from chinwag.domain.ids import AccountId
from chinwag.fail_points import passing_half_way
from chinwag.ports.bus import PEOPLE, Bus, Publication, Tell
from chinwag.ports.inbox import Arrival, Inbox

_log = structlog.get_logger(__name__)


class Reader(Protocol):
    """One connected session of an account."""

    @property
    def account(self) -> AccountId:
        """Whose inbox it reads."""
        ...

    def arrived(self, position: int, events: Sequence[bytes], epoch: int) -> None:
        """Events (JSON) at `position`, `position` + 1, … are there. Some may be known, some before may be missing.

        Without events: what lies below `position` is there. epoch: of the inbox; in another than that of what was read
        some of that may be gone.
        """
        ...

    def told(self, tell: Tell) -> None:
        """Something true now."""
        ...


class FanOut:
    """The sessions of one gateway, by account."""

    def __init__(self, inbox: Inbox, bus: Bus) -> None:
        self.arrivals = 0
        """Stretches of inboxes that became readable for somebody here."""
        self.events = 0
        """Events in them."""
        self._inbox = inbox
        self._epoch = 0
        # Tuples, replaced as a whole: a reader may leave while it is being told.
        self._readers: dict[AccountId, tuple[Reader, ...]] = {}
        inbox.feed(self._arrived)
        self._unsubscribe = bus.subscribe(PEOPLE, self._told)

    def stop(self) -> None:
        """Stop listening."""
        self._unsubscribe()

    def attach(self, reader: Reader) -> None:
        """`reader` wants arrivals from now on."""
        self._readers[reader.account] = (*self.of(reader.account), reader)
        self._inbox.hold(reader.account)

    def detach(self, reader: Reader) -> None:
        """`reader` is gone. Doing it again changes nothing."""
        readers = self.of(reader.account)
        if reader not in readers:
            return
        self._inbox.release(reader.account)
        rest = tuple(other for other in readers if other is not reader)
        if rest:
            self._readers[reader.account] = rest
        else:
            del self._readers[reader.account]

    def of(self, account: AccountId) -> tuple[Reader, ...]:
        """The sessions of an account here."""
        return self._readers.get(account, ())

    def _arrived(self, arrivals: Sequence[Arrival]) -> None:
        readers, given = self._readers, 0
        self.arrivals += len(arrivals)
        for arrival in passing_half_way("fan_out.half", arrivals):
            position, events, epoch = arrival.position, arrival.events, arrival.epoch
            given += len(events)
            if epoch != self._epoch:
                self._began(epoch)
            for reader in readers.get(arrival.account, ()):
                # As `_give` does, without its call: that is made for every event of every device.
                try:
                    reader.arrived(position, events, epoch)
                except Exception:
                    _not_given(reader)
        self.events += given

    def _began(self, epoch: int) -> None:
        """The inboxes are of another epoch now: each reader looks what that has left of what it has."""
        before, self._epoch = self._epoch, epoch
        if before:
            _log.warning("the inboxes have begun a new epoch", epoch=epoch, before=before)
            for readers in tuple(self._readers.values()):
                for reader in readers:
                    self._give(reader, 0, (), epoch)

    def _give(self, reader: Reader, position: int, events: Sequence[bytes], epoch: int) -> None:
        try:
            reader.arrived(position, events, epoch)
        except Exception:
            _not_given(reader)

    def _told(self, publication: Publication) -> None:
        if type(publication) is Tell:
            for account in publication.to:
                for reader in self._readers.get(account, ()):
                    try:
                        reader.told(publication)
                    except Exception:
                        _log.exception("a signal could not be given", account=account)


def _not_given(reader: Reader) -> None:
    """The others get theirs; this one sees the gap when the next one comes."""
    _log.exception("an arrival could not be given", account=reader.account)
