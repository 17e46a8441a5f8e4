"""Each account's inbox: what its devices saw at each position, and what stands there at the end."""

from array import array
from collections.abc import Iterator
from typing import Final

import msgspec

from prove.facts import InboxEnd, InboxRow, SeenAccount, SeenMark, SeenMessage, SeenNotice
from prove.ranges import Numbers

_PAGE: Final = 4096

Entry = SeenMessage | SeenNotice | SeenMark | SeenAccount | InboxRow


class Different(msgspec.Struct, frozen=True):
    """At a position at which something was read before, somebody read something else."""

    epoch: int
    position: int
    entry: Entry
    reader: str


class Posted:
    """What the final inbox holds of one conversation: numbers, and at which positions, as they stand there."""

    __slots__ = ("numbers", "order", "positions")

    def __init__(self) -> None:
        self.numbers = Numbers()
        self.order = array("q")
        self.positions = array("q")


class Inbox:
    """The inbox of one account."""

    def __init__(self, account: str) -> None:
        self.account = account
        self.different: list[Different] = []
        self.posted: dict[str, Posted] = {}
        """Final, by conversation: messages and notices."""
        self.positions = Numbers()
        """Of the final inbox."""
        self.epoch = 0
        """The last that a device was told."""
        self.end: InboxEnd | None = None
        """Given when the whole inbox, and all the account's histories, are in the record."""
        self._pages: dict[tuple[int, int], array[int]] = {}

    def holds(self, epoch: int, position: int, entry: Entry, what: int, reader: str) -> None:
        """`reader` found an entry at a position; `what` is the same number for the same entry."""
        page = self._pages.get((epoch, position // _PAGE))
        if page is None:
            page = self._pages[epoch, position // _PAGE] = array("q", bytes(8 * _PAGE))
        place = position % _PAGE
        before = page[place]
        if before != what:
            if before:
                self.different.append(Different(epoch, position, entry, reader))
            else:
                page[place] = what

    def row(self, fact: InboxRow, what: int) -> None:
        """The final inbox holds this."""
        self.positions.add(fact.position)
        self.holds(self.epoch, fact.position, fact, what, "")
        if fact.kind in ("message", "notice"):
            posted = self.posted.get(fact.conversation)
            if posted is None:
                posted = self.posted[fact.conversation] = Posted()
            posted.numbers.add(fact.number)
            posted.order.append(fact.number)
            posted.positions.append(fact.position)


class Inboxes:
    """All inboxes of a run, by account."""

    def __init__(self) -> None:
        self._by_account: dict[str, Inbox] = {}

    def __iter__(self) -> Iterator[Inbox]:
        return iter(self._by_account.values())

    def of(self, account: str) -> Inbox:
        """The account's inbox, which need not have been heard of before."""
        inbox = self._by_account.get(account)
        if inbox is None:
            inbox = self._by_account[account] = Inbox(account)
        return inbox
