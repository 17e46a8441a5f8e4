"""Devices that were away come back at once, each with many events to catch up on, while others chat on."""

import asyncio
import time
from typing import Final

import msgspec

from chinwag.bench.figures import Outcome, Stopwatch, milliseconds, quantile
from chinwag.bench.pairs import LAST_SECONDS, Pairs, begin, check, lines_of
from chinwag.bench.peer import Event, Faults, Login, Peer, connect, decode_item, text_of, until

CATCH_UP_SECONDS: Final = 120.0


class Returning(msgspec.Struct, frozen=True, tag="returning"):
    """`logins` each have `behind` messages after their cursors; `chatting` are pairs who go on meanwhile.

    The texts are those of `text_of(conversation, number)`; with `texts` given, those of `text_of(texts, 0)` and so on.
    limited: as in `Pairs`.
    """

    url: str
    logins: tuple[Login, ...]
    behind: int
    chatting: tuple[Login, ...]
    nonce: str
    quiet_seconds: float = 4.0
    texts: str = ""
    limited: bool = False


class Device(Peer):
    """One that was away. `left` events are still to come."""

    left = 0
    come = 0
    texts = ""
    done_at = 0.0
    numbers: dict[str, int]

    def event(self, event: Event) -> None:
        """The next one."""
        self.placed(event.position)
        item = decode_item(event.event)
        number, name = item.number, item.conversation
        if self.texts and (item.kind != "message" or not self.left):
            return  # how the group began, or who left it: it was not made for this alone
        expected = text_of(self.texts, self.come) if self.texts else text_of(name, number)
        self.come += 1
        if item.kind != "message" or item.body is None or item.body.text != expected:
            self.wrong(f"got {item} at {event.position}")
        elif number != self.numbers.get(name, number - 1) + 1:
            self.wrong(f"got number {number} after {self.numbers[name]} of {name}")
        self.numbers[name] = number
        self.left -= 1
        if not self.left:
            self.done_at = time.perf_counter()


async def run(job: Returning) -> Outcome:
    """Let them come back: events/s in all, how long one device takes, and live delivery before and meanwhile."""
    faults = Faults()
    chat = Pairs(job.url, job.chatting, job.nonce, both=True, pause=0.005, limited=job.limited)
    people, lines = lines_of(chat, faults)
    await connect(job.url, people)
    await begin(lines, faults)
    await asyncio.sleep(1.0)
    firsts = [len(line.latencies) for line in lines]
    await asyncio.sleep(job.quiet_seconds)
    marks = [len(line.latencies) for line in lines]
    quiet = [one for line, first, mark in zip(lines, firsts, marks, strict=True) for one in line.latencies[first:mark]]

    devices = [Device(login, faults) for login in job.logins]
    for device in devices:
        device.left, device.numbers, device.texts = job.behind, {}, job.texts
    watch, began = Stopwatch(), time.perf_counter()
    await connect(job.url, devices)
    if not await until(lambda: all(not device.left for device in devices), CATCH_UP_SECONDS):
        faults.add(f"{sum(device.left for device in devices)} events never came")
    share, ended = watch.share, max(device.done_at for device in devices)
    # What was under way when the last one had everything felt it as well, and may be all there is.
    await until(lambda: all(len(line.latencies) > mark for line, mark in zip(lines, marks, strict=True)), LAST_SECONDS)
    live = [one for line, mark in zip(lines, marks, strict=True) for one in line.latencies[mark:]]
    for line in lines:
        line.stopping = True
    await until(lambda: all(line.quiet for line in lines), LAST_SECONDS)
    for peer in (*people, *devices):
        peer.end()
    check(lines, faults)
    return Outcome(
        {
            "events_s": round(len(devices) * job.behind / max(ended - began, 1e-9)),
            "device_p99_ms": milliseconds(quantile((device.done_at - began for device in devices), 0.99)),
            "live_p99_ms": milliseconds(quantile(live, 0.99)),
            "quiet_p99_ms": milliseconds(quantile(quiet, 0.99)),
        },
        round(share, 2),
        tuple(faults.first),
        refused=sum(line.patience.refused for line in lines),
    )
