"""Microseconds a message spends in each leg of the way, in one process and without sockets.

    python bench/legs.py [--cycles 60] [--json]

A hundred pairs send sixteen messages each, wait for all answers, and begin again. Of each leg the quickest cycles
count (the lowest tenth), as what the machine does beside only adds. For comparing one version with another.
"""

import argparse
import asyncio
import json
import shutil
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import uvloop

import data
from chinwag.adapters.embedded.engine import Engine
from chinwag.adapters.embedded.inbox import EmbeddedInbox
from chinwag.adapters.embedded.message_store import EmbeddedMessageStore
from chinwag.adapters.embedded.numbering import Numbering
from chinwag.assembly import Server, begin_server
from chinwag.config import Config
from chinwag.config.sections import Data, Limits, Observe
from chinwag.config.sections import Server as Server_
from chinwag.flow.access.admission import Principal
from chinwag.flow.answers import Answered
from chinwag.flow.deliver import Deliver
from chinwag.load.peer import text_of
from chinwag.roles.gateway.session import Session
from chinwag.roles.gateway.writes import Writes
from chinwag.roles.port.socket import frame_header

PAIRS = 100
IN_FLIGHT = 16
WHOLE = "all of the event loop's thread"

spent: dict[str, float] = defaultdict(float)


def timed(owner: Any, name: str, leg: str) -> None:
    """Count the time of a function under `leg`; of a coroutine, the time until it first waits is not told apart."""
    plain: Callable[..., Any] = getattr(owner, name)

    def call(*args: Any, **kwargs: Any) -> Any:
        began = time.perf_counter()
        try:
            return plain(*args, **kwargs)
        finally:
            spent[leg] += time.perf_counter() - began

    setattr(owner, name, call)


class Drain:
    """Takes what a session writes, as a socket would, and counts the acks."""

    buffered = 0
    acks = 0
    awaited = 0
    done = asyncio.Event()

    def send_many(self, payloads: Sequence[bytes]) -> None:
        """Join the frames, as `Socket.send_many` does."""
        b"".join(part for payload in payloads for part in (frame_header(len(payload)), payload))
        Drain.acks += sum(1 for payload in payloads if payload.startswith(b'{"type":"ack"'))
        if Drain.acks == Drain.awaited:
            Drain.done.set()

    def admitted(self, owner: str) -> None:
        """It was let in."""

    def close(self, *_: object) -> None:
        """Nothing to close."""


def watch() -> None:
    """Put a stopwatch around each leg."""
    timed(Session, "text", "accept: frame, checks, log")
    timed(Numbering, "deliver", "number the inboxes (part of the commit)")
    timed(Answered, "_answers", "answer: acks")
    timed(EmbeddedInbox, "_tell", "fan out: event frames")
    timed(Writes, "_flush", "write: frames joined")
    decide = Deliver._decide  # noqa: SLF001
    commit = EmbeddedMessageStore.commit
    keys = EmbeddedMessageStore.keys
    group = Engine.durable

    async def deciding(self: Deliver, records: Any) -> Any:
        # Deciding reads first, which is no part of this leg; the server counts what comes after that.
        counted = self.figures.deciding.total
        try:
            return await decide(self, records)
        finally:
            spent["decide, and encode the event"] += self.figures.deciding.total - counted

    async def committing(self: EmbeddedMessageStore, batch: Any) -> None:
        spent["commit built"] -= time.perf_counter()
        await commit(self, batch)

    def durable(self: Engine, commits: Any) -> Any:
        spent["commit built"] += time.perf_counter()
        return group(self, commits)

    async def looking(self: EmbeddedMessageStore, names: Any) -> Any:
        began = time.perf_counter()
        try:
            return await keys(self, names)
        finally:
            spent["look for earlier copies"] += time.perf_counter() - began

    Deliver._decide = deciding  # type: ignore[method-assign]  # noqa: SLF001
    EmbeddedMessageStore.commit = committing  # type: ignore[method-assign]
    EmbeddedMessageStore.keys = looking  # type: ignore[method-assign]
    Engine.durable = durable  # type: ignore[method-assign, assignment]


async def sessions_of(server: Server, folder: Path, people: list[data.Person]) -> list[Session]:
    """Welcome everybody, without a socket."""
    gateway, sessions = server.gateway, []
    for person in people:
        session = gateway.session()
        session.opened(Drain())  # type: ignore[arg-type]
        gateway.hub.attach(session.out, Principal(person.account, person.device, expires_at=0))
        session.out.begin(0, 0, behind=False)
        sessions.append(session)
    return sessions


async def run(folder: Path, cycles: int) -> dict[str, float]:
    """The legs' microseconds a message."""
    people = await data.make_people(folder, 2 * PAIRS)
    limits = Limits(sends_per_second=100_000, sends_burst=1_000_000)
    server = await begin_server(
        Config(data=Data(path=folder), limits=limits, server=Server_(port=0), observe=Observe(port=0))
    )
    sessions = await sessions_of(server, folder, people)
    taken: dict[str, list[float]] = defaultdict(list)
    number = 0
    for cycle in range(cycles + 2):
        in_flight = 1 if cycle == 0 else IN_FLIGHT
        frames: list[tuple[Session, list[bytes]]] = []
        for sender, receiver in zip(sessions[::2], sessions[1::2], strict=True):
            frames.append((sender, [_frame(receiver, number + each, bool(each)) for each in range(in_flight)]))
        number += in_flight
        Drain.acks, Drain.awaited = 0, PAIRS * in_flight
        Drain.done.clear()
        spent.clear()
        used = time.thread_time()
        for sender, payloads in frames:
            for payload in payloads:
                sender.text(payload)
            await asyncio.sleep(0)
        await Drain.done.wait()
        spent[WHOLE] = time.thread_time() - used
        if cycle > 1:
            for leg, seconds in spent.items():
                taken[leg].append(seconds / (PAIRS * in_flight) * 1e6)
    await server.stop()
    return {leg: sorted(samples)[len(samples) // 10] for leg, samples in taken.items()}


def _frame(receiver: Session, number: int, follows: bool) -> bytes:
    after = f'"after":"n-{number - 1}",' if follows else ""
    text = text_of("legs", number)
    return (
        f'{{"type":"send","id":"n-{number}","to":"{receiver.out.account}",{after}"body":{{"type":"text","text":"{text}"}}}}'
    ).encode()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Microseconds a message in each leg of the way.")
    parser.add_argument("--cycles", type=int, default=60)
    parser.add_argument("--json", action="store_true", help="one JSON object: microseconds by leg")
    given = parser.parse_args()
    watch()
    folder = Path(tempfile.mkdtemp(prefix="chinwag-legs-"))
    try:
        legs = uvloop.run(run(folder, given.cycles))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    ordered = sorted(legs.items(), key=lambda each: -each[1])
    if given.json:
        print(json.dumps({leg: round(microseconds, 2) for leg, microseconds in ordered}))
        return
    for leg, microseconds in ordered:
        print(f"{microseconds:8.2f} us  {leg}")


if __name__ == "__main__":
    main()
