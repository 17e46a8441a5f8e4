"""Disks of engines' nodes that may be full, for tests of the cassandra profile."""

import asyncio
import subprocess
from pathlib import Path
from typing import Final

from prove.faults.disk import BYTES, Disk
from tests.cluster.wide_site import WideNodes
from tests.support.device import Device
from tests.support.machine import without

from chinwag.domain.ids import ClientId
from chinwag.engines import Place
from chinwag.wire.frames import Error, Send
from chinwag.wire.values import Text

LONG: Final = "x" * 20_000
"""Of a file that is made at full length some hundreds fill the rest."""


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

    def unmount(self) -> None:
        """All of them, once nobody writes there."""
        for disks in self.of.values():
            for disk in disks:
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
        sender.send(Send(ClientId(name), Text(f"{number} {LONG}"), to=reader.account))
        await sender.until(lambda name=name: name in sender.answers or not sender.online, "an answer, or an end")  # type: ignore[misc]
        if name not in sender.answers:
            break  # it is sent elsewhere
        answer = sender.answers[name][0]
        if isinstance(answer, Error):
            assert answer.retryable, answer
            refused += answer.code == "unavailable"
            await asyncio.sleep(min(answer.retry_after or 0.1, 1.0))
            if refused == 3:
                break
    return refused
