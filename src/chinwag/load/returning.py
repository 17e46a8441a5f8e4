"""Devices that were away come back at once, each with many events to catch up on."""

import time
from typing import Final

import msgspec

from chinwag.load.figures import Outcome, Stopwatch, milliseconds, quantile
from chinwag.load.peer import Faults, Login, Peer, connect, decode_item, text_of, until
from chinwag.wire.frames import Event

CATCH_UP_SECONDS: Final = 120.0


class Returning(msgspec.Struct, frozen=True, tag="returning"):
    """`logins` each have `behind` messages after their cursors.

    The texts are those of `text_of(conversation, number)`; with `texts` given, those of `text_of(texts, 0)` and so on.
    """

    url: str
    logins: tuple[Login, ...]
    behind: int
    texts: str = ""


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
    """Let them come back: events/s in all, and how long one device takes."""
    faults = Faults()
    devices = [Device(login, faults) for login in job.logins]
    for device in devices:
        device.left, device.numbers, device.texts = job.behind, {}, job.texts
    watch, began = Stopwatch(), time.perf_counter()
    await connect(job.url, devices)
    if not await until(lambda: all(not device.left for device in devices), CATCH_UP_SECONDS):
        faults.add(f"{sum(device.left for device in devices)} events never came")
    share, ended = watch.share, max(device.done_at for device in devices)
    for device in devices:
        device.end()
    return Outcome(
        {
            "events_s": round(len(devices) * job.behind / max(ended - began, 1e-9)),
            "device_p99_ms": milliseconds(quantile((device.done_at - began for device in devices), 0.99)),
        },
        round(share, 2),
        tuple(faults.first),
    )
