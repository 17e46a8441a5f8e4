"""The proof: a server under load, its power cut again and again on the same disk, and what it confirmed looked for."""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Literal

import msgspec

from chinwag.domain.ids import AccountId, direct_id
from prove.power.changes import Changes, Person, log_in, sign_up
from prove.power.cut import Way
from prove.power.device import Device
from prove.power.http import Http, Refused
from prove.power.ledger import Ledger, Register
from prove.power.missing import Histories, Verdict, check_changes, check_marks
from prove.power.server import Dropped, PoweredServer

Store = Literal["rocksdb", "sqlite"]
COMMITS: Final[dict[Store, str]] = {"rocksdb": "data/messages/*.log", "sqlite": "data/directory.sqlite-wal"}
"""The files whose sync makes a commit last, by store."""
PEOPLE: Final = 10
DEVICES: Final = 2
SENDS_PER_CHANGE: Final = 20
LEAST_ACKS: Final = 100
LEAST_CHANGES: Final = 8
"""Changes confirmed between two cuts under load, at least: else there would be little to lose of the directory."""
LAST_ACKS: Final = 400
"""So many acks at most between the moment from which on everybody sends without end, and the cut."""
WAYS: Final[tuple[Way, ...]] = ("bare", "torn", "torn", "torn")
AMID: Final = ("directory.sqlite-wal", "directory.sqlite-wal")
"""Files in the midst of whose commits half of the cuts are made: those take so short that chance would miss them."""
AGAIN: Final = 20
"""Of how many acked messages the send key is tried after each cut."""
ACKS_SECONDS: Final = 120
IN_START: Final = 0.2
"""How likely a start is cut."""
TRIES: Final = 8


class Outcome(msgspec.Struct):
    """What came of all cuts."""

    cuts: int = 0
    ways: dict[str, int] = {}
    in_start: int = 0
    """Cuts before the server was ready again."""
    starts: list[float] = []
    """Seconds that each start after a cut took."""
    acked: int = 0
    marks: int = 0
    changes: int = 0
    again: int = 0
    in_flight: int = 0
    """Messages without an ack at the cuts, in all."""
    verdict: Verdict = msgspec.field(default_factory=Verdict)
    dropped: Dropped = msgspec.field(default_factory=Dropped)


class Proof:
    """One disk, one seed."""

    def __init__(
        self,
        folder: Path,
        seed: int,
        acks: int = 600,
        without_sync: Store | None = None,
        ways: Sequence[Way] = WAYS,
        people: int = PEOPLE,
    ) -> None:
        """folder: an empty one, for all files. acks: as many between two cuts, at most. ways: to choose from.

        people: 6 at least, an even number.
        """
        self._size = people
        self.server = PoweredServer(folder)
        self.outcome = Outcome()
        self._acks = acks
        self._ways = ways
        self._without = None if without_sync is None else COMMITS[without_sync]
        self._chance = random.Random(seed)
        self._ledger = Ledger()
        self._people: list[Person] = []
        self._devices: list[Device] = []
        self._histories: Histories
        self._changes: Changes

    async def run(self, cuts: int, tell: Callable[[str], None]) -> Outcome:
        """Cut the power `cuts` times. tell: is told of each."""
        await self.server.start()
        await self._settle_in()
        # the first start made everything: what it confirmed by now must outlast a cut like anything else
        self._count("bare", await self.server.cut("bare", self._chance))
        while await self._come_back():
            tell(self._line())
            if self.outcome.cuts >= cuts:
                await self._look(whole=True)
                for device in self._devices:
                    device.leave()
                await self.server.stop()
                break
            await self._load()
        return self.outcome

    async def _come_back(self) -> bool:
        """Start again and look. A server that cannot be started or refuses everybody has lost all: False then."""
        try:
            await self._start()
            await self._look(whole=False)
        except (AssertionError, ConnectionError, Refused) as gone:
            verdict, ledger = self.outcome.verdict, self._ledger
            self.outcome.acked, self.outcome.marks, self.outcome.changes = ledger.acked, ledger.marks, ledger.changes
            verdict.lost_messages, verdict.lost_marks, verdict.lost_changes = ledger.acked, ledger.marks, ledger.changes
            verdict.words.append(f"after cut {self.outcome.cuts} the server is of no use: {gone}"[-2000:])
            return False
        return True

    async def _start(self) -> None:
        """Start, at times only after the power was cut on the way there. Raises TimeoutError if that takes for ever."""
        for _ in range(TRIES):
            way = self._chance.choice(self._ways)
            if self._ledger.acked and self._chance.random() < IN_START:
                self._count(way, await self.server.cut_in_start(way, self._chance, self._without))
                self.outcome.in_start += 1
                continue
            began = time.monotonic()
            try:
                await self.server.start(self._without)
            except TimeoutError:  # on a machine with much else to do: a start that is cut like any other
                self._count(way, await self.server.cut(way, self._chance))
                self.outcome.in_start += 1
                continue
            self.outcome.starts.append(time.monotonic() - began)
            return
        raise TimeoutError(f"the server did not become ready {TRIES} times")

    async def _settle_in(self) -> None:
        async with Http(self.server.url) as http:

            async def person(index: int) -> None:
                name = f"person-{index}"
                account = await sign_up(http, name)
                self._ledger.changes += 1
                self._ledger.registers[f"account {name}"] = Register(f"account {name}", name)
                for _ in range(DEVICES):
                    device, token = await log_in(http, name)
                    self._ledger.changes += 1
                    self._devices.append(Device(self._ledger, account, device, token))
                self._people.append(Person(name, account, token))

            await asyncio.gather(*(person(index) for index in range(self._size)))
            readers: dict[str, Person] = {}
            for at in (0, self._size // 2):
                owner, *others = self._people[at : at + self._size // 2]
                body = {"title": "Power", "members": [other.account for other in others]}
                made = await http.ask("POST", "/v1/conversations", owner.token, body)
                self._ledger.shown[made["conversation"], 1] = ""
                readers[made["conversation"]] = owner
                for device in self._of(owner, *others):
                    device.conversations = [made["conversation"]]
        for one, other in zip(self._people[::2], self._people[1::2], strict=True):
            direct = direct_id(AccountId(one.account), AccountId(other.account))
            readers[direct] = one
            for device in self._of(one, other):
                device.conversations = [*device.conversations, direct]
        self._ledger.shown.clear()
        self._histories = Histories(self._ledger, readers)
        self._changes = Changes(self._ledger, self._people)

    async def _until(self, changing: "asyncio.Task[None]", acks: int, each: int, least_changes: int = 0) -> None:
        """Load the server until it has acked `acks` more messages, and confirmed `least_changes` more changes.

        each: messages sent for each change confirmed.
        """
        ledger = self._ledger
        acks += ledger.acked
        least_changes += ledger.changes
        changes = ledger.changes - 1
        ledger.sends_left = 0
        async with asyncio.timeout(ACKS_SECONDS):
            while ledger.acked < acks or ledger.changes < least_changes:
                ledger.sends_left += each * (ledger.changes - changes)
                changes = ledger.changes
                for device in self._devices:
                    device.begin()
                ledger.moved.clear()
                moved = asyncio.create_task(ledger.moved.wait())
                await asyncio.wait({changing, moved}, return_when=asyncio.FIRST_COMPLETED)
                moved.cancel()
                if changing.done():
                    changing.result()

    def _of(self, *people: Person) -> list[Device]:
        accounts = {person.account for person in people}
        return [device for device in self._devices if device.account in accounts]

    async def _load(self) -> None:
        """Load the server, and cut its power in the midst of that."""
        changing = asyncio.create_task(self._changes.make(self.server.url))
        try:
            # Sockets would take all of the server: so many messages at first for each change, and then without end.
            await self._until(changing, self._chance.randint(LEAST_ACKS, self._acks), SENDS_PER_CHANGE, LEAST_CHANGES)
            amid = self._chance.choice((None, None, *AMID))
            if amid is None:
                await self._until(changing, self._chance.randint(1, LAST_ACKS), each=1 << 30)
            way = self._chance.choice(self._ways)
            self.outcome.in_flight += sum(len(names) for device in self._devices for names in device.flying.values())
            self._count(way, await self.server.cut(way, self._chance, amid))
        finally:
            changing.cancel()
            await asyncio.gather(changing, return_exceptions=True)
        await asyncio.gather(*(device.ended() for device in self._devices))

    def _count(self, way: Way, dropped: Dropped) -> None:
        outcome = self.outcome
        outcome.cuts += 1
        outcome.ways[way] = outcome.ways.get(way, 0) + 1
        outcome.dropped.rocksdb += dropped.rocksdb
        outcome.dropped.sqlite += dropped.sqlite

    async def _look(self, *, whole: bool) -> None:
        """Look for all that was confirmed; then everybody comes back, and what has no answer is sent again."""
        verdict = self.outcome.verdict
        ledger = self._ledger
        async with Http(self.server.url) as http:
            await self._histories.check(http, verdict, whole=whole)
            await check_marks(http, ledger, self._people, verdict)
            await check_changes(http, ledger, self._changes, verdict)
        if not whole:
            await asyncio.gather(*(device.connect(self.server.url) for device in self._devices))
        await self._again()
        verdict.other += len(ledger.faults)
        verdict.words += ledger.faults
        ledger.faults.clear()
        self.outcome.acked, self.outcome.marks, self.outcome.changes = ledger.acked, ledger.marks, ledger.changes

    async def _again(self) -> None:
        """Send keys answer as before."""
        acked = [name for name, sent in self._ledger.sent.items() if sent.number]
        by_id = {device.id: device for device in self._devices}
        for name in self._chance.sample(acked, min(AGAIN, len(acked))):
            sent = self._ledger.sent[name]
            number = await by_id[sent.device].again(name)
            self.outcome.again += 1
            if number != sent.number:
                self._ledger.faults.append(f"{name} was acked as {sent.number}, and after a cut as {number}")

    def _line(self) -> str:
        outcome = self.outcome
        return f"cut {outcome.cuts}: acked {outcome.acked}, changes {outcome.changes}, wrong {outcome.verdict.wrong}"
