"""What downloads cost those who chat: how long a message takes to the other device, while fifty devices read a file.

    python -m bench.media_downloads [--readers 50] [--messages 300] [--megabytes 20]

Starts a server on loopback; two devices chat, one message after another, first alone and then while readers of several
accounts, in a process of their own, download one file again and again. Says how long messages took from the send to the
other device, and what was downloaded beside that. All of them share the machine. Ends by itself.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from asyncio.subprocess import PIPE
from pathlib import Path

import httpx2
from prove.process import ServerProcess
from tests.support.device import Device, texts
from tests.support.media import Filer
from tests.support.people import Crowd, begin_group

from chinwag.domain.ids import ClientId, ConversationId
from chinwag.wire.frames import Ack, Ping, Send
from chinwag.wire.values import Text

OF_ACCOUNT = 12
"""Readers of one account: a server lets each read so many files at once, and a few more."""


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--readers", type=int, default=50)
    parser.add_argument("--messages", type=int, default=300)
    parser.add_argument("--megabytes", type=int, default=20)
    parser.add_argument("--read", nargs="+", default=[], help="what the readers are started with")
    arguments = parser.parse_args()
    if arguments.read:
        asyncio.run(_readers(arguments.read))
        return
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_measure(Path(folder), arguments.readers, arguments.messages, arguments.megabytes))


async def _measure(folder: Path, readers: int, messages: int, megabytes: int) -> None:
    process = ServerProcess(
        folder / "data",
        *("--limits-sends-per-second", "10000", "--limits-sends-burst", "10000"),
        *("--limits-frames-per-second", "10000", "--limits-frames-burst", "10000"),
        *("--limits-requests-per-second", "1000"),
    )
    await process.start()
    crowd = Crowd(process)
    try:
        ann, ben = await crowd.people("ann", "ben")
        others = [await crowd.person("reader", connect=False) for _ in range(1 + readers // OF_ACCOUNT)]
        group = await begin_group(ann, ben, *others)
        filer = Filer(ann)
        upload = await filer.upload(os.urandom(megabytes << 20), "film.bin")
        number = (await filer.send(str(group), {"upload": upload["id"]})).json()["number"]
        await filer.close()
        path = f"/v1/conversations/{group}/messages/{number}/media?link=1"
        urls = []
        for other in others:
            reader = Filer(other)
            urls.append(process.url + (await reader.ask("GET", path)).json()["url"])
            await reader.close()
        _tell("alone", await _chat(ann, ben, group, "alone", messages))
        each = [urls[at // OF_ACCOUNT] for at in range(readers)]
        reading = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.media_downloads", "--read", *each, stdout=PIPE, stdin=PIPE
        )
        assert reading.stdout is not None
        await reading.stdout.readline()  # it has begun
        _tell(f"beside {readers} downloads", await _chat(ann, ben, group, "beside", messages))
        said, _ = await reading.communicate(b"enough")
        print(f"downloaded meanwhile: {float(said):.0f} MB/s")
    finally:
        await crowd.leave()
        process.end()


async def _chat(ann: Device, ben: Device, group: ConversationId, name: str, messages: int) -> list[float]:
    """Seconds of each message, from the send until the other device has it."""
    taken = []
    for count in range(messages):
        text = f"{name} {count}"
        began = time.perf_counter()
        answer = await ann.ask(Send(ClientId(text), Text(text), group))
        assert isinstance(answer, Ack), answer
        ben.send(Ping())
        await ben.until(lambda text=text: text in texts(ben)[-3:], "a message")  # type: ignore[misc]
        taken.append(time.perf_counter() - began)
    return sorted(taken)


async def _readers(urls: list[str]) -> None:
    """Read until something comes in; then say how many megabytes a second that was."""
    read, began = [0], time.perf_counter()
    tasks = [asyncio.create_task(_read(url, read)) for url in urls]
    print("begun", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    print(read[0] / (time.perf_counter() - began) / 1e6, flush=True)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _read(url: str, read: list[int]) -> None:
    """Download again and again; where the server says that it is enough, a little later."""
    async with httpx2.AsyncClient(timeout=60) as client:
        while True:
            async with client.stream("GET", url) as answer:
                if answer.status_code != 200:
                    await asyncio.sleep(0.2)
                    continue
                async for piece in answer.aiter_bytes():
                    read[0] += len(piece)


def _tell(name: str, taken: list[float]) -> None:
    middle, late = taken[len(taken) // 2], taken[int(len(taken) * 0.99)]
    print(f"{name}: p50 {middle * 1e3:.1f} ms, p99 {late * 1e3:.1f} ms, longest {taken[-1] * 1e3:.1f} ms")


if __name__ == "__main__":
    main()
