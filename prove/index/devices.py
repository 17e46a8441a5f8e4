"""What each device did and saw: its sessions, the positions they brought, and the numbers it knows."""

from collections import defaultdict

import msgspec

from prove.facts import Began, ColdLoaded, Ended, Transport, WasReset
from prove.index.inboxes import Inbox
from prove.ranges import Numbers, without


class Gap(msgspec.Struct, frozen=True):
    """Where positions do not go on: `came` came after `after`."""

    session: int
    after: int
    came: int


class Session:
    """One session. last: the position up to which it has brought everything, as far as it says."""

    __slots__ = (
        "asked",
        "began_at",
        "brought",
        "code",
        "device",
        "ended_at",
        "epoch",
        "inbox",
        "last",
        "number",
        "transport",
    )

    def __init__(self, fact: Began, device: "Device", inbox: Inbox) -> None:
        self.number = fact.session
        self.device = device
        self.inbox = inbox
        self.transport: Transport = fact.transport
        self.epoch = fact.epoch
        self.last = fact.cursor
        self.asked = fact.asked
        self.began_at = fact.at
        self.ended_at: int | None = None
        self.code = ""
        self.brought = False


class Hole(msgspec.Struct, frozen=True):
    """Where what is fed of a large group does not go on number by number: `came` came after `after`; -1: after nothing
    that begins a feed."""

    session: int
    conversation: str
    after: int
    came: int


class Again(msgspec.Struct, frozen=True):
    """A numbered event came at a new position, though the device had it, or a later one, before."""

    conversation: str
    number: int
    position: int
    twice: bool


class Device:
    """One device of an account."""

    def __init__(self, name: str, account: str) -> None:
        self.name = name
        self.account = account
        self.sessions: list[Session] = []
        self.open: set[int] = set()
        """Sessions that have not ended."""
        self.epoch = 0
        self.had = Numbers()
        """The positions of this epoch that it has, as events or by loading everything."""
        self.since: int | None = None
        """It never loaded everything: it knows only what came after this position."""
        self.gaps: list[Gap] = []
        self.seen: dict[str, Numbers] = defaultdict(Numbers)
        """By conversation, the numbers that came as events."""
        self.loaded: dict[str, Numbers] = defaultdict(Numbers)
        self.again: list[Again] = []
        self.fed: dict[str, Numbers] = defaultdict(Numbers)
        """By conversation, the numbers that were fed."""
        self.holes: list[Hole] = []
        self._feeds: dict[tuple[int, str], int] = {}

    def feed_from(self, session: Session, conversation: str, after: int) -> None:
        """A feed begins, or goes on, after a number."""
        self._feeds[session.number, conversation] = after

    def feed(self, session: Session, conversation: str, number: int) -> None:
        """A number was fed."""
        after = self._feeds.get((session.number, conversation), -1)
        if number != after + 1 or after < 0:
            self.holes.append(Hole(session.number, conversation, after, number))
        self._feeds[session.number, conversation] = number
        self.fed[conversation].add(number)

    def began(self, fact: Began, inbox: Inbox) -> Session:
        """A session of it is on."""
        if not self.had:
            self.since = fact.cursor
        elif fact.epoch == self.epoch and not self.open and (missing := without([(0, fact.cursor)], self.had)):
            self.gaps.append(Gap(fact.session, missing[0][0] - 1, fact.cursor + 1))
        if not self.open:
            # Else the other session brings what this one leaves out.
            self._goes_on_after(fact.epoch, fact.cursor)
        session = Session(fact, self, inbox)
        self.sessions.append(session)
        self.open.add(fact.session)
        return session

    def ended(self, session: Session, fact: Ended) -> None:
        """A session of it is over."""
        session.ended_at, session.code = fact.at, fact.code
        self.open.discard(session.number)

    def was_reset(self, session: Session, fact: WasReset) -> None:
        """It is told to load afresh; after a restore, what it knew no longer counts."""
        session.epoch, session.last = fact.epoch, fact.position
        # A cursor that leads nowhere is no gap if the device is told so.
        self.gaps = [gap for gap in self.gaps if gap.session != session.number or session.brought]
        if fact.cause == "epoch":
            self.seen.clear()
            self.loaded.clear()
            self.fed.clear()
        self._goes_on_after(fact.epoch, fact.position)

    def cold_loaded(self, fact: ColdLoaded) -> None:
        """It loaded everything as of a position."""
        self._goes_on_after(fact.epoch, fact.position)
        self.since = None

    def event(self, session: Session, position: int) -> bool:
        """An event came; whether its position is new to the device."""
        if position != session.last + 1:
            self.gaps.append(Gap(session.number, session.last, position))
        session.last = position
        session.brought = True
        return self.had.add(position)

    def _goes_on_after(self, epoch: int, position: int) -> None:
        if epoch != self.epoch:
            self.epoch, self.had = epoch, Numbers()
        self.had.add_range(0, position)

    def numbered(self, conversation: str, number: int, position: int, new: bool) -> None:
        """A message or notice came at a position, which is `new` to the device or is not."""
        numbers = self.seen[conversation]
        last = numbers.last
        if not numbers.add(number):
            if new:
                self.again.append(Again(conversation, number, position, twice=True))
        elif number < last and new:
            self.again.append(Again(conversation, number, position, twice=False))

    def there_at(self, at: int) -> bool:
        """Whether it had a session then. Ask for a moment after its last one began."""
        return any(session.ended_at is None or session.ended_at > at for session in self.sessions)

    def known(self, conversation: str) -> Numbers:
        """The numbers that it has seen, that were fed to it, or that it has loaded."""
        known = Numbers(self.seen[conversation].ranges()) if conversation in self.seen else Numbers()
        for more in (self.loaded, self.fed):
            for first, last in more[conversation].ranges() if conversation in more else ():
                known.add_range(first, last)
        return known


class Devices:
    """All devices and sessions of a run."""

    def __init__(self) -> None:
        self.by_name: dict[str, Device] = {}
        self.sessions: dict[int, Session] = {}
        self.strays: list[int] = []
        """Sessions that brought something and never began."""

    def device(self, name: str, account: str) -> Device:
        """The device, which need not have been heard of before."""
        found = self.by_name.get(name)
        if found is None:
            found = self.by_name[name] = Device(name, account)
        return found

    def began(self, fact: Began, inbox: Inbox) -> None:
        """A session is on."""
        self.sessions[fact.session] = self.device(fact.device, fact.account).began(fact, inbox)

    def ended(self, fact: Ended) -> None:
        """A session is over."""
        session = self.sessions.get(fact.session)
        if session is not None and session.ended_at is None:
            session.device.ended(session, fact)
