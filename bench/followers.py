"""What a gateway bears of a large group: thousands who watch it, hundreds who follow it, some who write.

    python bench/followers.py [--members 100000] [--sockets 2000] [--follow 200] [--writers 50] [--seconds 20]

`chinwag serve` on a folder in which the group is written already; all sockets in this process. Each writer sends one
message in 1.3 seconds (a large group takes one a second of an account), so what is written goes up with their number.
Every event that a follower gets is checked to be the next by number; a run in which one was not has no figure.
"""

import argparse
import asyncio
import resource
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

import cores
import data
import processes
from chinwag.adapters.embedded import open_embedded
from chinwag.domain.ids import AccountId, ConversationId, group_id
from chinwag.load.peer import Login, until
from grown import write_group

GROUP: Final = group_id("100000")
PAUSE: Final = 1.3
"""Seconds from one message of a writer to its next."""
CONNECTING: Final = 64
PATIENCE: Final = 60.0
MIB: Final = 1 << 20
LIMITS: Final = {"CHINWAG_LIMITS_LARGE_GROUP_MEMBERS": "100000"}


class Said(msgspec.Struct):
    """What is looked at of a frame."""

    type: str
    event: msgspec.Raw = msgspec.Raw()
    after: int = 0


class Body(msgspec.Struct):
    """A text that says when it was sent, by this process's clock."""

    text: str = ""


class Event(msgspec.Struct):
    """What is looked at of an event."""

    number: int
    body: Body | None = None


_said: Final = msgspec.json.Decoder(Said).decode
_event: Final = msgspec.json.Decoder(Event).decode


class Counts:
    """Of all sockets together. took: seconds from each send to each follower."""

    def __init__(self) -> None:
        self.fed = self.nudges = self.acks = self.followed = 0
        self.took: list[float] = []
        self.wrong: list[str] = []


class Seat(WSListener):
    """One device of a member."""

    def __init__(self, login: Login, counts: Counts) -> None:
        self._login = login
        self._counts = counts
        self._number = 0
        self.transport: WSTransport
        self.welcomed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def say(self, **frame: Any) -> None:
        """Write one frame."""
        self.transport.send(WSMsgType.TEXT, msgspec.json.encode(frame))

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Say who this is."""
        self.transport = transport
        self.say(type="hello", token=self._login.token, features=["follow"])

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Count it."""
        if frame.msg_type != WSMsgType.TEXT:
            return
        said, counts = _said(frame.get_payload_as_bytes()), self._counts
        if said.type == "feed":
            self._feed(_event(said.event))
        elif said.type == "nudge":
            counts.nudges += 1
        elif said.type == "ack":
            counts.acks += 1
        elif said.type == "followed":
            self._number = said.after
            counts.followed += 1
        elif said.type == "welcome":
            self.welcomed.set_result(None)
        elif said.type in ("error", "bye", "reset", "unfollow"):
            counts.wrong.append(frame.get_payload_as_ascii_text()[:200])

    def _feed(self, event: Event) -> None:
        counts = self._counts
        counts.fed += 1
        if event.number != self._number + 1:
            counts.wrong.append(f"{event.number} came after {self._number}")
        self._number = event.number
        if event.body is not None:
            counts.took.append(time.perf_counter() - float(event.body.text.partition(" ")[0]))


async def connected(url: str, seats: Sequence[Seat]) -> None:
    """Open all sockets, some at a time."""
    waiting = iter(seats)

    async def some() -> None:
        for seat in waiting:
            async with asyncio.timeout(PATIENCE):
                await ws_connect(lambda seat=seat: seat, url, enable_auto_pong=True, proxy=None)  # type: ignore[misc]
                await seat.welcomed

    await asyncio.gather(*(some() for _ in range(CONNECTING)))


async def write(seat: Seat, name: int, end: float, wait: float) -> None:
    """Send a message now and then."""
    await asyncio.sleep(wait)
    count = 0
    while time.perf_counter() < end:
        count += 1
        text = (
            f"{time.perf_counter():.6f} and so on, up to about a hundred characters, as people write to each other here"
        )
        body = {"type": "text", "text": text}
        seat.say(type="send", id=f"w{name}-{count}", conversation=GROUP, body=body)
        await asyncio.sleep(PAUSE)


async def beat(seats: Sequence[Seat]) -> None:
    """Heartbeats, spread over five seconds."""
    while True:
        for first in range(50):
            for seat in seats[first::50]:
                seat.say(type="ping")
            await asyncio.sleep(0.1)


async def settled(counts: Counts, name: str, wanted: int) -> None:
    """Wait until so many have come."""
    if not await until(lambda: getattr(counts, name) >= wanted, PATIENCE):
        raise SystemExit(f"no figure: {getattr(counts, name)} of {wanted} {name}")


async def made(folder: Path, members: int, sockets: int) -> tuple[Login, ...]:
    """The folder with people and their group."""
    people = await data.make_people(folder, sockets)
    others = [AccountId(str(1_000_000_000 + one)) for one in range(members - sockets)]
    stores = await open_embedded(folder)
    async for _ in write_group(stores.message_store, ConversationId(GROUP), [one.account for one in people] + others):
        pass
    await stores.close()
    return data.logins(folder, people)


async def measured(server: processes.Server, logins: Sequence[Login], asked: argparse.Namespace) -> None:
    """Come, watch, follow, write, and say what that took."""
    counts = Counts()
    seats = [Seat(login, counts) for login in logins]
    before = server.memory
    await connected(server.url, seats)
    beating = asyncio.create_task(beat(seats))
    come = server.memory
    for seat in seats:
        seat.say(type="watch", conversations=[GROUP])
    for seat in seats[: asked.follow]:
        seat.say(type="follow", conversation=GROUP, after=asked.members)
    await settled(counts, "followed", asked.follow)
    busy, began = server.busy, time.perf_counter()
    end = began + asked.seconds
    writers = seats[: asked.writers]
    await asyncio.gather(*(write(seat, place, end, PAUSE * place / len(writers)) for place, seat in enumerate(writers)))
    took = time.perf_counter() - began
    await settled(counts, "fed", counts.acks * asked.follow)
    busy = server.busy - busy
    beating.cancel()
    after = server.memory
    if counts.wrong:
        raise SystemExit(f"no figure: {len(counts.wrong)} were wrong, the first: {counts.wrong[0]}")
    times = sorted(counts.took)
    print(f"{asked.members:,} members, {len(seats):,} sockets that watch, {asked.follow} that follow")
    print(
        f"  {counts.acks / took:.0f} messages/s, {counts.fed / took:,.0f} events/s to followers, {counts.nudges} nudges"
    )
    print(f"  from send to follower: p50 {_at(times, 0.5):.1f} ms, p99 {_at(times, 0.99):.1f} ms")
    print(f"  the server: {100 * busy / took:.0f}% of a core, {busy * 1e6 / counts.fed:.1f} us an event and follower")
    print(
        f"  its memory: {before / MIB:.0f} MiB before, {(come - before) / len(seats) / 1024:.1f} KiB a socket, "
        f"{(after - come) / MIB:+.1f} MiB with watching and following"
    )


def _at(times: Sequence[float], part: float) -> float:
    return times[min(len(times) - 1, int(len(times) * part))] * 1000 if times else 0.0


def main() -> None:
    """Measure in a folder of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, default=100_000)
    parser.add_argument("--sockets", type=int, default=2_000)
    parser.add_argument("--follow", type=int, default=200)
    parser.add_argument("--writers", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=20.0)
    asked = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    folder = Path(tempfile.mkdtemp(prefix="chinwag-followers-"))
    try:
        logins = uvloop.run(made(folder / "data", asked.members, asked.sockets))
        with processes.start_chinwag(cores.choose().server, folder / "data", folder / "log", **LIMITS) as server:
            uvloop.run(measured(server, logins, asked))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
