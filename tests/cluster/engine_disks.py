"""Disks of engines' nodes that may be full, for tests of the cassandra profile and of PostgreSQL."""

import asyncio
import secrets
import subprocess
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from kazoo.client import KazooClient
from prove.faults.disk import BYTES, Disk
from tests.cluster.wide_site import WideNodes
from tests.support.clusters import Cluster
from tests.support.device import Device
from tests.support.machine import without

from chinwag.domain.ids import ClientId
from chinwag.engines import Place
from chinwag.wire.frames import Ack, Error, Send
from chinwag.wire.values import Text

LONG: Final = 10_000
"""Bytes of chance in a long text. Of a file that is made at full length some hundreds fill the rest."""
REFUSED: Final = 3
"""Refusals after which a disk counts as noticed."""


class Disks:
    """A disk of its own for each node."""

    def __init__(self) -> None:
        self.of: dict[str, list[Disk]] = {}

    def mount(self, kind: str, _number: int, place: Place, folder: Path) -> None:
        """Where a node will write."""
        folder.parent.mkdir(exist_ok=True)
        place.hand_over(folder.parent)
        folder.mkdir()
        owner = "" if place.uid is None else f",uid={place.uid},gid={place.gid}"
        options = f"size={BYTES},mode=0700{owner}"
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "chinwag", str(folder)], check=False)
        if done.returncode:
            without("a disk of its own for an engine: root alone may mount one")
        self.of.setdefault(kind, []).append(Disk(folder, None))

    async def fill(self, kind: str, full: AsyncExitStack) -> None:
        """All of an engine, until `full` ends."""
        for disk in self.of[kind]:
            await full.enter_async_context(disk.full())

    def unmount(self) -> None:
        """All of them, once nobody writes there."""
        while self.of:
            for disk in self.of.popitem()[1]:
                subprocess.run(["umount", "--lazy", str(disk.folder)], check=False)


def again(nodes: WideNodes, kind: str, number: int) -> None:
    """Begin a node anew, whether it has ended by itself or not."""
    match kind:
        case "Cassandra":
            nodes.cassandra[number].kill()
            nodes.cassandra[number].begin()
        case "NATS":
            nodes.nats[number].kill()
            nodes.nats[number].begin()
        case _:
            nodes.zookeeper[number].kill()
            nodes.zookeeper[number].begin()


async def written(kind: str, sender: Device, reader: Device, count: int = 300) -> int:
    """Write so much that a full disk is noticed; how much was refused."""
    refused = 0
    for number in range(count):
        name = f"{kind} {number}"
        sender.send(Send(ClientId(name), Text(f"{number} {secrets.token_hex(LONG)} x"), to=reader.account))
        await sender.until(lambda name=name: name in sender.answers or not sender.online, "an answer, or an end")  # type: ignore[misc]
        if name not in sender.answers:
            break  # it is sent elsewhere
        answer = sender.answers[name][0]
        if isinstance(answer, Error):
            assert answer.retryable, answer
            refused += answer.code == "unavailable"
            await asyncio.sleep(min(answer.retry_after or 0.1, 1.0))
            if refused == REFUSED:
                break
    return refused


def all_acked_is_there(kind: str, sender: Device, long: Sequence[str]) -> None:
    """long: the long ones of `written` as they came to the reader: each once, in order, and all that were acked."""
    came = [int(text.split()[0]) for text in long]
    assert came == sorted(set(came)), "each once, in order"
    acked = {
        int(name.split()[1])
        for name, given in sender.answers.items()
        if name.startswith(f"{kind} ") and any(isinstance(one, Ack) for one in given)
    }
    assert acked <= set(came), "all that was acked is there"


def fill_journal(hosts: tuple[str, ...], count: int = 40) -> None:
    """Write more to ZooKeeper than is made ready of a journal's file. A full disk ends it meanwhile, so nobody waits
    for answers."""
    client = KazooClient(hosts=",".join(hosts), timeout=10.0)
    client.start(30)
    try:
        client.ensure_path("/filler")
        for _ in range(count):
            client.set_async("/filler", b"x" * 100_000)
    finally:
        client.stop()
        client.close()


async def complaints(cluster: Cluster, engine: str) -> list[str]:
    """What `chinwag cluster check` says fails, or is to be watched, of an engine, each with what is to be done."""
    done = await cluster.run("cluster", "check")
    lines = done.stdout.decode().splitlines()
    found = [
        f"{line}\n{lines[number + 1]}"
        for number, line in enumerate(lines)
        if line.startswith((f"fail {engine}", f"warn {engine}"))
    ]
    print("\n".join(found))
    assert done.returncode == (1 if any(line.startswith("fail ") for line in lines) else 0)
    return found
