"""A group: one sender, and everybody else on a socket of their own."""

import asyncio
import time
from itertools import pairwise
from typing import Final

import msgspec

from chinwag.load.figures import Outcome, Stopwatch, milliseconds, quantile, spread
from chinwag.load.patience import Patience
from chinwag.load.peer import Ack, Faults, Login, Peer, connect, decode_item, text_of, until
from chinwag.wire.frames import Error, Event

LAST_SECONDS: Final = 20.0
MARK_SECONDS: Final = 0.5
"""How often a device says what it has and what was read, if that has changed."""


class Group(msgspec.Struct, frozen=True, tag="group"):
    """The first login sends, the others receive. in_flight: messages that have not reached everybody yet.

    limited: the server's limits are in the way, and kept to; else a send that is refused is a fault.
    """

    url: str
    logins: tuple[Login, ...]
    conversation: str
    nonce: str
    in_flight: int = 8
    marks: bool = False
    limited: bool = False
    warm_seconds: float = 1.0
    seconds: float = 5.0


class Member(Peer):
    """A device of somebody in the group."""

    crowd: "Crowd"
    seen = 0
    marked = 0

    def acked(self, ack: Ack) -> None:
        """One of mine is stored."""
        self.crowd.acked(ack)

    def refused(self, error: Error) -> None:
        """One of mine is not, for now."""
        if self is not self.crowd.sender or not self.crowd.refused(error):
            super().refused(error)

    def event(self, event: Event) -> None:
        """A message of the group, or a mark."""
        self.placed(event.position)
        crowd, place = self.crowd, self.seen
        if (place < len(crowd.known) and event.event == crowd.known[place]) or crowd.learn(
            self, place, bytes(event.event)
        ):
            self.seen = place + 1
        else:
            return
        if self is not crowd.sender:
            crowd.got(place)

    def mark(self) -> None:
        """Say what is here, and that it is read."""
        if self.seen > self.marked and self is not self.crowd.sender:
            self.marked = self.seen
            number = self.crowd.numbers[self.seen - 1]
            self.send(b'{"type":"received","position":%d}' % self.position)
            self.send(
                b'{"type":"read","conversation":"%b","number":%d}' % (self.crowd.job.conversation.encode(), number)
            )


class Crowd:
    """What all members share: which messages there are, and who lacks which."""

    def __init__(self, job: Group, faults: Faults) -> None:
        self.job = job
        self.known: list[msgspec.Raw] = []
        self.numbers: list[int] = []
        self.acks: list[int] = []
        self.sent_at: list[float] = []
        self.lacking: list[int] = []
        self.latencies: list[float] = []
        self.deliveries = 0
        self.marks = 0
        self.stopping = False
        self.patience = Patience(self._go_on)
        self._in_flight = job.in_flight
        self.members = [Member(login, faults) for login in job.logins]
        self.sender = self.members[0]
        for member in self.members:
            member.crowd = self

    def fill(self) -> None:
        """Send as many as may be in flight."""
        if self.patience.held:
            return
        while not self.stopping and len(self.sent_at) - len(self.latencies) < self._in_flight:
            place = len(self.sent_at)
            nonce = self.job.nonce
            after = f'"after":"{nonce}-{place - 1}",' if place > len(self.acks) else ""
            frame = (
                f'{{"type":"send","id":"{nonce}-{place}","conversation":"{self.job.conversation}",{after}'
                f'"body":{{"type":"text","text":"{text_of(nonce, place)}"}}}}'
            )
            self.lacking.append(len(self.members) - 1)
            self.sent_at.append(time.perf_counter())
            self.sender.send(frame.encode())

    def acked(self, ack: Ack) -> None:
        """The next one is stored."""
        if ack.id != f"{self.job.nonce}-{len(self.acks)}":
            self.sender.wrong(f"got the ack of {ack.id} after {len(self.acks)} others")
        self.acks.append(ack.number)
        if self.patience.held:
            self.patience.answered(len(self.sent_at) - len(self.acks))

    def refused(self, error: Error) -> bool:
        """One is not stored, for now; whether that may be."""
        if not self.job.limited or not self.patience.take(error):
            return False
        self._in_flight = 1
        self.patience.answered(len(self.sent_at) - len(self.acks))
        return True

    def _go_on(self) -> None:
        """All that was not stored goes again, as if for the first time."""
        del self.sent_at[len(self.acks) :], self.lacking[len(self.acks) :]
        self.fill()

    def learn(self, member: Member, place: int, raw: bytes) -> bool:
        """Look at an event that does not equal the one that others got; whether it is message `place`."""
        item = decode_item(raw)
        if item.kind != "message" or item.body is None:
            self.marks += 1
            return False
        if place != len(self.known) or item.body.text != text_of(self.job.nonce, place):
            member.wrong(f"got {item.body.text!r} as message {place}")
            return False
        self.known.append(msgspec.Raw(raw))
        self.numbers.append(item.number)
        return True

    def got(self, place: int) -> None:
        """One more member has a message."""
        self.deliveries += 1
        self.lacking[place] -= 1
        if not self.lacking[place]:
            self.latencies.append(time.perf_counter() - self.sent_at[place])
            self.fill()

    @property
    def quiet(self) -> bool:
        """Whether nothing is under way."""
        return len(self.acks) == len(self.latencies) == len(self.sent_at)


async def run(job: Group) -> Outcome:
    """Write into the group for a while; deliveries/s, and how long it takes to the last member."""
    faults = Faults()
    crowd = Crowd(job, faults)
    await connect(job.url, crowd.members)
    await asyncio.sleep(job.warm_seconds)  # everybody's coming is told to everybody
    marking = asyncio.create_task(_mark_for_ever(crowd)) if job.marks else None
    crowd.fill()
    await asyncio.sleep(job.warm_seconds)
    watch, before, first = Stopwatch(), crowd.deliveries, len(crowd.latencies)
    await asyncio.sleep(job.seconds)
    seconds, share, deliveries = watch.seconds, watch.share, crowd.deliveries - before
    latencies = crowd.latencies[first:]
    crowd.stopping = True
    if not await until(lambda: crowd.quiet, LAST_SECONDS):
        faults.add(f"sent {len(crowd.sent_at)}, acked {len(crowd.acks)}, everywhere {len(crowd.latencies)}")
    if marking is not None:
        marking.cancel()
    for member in crowd.members:
        member.end()
    if crowd.acks != crowd.numbers or any(late != early + 1 for early, late in pairwise(crowd.acks)):
        faults.add("the numbers are not dense, or not those of the acks")
    return Outcome(
        {
            "deliveries_s": round(deliveries / seconds),
            "p50_ms": milliseconds(quantile(latencies, 0.5)),
            "p99_ms": milliseconds(quantile(latencies, 0.99)),
            "marks_told": float(crowd.marks),
            "sent": float(len(crowd.acks)),
        },
        round(share, 2),
        tuple(faults.first),
        spread(latencies),
        len(latencies),
        crowd.patience.refused,
    )


async def _mark_for_ever(crowd: Crowd, steps: int = 10) -> None:
    step = 0
    while True:
        for member in crowd.members[step % steps :: steps]:
            member.mark()
        step += 1
        await asyncio.sleep(MARK_SECONDS / steps)
