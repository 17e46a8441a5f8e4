"""One-to-one chat: pairs of people, each with some messages in flight."""

import asyncio
import time
from functools import partial
from itertools import pairwise
from typing import Final

import msgspec

from chinwag.load.figures import Outcome, Stopwatch, milliseconds, quantile, spread
from chinwag.load.patience import Patience
from chinwag.load.peer import Ack, Faults, Login, Peer, connect, decode_item, text_of, until
from chinwag.wire.frames import Error, Event

BEGINNING: Final = 16
"""Lines that begin at a time."""
LAST_SECONDS: Final = 20.0
"""How long what is under way at the end may take to arrive."""


class Pairs(msgspec.Struct, frozen=True, tag="pairs"):
    """Logins two by two. in_flight: unacked messages of one sender. both: both of a pair send.

    nonce: makes the ids of this run its own. pause: seconds between an ack and the next send. limited: the server's
    limits are in the way, and kept to; else a send that is refused is a fault.
    """

    url: str
    logins: tuple[Login, ...]
    nonce: str
    in_flight: int = 1
    both: bool = False
    warm_seconds: float = 1.0
    seconds: float = 5.0
    pause: float = 0.0
    limited: bool = False

    def shared(self, count: int) -> "list[Pairs]":
        """The same work for `count` generators, each with its own pairs."""
        pairs = len(self.logins) // 2
        bounds = [2 * (pairs * index // count) for index in range(count + 1)]
        return [
            msgspec.structs.replace(self, logins=self.logins[first:last], nonce=f"{self.nonce}.{index}")
            for index, (first, last) in enumerate(pairwise(bounds))
        ]


class Person(Peer):
    """One of a pair."""

    incoming: "Line"
    outgoing: "Line"

    def acked(self, ack: Ack) -> None:
        """One of mine is stored."""
        self.outgoing.acked(ack)

    def refused(self, error: Error) -> None:
        """One of mine is not, for now."""
        if not self.outgoing.refused(error):
            super().refused(error)

    def event(self, event: Event) -> None:
        """The other's message, or my own, as all devices of an account get it."""
        self.placed(event.position)
        item = decode_item(event.event)
        if item.kind != "message" or item.body is None:
            return
        if item.sender == self.account:
            self.outgoing.echoed(item.number, item.body.text)
        else:
            self.incoming.delivered(item.number, item.body.text)


class Line:
    """One sender's messages to one receiver, in order."""

    def __init__(self, name: str, sender: Person, receiver: Person, in_flight: int, job: Pairs):
        self.name = name
        self.sender = sender
        self.receiver = receiver
        self.going = False
        self.stopping = False
        self.sent_at: list[float] = []
        self.latencies: list[float] = []
        self.acks: list[int] = []
        self.deliveries: list[int] = []
        self.echoes = 0
        self.patience = Patience(self._go_on)
        self._in_flight = in_flight
        self._pause = job.pause
        self._one_by_one = job.both
        self._limited = job.limited
        sender.outgoing = receiver.incoming = self

    @property
    def sent(self) -> int:
        """Messages sent."""
        return len(self.sent_at)

    def fill(self) -> None:
        """Send as many as may be in flight; before it goes on, one that begins the conversation."""
        most = self._in_flight if self.going else min(self._in_flight, 0 if self.acks else 1)
        while not self.stopping and not self.patience.held and self.sent - len(self.acks) < most:
            self._send()

    def _send(self) -> None:
        number = len(self.sent_at)
        # A device that does not wait names the send before (P4 of docs/guarantees.md).
        after = f'"after":"{self.name}-{number - 1}",' if number > len(self.acks) else ""
        frame = (
            f'{{"type":"send","id":"{self.name}-{number}","to":"{self.receiver.account}",{after}'
            f'"body":{{"type":"text","text":"{text_of(self.name, number)}"}}}}'
        )
        self.sent_at.append(time.perf_counter())
        self.sender.send(frame.encode())

    def _again(self) -> None:
        if self._one_by_one and len(self.deliveries) < len(self.acks):
            return
        if self._pause:
            asyncio.get_running_loop().call_later(self._pause, self.fill)
        else:
            self.fill()

    def acked(self, ack: Ack) -> None:
        """The next one is stored."""
        if ack.id != f"{self.name}-{len(self.acks)}":
            self.sender.wrong(f"got the ack of {ack.id} after {len(self.acks)} others")
        self.acks.append(ack.number)
        if self.patience.held:
            self.patience.answered(self.sent - len(self.acks))
        else:
            self._again()

    def refused(self, error: Error) -> bool:
        """One is not stored, for now; whether that may be."""
        if not self._limited or not self.patience.take(error):
            return False
        self._in_flight = 1
        self.patience.answered(self.sent - len(self.acks))
        return True

    def _go_on(self) -> None:
        """All that was not stored goes again, as if for the first time: so long does the server let it wait."""
        del self.sent_at[len(self.acks) :]
        self.fill()

    def delivered(self, number: int, text: str) -> None:
        """The next one is there."""
        now = time.perf_counter()
        place = len(self.deliveries)
        if place >= self.sent or text != text_of(self.name, place):
            self.receiver.wrong(f"got {text!r} as message {place} of {self.name}")
            return
        self.latencies.append(now - self.sent_at[place])
        self.deliveries.append(number)
        if self._one_by_one and len(self.acks) > place:
            self._again()

    def echoed(self, number: int, text: str) -> None:
        """The sender's own device got it."""
        if text != text_of(self.name, self.echoes):
            self.sender.wrong(f"got {text!r} as own message {self.echoes}")
        self.echoes += 1

    @property
    def quiet(self) -> bool:
        """Whether nothing is under way."""
        return len(self.acks) == len(self.deliveries) == self.sent


def lines_of(job: Pairs, faults: Faults) -> tuple[list[Person], list[Line]]:
    """The people of a job, and who writes to whom."""
    people = [Person(login, faults) for login in job.logins]
    lines: list[Line] = []
    for index in range(0, len(people) - 1, 2):
        one, other = people[index], people[index + 1]
        lines.append(Line(f"{job.nonce}-{index}", one, other, job.in_flight, job))
        back = Line(f"{job.nonce}-{index + 1}", other, one, job.in_flight if job.both else 0, job)
        lines.append(back)
    return people, lines


async def begin(lines: list[Line], faults: Faults) -> None:
    """Begin all conversations, some at a time, and let them go on: whether one may is looked up, and not measured."""
    for first in range(0, len(lines), BEGINNING):
        some = lines[first : first + BEGINNING]
        for line in some:
            line.fill()
        if not await until(partial(_begun, some), LAST_SECONDS):
            faults.add("a conversation has not begun")
    for line in lines:
        line.going = True
        line.fill()


def _begun(lines: list[Line]) -> bool:
    return all(line.acks or not line.sent for line in lines)


def check(lines: list[Line], faults: Faults) -> None:
    """After the end: everything acked was delivered under its number, and a pair's numbers have no hole."""
    for one, other in zip(lines[::2], lines[1::2], strict=True):
        for line in (one, other):
            if line.acks != line.deliveries or len(line.acks) != line.sent:
                faults.add(f"{line.name}: sent {line.sent}, acked {len(line.acks)}, delivered {len(line.deliveries)}")
        numbers = sorted(one.acks + other.acks)
        if numbers and numbers != list(range(numbers[0], numbers[0] + len(numbers))):
            faults.add(f"the numbers of {one.name} and {other.name} are not dense")


async def run(job: Pairs) -> Outcome:
    """Chat for a while; messages/s acked and delivered, and how long delivery takes."""
    faults = Faults()
    people, lines = lines_of(job, faults)
    await connect(job.url, people)
    await begin(lines, faults)
    await asyncio.sleep(job.warm_seconds)
    watch = Stopwatch()
    acked, delivered = _counts(lines)
    firsts = [len(line.latencies) for line in lines]
    await asyncio.sleep(job.seconds)
    seconds, share = watch.seconds, watch.share
    acked_after, delivered_after = _counts(lines)
    latencies = [one for line, first in zip(lines, firsts, strict=True) for one in line.latencies[first:]]
    for line in lines:
        line.stopping = True
    await until(lambda: all(line.quiet for line in lines), LAST_SECONDS)
    for person in people:
        person.end()
    check(lines, faults)
    return Outcome(
        {
            "acked_s": round((acked_after - acked) / seconds, 1),
            "delivered_s": round((delivered_after - delivered) / seconds, 1),
            "p50_ms": milliseconds(quantile(latencies, 0.5)),
            "p99_ms": milliseconds(quantile(latencies, 0.99)),
        },
        round(share, 2),
        tuple(faults.first),
        spread(latencies),
        len(latencies),
        sum(line.patience.refused for line in lines),
    )


def _counts(lines: list[Line]) -> tuple[int, int]:
    return sum(len(line.acks) for line in lines), sum(len(line.deliveries) for line in lines)
