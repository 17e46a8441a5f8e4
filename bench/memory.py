"""What an idle session takes in memory, part by part.

    python bench/memory.py [--sessions 4000]

The server runs in this process with its real port, the devices in another: authenticated, presence on, heartbeating.
Of Python's own objects tracemalloc tells which file made them, in one run; what all of it takes, libraries and buffers
included, is the difference of this process's PSS, in another run without tracemalloc. What the kernel holds for the
sockets stands beside it; it counts them for the whole machine, so that line wants a quiet one.
"""

import argparse
import asyncio
import gc
import resource
import shutil
import tempfile
import tracemalloc
from collections import defaultdict
from pathlib import Path
from typing import Final

import msgspec
import uvloop

import cores
import data
import processes
from chinwag.assembly import Server, begin_server
from chinwag.config import Config
from chinwag.config.sections import Data, Observe
from chinwag.config.sections import Server as Server_
from chinwag.load.idle import Idle
from chinwag.load.peer import Login
from used import pss

WARM: Final = 200
"""Sessions that come and go before."""
LEAST: Final = 8
"""Bytes a session below which a line is not worth printing."""
PARTS: Final = (
    ("presence", ("flow/presence", "domain/presence", "roles/presence")),
    ("the token, and whether it may act", ("flow/accounts/",)),
    ("fan out: who reads which inbox", ("flow/fan_out", "embedded/inbox", "embedded/keys")),
    ("session", ("gateway/session", "gateway/outward", "gateway/gateway")),
    ("frames of the WebSocket", ("port/frames", "port/parsers", "port/gate", "/picows/")),
    ("socket", ("port/socket", "port/sockets", "port/crowding")),
    ("the wheel's slots", ("port/wheel",)),
    ("left of HTTP", ("port/http", "port/one_port", "/uvicorn/", "/httptools/")),
    ("frames as objects, ids", ("/wire/", "domain/ids")),
    ("the loop: transport, protocol", ("/uvloop/", "/asyncio/", "/weakref.py")),
)


class Taken(msgspec.Struct):
    """Bytes a session takes."""

    whole: float
    kernel: float
    parts: dict[str, float]


async def hold(folder: Path, count: int, traced: bool) -> Taken:
    """Hold `count` sessions and see what they take."""
    people = await data.make_people(folder, count + WARM)
    logins = data.logins(folder, people)
    server = await begin_server(Config(data=Data(path=folder), server=Server_(port=0), observe=Observe(port=0)))
    generator = processes.Generator(cores.choose().generators[0])
    try:
        await held(server, generator, logins[:WARM])  # what is made once is no session's
        await asyncio.get_running_loop().run_in_executor(None, generator.go)
        if traced:
            tracemalloc.start()
        gc.collect()
        before, kernel, traces = pss(), kernel_bytes(), tracemalloc.take_snapshot() if traced else None
        await held(server, generator, logins[WARM:])
        gc.collect()
        whole, kernel = pss() - before, kernel_bytes() - kernel
        parts = by_part(traces, tracemalloc.take_snapshot()) if traces is not None else {}
        await asyncio.get_running_loop().run_in_executor(None, generator.go)
        return Taken(whole / count, kernel / count, {name: size / count for name, size in parts.items()})
    finally:
        tracemalloc.stop()
        await asyncio.get_running_loop().run_in_executor(None, generator.stop)
        await server.stop()


async def held(server: Server, generator: processes.Generator, logins: tuple[Login, ...]) -> None:
    """Come, and stay for a few heartbeats."""
    generator.begin(Idle(f"ws://127.0.0.1:{server.port.port}/v1/socket", logins, seconds=11.0))
    await asyncio.get_running_loop().run_in_executor(None, generator.held)


def by_part(before: tracemalloc.Snapshot, after: tracemalloc.Snapshot) -> dict[str, float]:
    """Bytes by part of a session, and by file for what belongs to none."""
    parts: dict[str, float] = defaultdict(float)
    for line in after.compare_to(before, "filename"):
        name = line.traceback[0].filename
        part = next((part for part, files in PARTS if any(file in name for file in files)), Path(name).name)
        parts[part] += line.size_diff
    return parts


def kernel_bytes() -> int:
    """Memory of the kernel for TCP sockets, of both ends; 0 where it does not count that."""
    lines = Path("/proc/net/sockstat").read_text().splitlines()
    fields = next(line.split() for line in lines if line.startswith("TCP:"))
    return int(fields[fields.index("mem") + 1]) * resource.getpagesize()


def measured(count: int, traced: bool) -> Taken:
    """`hold` in a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="chinwag-memory-"))
    try:
        return uvloop.run(hold(folder, count, traced))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Bytes of an idle session, part by part.")
    parser.add_argument("--sessions", type=int, default=4000)
    given = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    plain = measured(given.sessions, traced=False)
    traced = measured(given.sessions, traced=True)
    print("   bytes   of an idle session")
    for name, size in sorted(traced.parts.items(), key=lambda each: -each[1]):
        if size >= LEAST:
            print(f"{size:8.0f}   {name}")
    named = sum(traced.parts.values())
    print(f"{plain.whole - named:8.0f}   the rest: libuv's handle, libraries, the allocator's own")
    print(f"{plain.whole:8.0f}   the whole (PSS)")
    print(f"{plain.kernel:8.0f}   beside it, the kernel's for both ends of the connection")


if __name__ == "__main__":
    main()
