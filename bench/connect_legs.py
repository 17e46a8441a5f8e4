"""Microseconds of the server's loop that a device costs which connects: part by part.

    python bench/connect_legs.py [--waves 20]

The server runs in this process with its real port, the devices in another. They come in waves of `WAVE`, each of
devices that the server has not seen before; then the same ones come again. Of each part the quickest waves count (the
lowest tenth), as what the machine does beside only adds. A part's time is its own: what it calls and is named here as
well is told apart. The stopwatches cost something too, so the last two lines are of a run without them.
For comparing one version with another.
"""

import argparse
import asyncio
import resource
import shutil
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvloop

import cores
import data
import processes
from chinwag.adapters.embedded.inbox import EmbeddedInbox
from chinwag.adapters.embedded.mark_store import EmbeddedMarkStore
from chinwag.assembly import Server, begin_server
from chinwag.config import Config
from chinwag.config.sections import Data, Limits, Observe
from chinwag.config.sections import Server as Server_
from chinwag.flow.access.admission import Admission
from chinwag.flow.access.tokens import Tokens
from chinwag.flow.fan_out import FanOut
from chinwag.flow.presence import Presences
from chinwag.flow.presence_audience import Audience
from chinwag.flow.together import Together
from chinwag.load.idle import Idle
from chinwag.load.peer import Login
from chinwag.roles.gateway.hub import Hub
from chinwag.roles.gateway.session import Session
from chinwag.roles.gateway.welcome import Welcoming
from chinwag.roles.gateway.writes import Writes
from chinwag.roles.port.http import UpgradingHttp
from chinwag.roles.port.parsers import Parsers

WAVE = 200
REST = "everything else: the loop, the kernel's sockets"
LOOP = "all of the event loop's thread"
PROCESS = "all of the process, with the threads of the stores"

spent: dict[str, float] = defaultdict(float)
_stack = [REST]
_since = 0.0


@contextmanager
def leg(name: str) -> Iterator[None]:
    """What happens inside counts for `name`, and no longer for what is around it."""
    _turn()
    _stack.append(name)
    try:
        yield
    finally:
        _turn()
        _stack.pop()


def _turn() -> None:
    global _since
    now = time.thread_time()
    spent[_stack[-1]] += now - _since
    _since = now


class Stepped:
    """A coroutine whose every step on the loop counts for a leg; what it waits for does not."""

    def __init__(self, coroutine: Any, name: str) -> None:
        self._coroutine = coroutine
        self._name = name

    def __await__(self) -> Generator[Any, Any, Any]:
        inner = self._coroutine.__await__()
        step, value = inner.send, None
        while True:
            try:
                with leg(self._name):
                    waited = step(value)
            except StopIteration as end:
                return end.value
            try:
                step, value = inner.send, (yield waited)
            except BaseException as failure:
                step, value = inner.throw, failure


def timed(owner: Any, method: str, name: str) -> None:
    """Count a method under `name`."""
    plain: Callable[..., Any] = getattr(owner, method)
    if asyncio.iscoroutinefunction(plain):

        async def call(*args: Any, **kwargs: Any) -> Any:
            return await Stepped(plain(*args, **kwargs), name)
    else:

        def call(*args: Any, **kwargs: Any) -> Any:
            with leg(name):
                return plain(*args, **kwargs)

    setattr(owner, method, call)


def watch() -> None:
    """Put a stopwatch around each part."""
    timed(UpgradingHttp, "__init__", "the connection's HTTP side")
    timed(UpgradingHttp, "connection_made", "the connection's HTTP side")
    timed(UpgradingHttp, "data_received", "the request's head")
    timed(UpgradingHttp, "_upgrade", "the upgrade: checks, answer, socket")
    timed(Parsers, "parse", "frames: picows' parser")
    timed(Session, "text", "hello: frame, task")
    timed(Welcoming, "welcome", "welcome")
    timed(Admission, "admit", "admission")
    timed(Admission, "_read", "admission: the directory's answer")
    timed(Tokens, "verify", "the token's signature")
    timed(EmbeddedInbox, "bounds", "the inbox's bounds")
    timed(FanOut, "attach", "fan out: attach")
    timed(Writes, "_flush", "the welcome's write")
    timed(Hub, "_report", "presence: report")
    timed(Presences, "flush", "presence: transitions")
    timed(Audience, "of", "presence: the people around")
    timed(EmbeddedMarkStore, "seen", "presence: what was stored")
    timed(EmbeddedMarkStore, "save_seen", "presence: storing")
    timed(Together, "_read_all", "questions of many at once")


async def wave(url: str, generator: processes.Generator, logins: tuple[Login, ...]) -> dict[str, float]:
    """Let devices come and stay until nothing moves any more; microseconds for each of them."""
    global _since
    loop = asyncio.get_running_loop()
    spent.clear()
    process, began = time.process_time(), time.thread_time()
    _since = began
    generator.begin(Idle(url, logins, seconds=0.3))
    await loop.run_in_executor(None, generator.held)
    _turn()
    spent[LOOP], spent[PROCESS] = time.thread_time() - began, time.process_time() - process
    taken = {name: seconds / len(logins) * 1e6 for name, seconds in spent.items()}
    await loop.run_in_executor(None, generator.go)
    return taken


async def waves(folder: Path, count: int) -> list[dict[str, float]]:
    """The lowest tenth of each part, of those who come first and of those who come again."""
    people = await data.make_people(folder, WAVE * count)
    logins = data.logins(folder, people)
    server = await opened(folder)
    generator = processes.Generator(cores.choose().generators[0])
    url = f"ws://127.0.0.1:{server.port.port}/v1/socket"
    figures = []
    try:
        for _ in range(2):
            taken: dict[str, list[float]] = defaultdict(list)
            for first in range(0, len(logins), WAVE):
                for name, microseconds in (await wave(url, generator, logins[first : first + WAVE])).items():
                    taken[name].append(microseconds)
            figures.append({name: sorted(samples)[len(samples) // 10] for name, samples in taken.items()})
        return figures
    finally:
        await asyncio.get_running_loop().run_in_executor(None, generator.stop)
        await server.stop()


async def opened(folder: Path) -> Server:
    """The server."""
    return await begin_server(
        Config(
            data=Data(path=folder),
            limits=Limits(sends_per_second=100_000, sends_burst=1_000_000),
            server=Server_(port=0),
            observe=Observe(port=0),
        )
    )


def measured(count: int) -> list[dict[str, float]]:
    """`waves` in a folder of their own."""
    folder = Path(tempfile.mkdtemp(prefix="chinwag-connect-"))
    try:
        return uvloop.run(waves(folder, count))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Microseconds of the loop for a device that connects.")
    parser.add_argument("--waves", type=int, default=20)
    given = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    plain = measured(given.waves)
    watch()
    first, again = measured(given.waves)
    print("   first    again   microseconds of a connect")
    for name, microseconds in sorted(first.items(), key=lambda each: -each[1]):
        if name not in (LOOP, PROCESS):
            print(f"{microseconds:8.1f} {again.get(name, 0.0):8.1f}   {name}")
    for name in (LOOP, PROCESS):
        print(f"{plain[0][name]:8.1f} {plain[1][name]:8.1f}   {name}")


if __name__ == "__main__":
    main()
