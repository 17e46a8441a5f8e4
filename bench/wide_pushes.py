"""What one message in a group of a hundred thousand costs that is pushed to the ten thousand who chose every message.

    python bench/wide_pushes.py [--members 100000] [--chosen 10000] [--messages 1] [--pairs 4]

`chinwag serve` on a folder in which all of it is written already; the push service and everybody else are in this
process. Meanwhile some pairs chat, and one of them is pushed to as well: how long they wait is said beside the same in
peace. Processor time is the server's, all roles and threads, without what the chat costs in peace. The machine may be
busy: read the times as ratios. The first message is not measured: its rows are counted, by triggers in the server's own
tables, which go before the others.
"""

import argparse
import asyncio
import resource
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

import httpx2
import msgspec
import uvloop

import cores
import data
import processes
from chinwag.adapters.embedded import open_embedded
from chinwag.adapters.files import FileKeyStore
from chinwag.adapters.relational.schema import METADATA
from chinwag.domain.ids import AccountId, ConversationId, direct_id, group_id
from chinwag.domain.preferences import Preferences
from chinwag.domain.push_notice import WebAddress
from chinwag.flow.clock import system_clock
from chinwag.flow.push.keys import PushKeys
from chinwag.load.peer import Login
from chinwag.ports.directory.push_spreads import EVERY_MS
from chinwag.ports.directory.push_subscriptions import same_place
from grown import write_group

sys.path.append(str(Path(__file__).parents[1]))
from tests.support.push_browser import PushBrowser

GROUP: Final = ConversationId(group_id("100000"))
TABLES: Final = ("push_jobs", "push_spreads", "push_mark")
OPENED: Final = 100
"""Each hundredth push is opened, and it is looked at whether it is the one that it should be."""
PAUSE: Final = 0.25
"""From one message of a pair to its next."""
PEACE: Final = 20.0
"""Seconds for which it is looked at what the chat costs without anything else."""
PATIENCE: Final = 580.0
SETTINGS: Final = {
    "CHINWAG_LIMITS_LARGE_GROUP_MEMBERS": "100000",
    "CHINWAG_PUSH_CONTACT": "mailto:bench@example.org",
    "CHINWAG_PUSH_HOSTS": "127.0.0.1",
    "CHINWAG_PUSH_ALLOW_THIS_MACHINE": "true",
}


class Receiver(asyncio.Protocol):
    """One connection of a push service that takes everything."""

    got: "dict[str, list[float]]" = {}
    """Of each address when pushes came there."""
    samples: "list[bytes]" = []
    browser: PushBrowser

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = transport
        self._held = b""

    def data_received(self, given: bytes) -> None:
        """Take whole requests, one after the other."""
        self._held += given
        while (end := self._held.find(b"\r\n\r\n")) >= 0:
            head = self._held[:end].decode("latin-1")
            length = int(head.lower().partition("content-length:")[2].split("\r\n")[0])
            if len(self._held) < end + 4 + length:
                return
            body, self._held = self._held[end + 4 : end + 4 + length], self._held[end + 4 + length :]
            path = head.split(" ", 2)[1]
            Receiver.got.setdefault(path, []).append(time.perf_counter())
            if path != "/pair" and int(path[1:]) % OPENED == 0:
                Receiver.samples.append(body)
            self._transport.write(b"HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n")  # type: ignore[attr-defined]


class Course(msgspec.Struct):
    """How it was for a while. seconds: of the wall and of the server's processor. acks: from each send of the pairs to
    its answer. pushes: from the answer to the push, of the one who is pushed to besides."""

    seconds: float = 0.0
    busy: float = 0.0
    acks: list[float] = []
    pushes: list[float] = []


async def made(folder: Path, asked: argparse.Namespace, origin: str) -> tuple[Login, list[Login]]:
    """The folder with the group, those of it who chose, and the pairs: who writes to the group, and the pairs."""
    people = await data.make_people(folder, 1 + asked.chosen + 2 * asked.pairs)
    writer, chosen, pairs = people[0], people[1 : 1 + asked.chosen], people[1 + asked.chosen :]
    others = [AccountId(str(1_000_000_000 + one)) for one in range(asked.members - 1 - asked.chosen)]
    stores = await open_embedded(folder)
    async for _ in write_group(stores.message_store, GROUP, [one.account for one in (writer, *chosen)] + others):
        pass
    await stores.close()
    keys = PushKeys(FileKeyStore(folder / "keys"), system_clock)
    keys.begin()
    key, now = keys.newest(), system_clock()
    assert key is not None
    every = Preferences(every=True)
    subscribed = [(f"/{place}", one) for place, one in enumerate(chosen)] + [("/pair", pairs[1])]
    rows = []
    for path, one in subscribed:
        mine = Receiver.browser
        address = WebAddress(endpoint=origin + path, p256dh=mine.p256dh, auth=mine.auth, key=key.id)
        said = msgspec.json.encode(address).decode()
        rows.append((one.device, one.account, said, same_place(address), key.id, now, 0))
    wanted = [(one.account, GROUP, msgspec.json.encode(every).decode(), 1, True) for one in chosen]
    columns = [column.name for column in METADATA.tables["push_subscriptions"].columns]
    assert columns == ["device", "account", "address", "place", "key", "registered_at", "cleared_at"], columns
    with closing(sqlite3.connect(folder / "directory.sqlite")) as directory, directory:
        directory.executemany("INSERT INTO push_subscriptions VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        directory.executemany("INSERT INTO preferences VALUES (?, ?, ?, ?, ?)", wanted)
    return data.logins(folder, [writer])[0], list(data.logins(folder, pairs))


class Site:
    """The server, and who uses it."""

    def __init__(self, server: processes.Server, folder: Path, client: httpx2.AsyncClient) -> None:
        self.server = server
        self.folder = folder
        self.client = client
        self._count = 0

    async def say(self, login: Login, path: str, body: dict[str, object]) -> float:
        """Send a message; seconds until it was acked."""
        self._count += 1
        headers = {"authorization": f"Bearer {login.token}", "idempotency-key": f"bench-{self._count}"}
        began = time.perf_counter()
        answer = await self.client.post(path, headers=headers, json=body)
        if not answer.is_success:
            raise SystemExit(f"no figure: {answer.text}")
        return time.perf_counter() - began

    async def chat(self, pairs: Sequence[Login], course: Course, end: asyncio.Event) -> None:
        """The pairs chat until then, and the first one's pushes are waited for each time."""

        async def one(place: int) -> None:
            writer, reader = pairs[2 * place], pairs[2 * place + 1]
            while not end.is_set():
                body: dict[str, object] = {"body": {"type": "text", "text": "of the usual length for a message"}}
                path = f"/v1/conversations/{direct_id(writer.account, reader.account)}/messages"
                course.acks.append(await self.say(writer, path, body))
                if place:
                    await asyncio.sleep(PAUSE)
                else:
                    course.pushes.append(await pushed("/pair", len(Receiver.got.get("/pair", ()))))

        await asyncio.gather(*(one(place) for place in range(len(pairs) // 2)))

    async def course(self, pairs: Sequence[Login], work: asyncio.Future[None]) -> Course:
        """How it was until `work` was done."""
        course, end = Course(), asyncio.Event()
        began, busy = time.perf_counter(), self.server.busy
        chatting = asyncio.create_task(self.chat(pairs, course, end))
        await work
        course.seconds, course.busy = time.perf_counter() - began, self.server.busy - busy
        end.set()
        await chatting
        return course

    async def tell_all(self, writer: Login, chosen: int, number: int) -> float:
        """One message to the group, pushed to all who chose; seconds from its ack to the last push."""
        body: dict[str, object] = {"body": {"type": "text", "text": f"message {number} of the bench to very many"}}
        await self.say(writer, f"/v1/conversations/{GROUP}/messages", body)
        acked = time.perf_counter()
        Receiver.samples.clear()
        end = acked + PATIENCE
        while time.perf_counter() < end:
            times = [Receiver.got.get(f"/{place}", ()) for place in range(chosen)]
            if all(len(one) >= number for one in times):
                break
            await asyncio.sleep(0.1)
        else:
            raise SystemExit(f"no figure: {sum(len(one) >= number for one in times)} of {chosen} pushes came")
        if any(len(one) != number for one in times):
            raise SystemExit("no figure: somebody was pushed to twice")
        for one in Receiver.samples:
            read = Receiver.browser.read(one)
            assert read["text"] == body["body"]["text"], read  # type: ignore[index]
        return max(one[-1] for one in times) - acked


async def pushed(path: str, before: int) -> float:
    """Wait for the next push there; how long that took."""
    began = time.perf_counter()
    while time.perf_counter() < began + PATIENCE:
        if len(found := Receiver.got.get(path, [])) > before:
            return found[-1] - began
        await asyncio.sleep(0.01)
    raise SystemExit("no figure: one of a pair was not pushed to")


def count_rows(folder: Path, *, begin: bool) -> dict[str, int]:
    """Have it counted how many rows of the pushes' tables are written; or say how many were, and end that."""
    kinds = ("INSERT", "UPDATE", "DELETE")
    with closing(sqlite3.connect(folder / "directory.sqlite", timeout=60)) as directory, directory:
        if begin:
            directory.execute("CREATE TABLE bench_rows (name TEXT PRIMARY KEY, rows INTEGER) WITHOUT ROWID")
            for table in TABLES:
                for kind in kinds:
                    name = f"{table} {kind.lower()}"
                    directory.execute("INSERT INTO bench_rows VALUES (?, 0)", (name,))
                    directory.execute(
                        f"CREATE TRIGGER bench_{table}_{kind} AFTER {kind} ON {table} BEGIN "
                        f"UPDATE bench_rows SET rows = rows + 1 WHERE name = '{name}'; END"
                    )
            return {}
        found = dict(directory.execute("SELECT name, rows FROM bench_rows WHERE rows"))
        for table in TABLES:
            for kind in kinds:
                directory.execute(f"DROP TRIGGER bench_{table}_{kind}")
        directory.execute("DROP TABLE bench_rows")
        return found


async def measured(site: Site, writer: Login, pairs: Sequence[Login], asked: argparse.Namespace) -> None:
    """Count, then measure, and print."""
    await asyncio.sleep(2.0)  # what is placed is pushed from the server's first look on
    count_rows(site.folder, begin=True)
    await site.tell_all(writer, asked.chosen, 1)
    await asyncio.sleep(1.0)  # what became of the last ones is written
    rows = count_rows(site.folder, begin=False)
    print(f"{asked.members:,} members, {asked.chosen:,} of whom chose every message")
    print("  rows written in the directory: " + ", ".join(f"{name} {count:,}" for name, count in rows.items()))
    for number in range(2, asked.messages + 2):
        peace = await site.course(pairs, asyncio.ensure_future(asyncio.sleep(max(PEACE, EVERY_MS / 1000))))
        spreading = asyncio.ensure_future(site.tell_all(writer, asked.chosen, number))
        meanwhile = await site.course(pairs, spreading)  # type: ignore[arg-type]
        chat = peace.busy / peace.seconds * meanwhile.seconds
        busy = meanwhile.busy - chat
        last = spreading.result()
        print(
            f"  the last push came after {last:.1f} s, {asked.chosen / last:,.0f} a second; "
            f"{busy * 1e6 / asked.chosen:,.0f} us of the server's processor each, {busy:.1f} s in all"
        )
        print(f"  pairs in peace:  {_said(peace)}")
        print(f"  pairs meanwhile: {_said(meanwhile)}")


def _said(course: Course) -> str:
    acks, pushes = sorted(course.acks), sorted(course.pushes)
    return (
        f"{len(acks) / course.seconds:.1f} messages/s, "
        f"acked p50 {_at(acks, 0.5):.1f} ms, p99 {_at(acks, 0.99):.1f} ms; "
        f"pushed {_at(pushes, 0.5) / 1000:.2f} s later, {_at(pushes, 1) / 1000:.2f} s at most"
    )


def _at(times: Sequence[float], part: float) -> float:
    return times[min(len(times) - 1, int(len(times) * part))] * 1000 if times else 0.0


async def run(folder: Path, asked: argparse.Namespace) -> None:
    """Make everything, and measure."""
    Receiver.browser = PushBrowser()
    receiving = await asyncio.get_running_loop().create_server(Receiver, "127.0.0.1", 0)
    origin = f"http://127.0.0.1:{receiving.sockets[0].getsockname()[1]}"
    writer, pairs = await made(folder / "data", asked, origin)
    server = processes.start_chinwag(cores.choose().server, folder / "data", folder / "log", **SETTINGS)
    try:
        async with httpx2.AsyncClient(base_url=f"http://{server.host}:{server.port}", timeout=60.0) as client:
            await measured(Site(server, folder / "data", client), writer, pairs, asked)
    finally:
        server.stop()
        receiving.close()


def main() -> None:
    """Measure in a folder of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, default=100_000)
    parser.add_argument("--chosen", type=int, default=10_000)
    parser.add_argument("--messages", type=int, default=1, help="that are measured")
    parser.add_argument("--pairs", type=int, default=4)
    asked = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    folder = Path(tempfile.mkdtemp(prefix="chinwag-pushes-"))
    try:
        uvloop.run(run(folder, asked))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
