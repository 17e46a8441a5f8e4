"""What a group of a hundred thousand costs beside one of ten: rows, bytes, processor time of a message, and the rest.

    python bench/wide_groups.py [--members 10 500 10000 100000] [--messages 1600] [--joins 2000]

The embedded stores in a temporary folder, and the worker of the log upon them, without sockets. The groups are written
as if all had joined; then one member writes, sixteen messages at a time, and beside it one of a pair; then many members
in turn. Only processor time is counted (all threads of the process), so the machine may be busy. Besides: joinings a
second, what the process takes of memory, a page of members, a removal, an owner who leaves, and how long it takes to
find an heir and to count who is there.
"""

import argparse
import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

from rocksdict import Rdict, WriteBatch

from chinwag.adapters.embedded import Embedded, open_embedded
from chinwag.adapters.embedded.data_directory import write_synced
from chinwag.domain.body import Text
from chinwag.domain.command import Action, Command, Join, Leave, Remove, Rules, Send
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId, direct_id, group_id
from chinwag.flow.clock import system_clock
from chinwag.flow.deliver import Deliver as Worker
from chinwag.flow.large.activity import Activity, Sizes
from chinwag.flow.large.heirs import Heirs
from chinwag.flow.membership_of import members_behind
from chinwag.flow.own_commands import OwnCommands
from chinwag.load.peer import text_of
from chinwag.ports.bus import Answer, Answers, NodeId, Publication, answers_to
from chinwag.ports.log import Submission
from grown import write_group
from used import pss

NODE: Final = NodeId("bench")
RULES: Final = Rules(large_group_members=200_000)
TOGETHER: Final = 16
"""Commands under way at a time."""
MIB: Final = 1 << 20


class Site:
    """The stores, a worker, and whoever asks."""

    def __init__(self, embedded: Embedded, written: Counter[str]) -> None:
        self.embedded = embedded
        self.written = written
        self._worker = Worker(0, embedded.log, embedded.message_store, embedded.bus)
        self._working = asyncio.create_task(self._worker.run())
        self._answers: dict[int, asyncio.Future[Answer]] = {}
        self._ref = 0
        embedded.bus.subscribe(answers_to(NODE), self._take)

    def _take(self, publication: Publication) -> None:
        assert isinstance(publication, Answers)
        for answer in publication.answers:
            self._answers.pop(answer.ref).set_result(answer)

    async def ask(self, asked: Sequence[tuple[ConversationId, AccountId, Action]]) -> list[Answer]:
        """Have these placed together. Raises AssertionError if one is refused."""
        waiting = []
        for conversation, account, action in asked:
            self._ref += 1
            name = ClientId(f"bench-{self._ref:07}")
            device = DeviceId(f"{account}d")
            command = Command(conversation, account, device, name, system_clock(), action, RULES, opening=True)
            waiting.append(asyncio.get_running_loop().create_future())
            self._answers[self._ref] = waiting[-1]
            self.embedded.log.append(Submission(command, NODE, self._ref))
        answers = await asyncio.gather(*waiting)
        assert not any(answer.refused for answer in answers), answers
        return answers

    async def messages(self, conversation: ConversationId, authors: Sequence[AccountId], count: int) -> "Cost":
        """What so many messages cost, of these authors in turn."""
        self.written.clear()
        began, spent = time.perf_counter(), time.process_time()
        for first in range(0, count, TOGETHER):
            turn = [authors[(first + one) % len(authors)] for one in range(TOGETHER)]
            await self.ask([(conversation, one, Send(Text(text_of(one, first)))) for one in turn])
        spent, took = time.process_time() - spent, time.perf_counter() - began
        return Cost(self.written["rows"] / count, self.written["bytes"] / count, spent * 1e6 / count, count / took)

    async def close(self) -> None:
        """Let go of all."""
        await self.embedded.close()
        await self._working


class Cost:
    """Of one message."""

    def __init__(self, rows: float, written: float, spent: float, rate: float) -> None:
        self.rows, self.bytes, self.spent, self.rate = rows, written, spent, rate

    def __str__(self) -> str:
        return f"{self.rows:8.2f} rows {self.bytes:9.0f} bytes {self.spent:8.0f} us {self.rate:9,.0f} messages/s"


def members_of(count: int) -> list[AccountId]:
    """So many accounts."""
    return [AccountId(str(1_000_000_000 + one)) for one in range(count)]


async def timed(what: str, work: Callable[[], Awaitable[object]]) -> None:
    """Say how long that takes."""
    began, spent = time.perf_counter(), time.process_time()
    await work()
    took, spent = (time.perf_counter() - began) * 1000, (time.process_time() - spent) * 1000
    print(f"  {what}: {took:.1f} ms, {spent:.1f} ms of the processor")


async def one_size(site: Site, members: int, asked: argparse.Namespace) -> None:
    """A group of that size."""
    everybody, group = members_of(members), group_id(str(members))
    before, began = pss(), time.perf_counter()
    async for _ in write_group(site.embedded.message_store, group, everybody):
        pass
    print(f"{members:,} members, written in {time.perf_counter() - began:.1f} s")
    step = max(1, members // 200)
    authors = everybody[::step][:200]
    count = asked.messages if members != 500 else max(TOGETHER, asked.messages // 16)  # each goes to five hundred
    pair = direct_id(everybody[0], everybody[1])
    for conversation in (group, pair):  # its state is known from here on
        await site.messages(conversation, authors[:1], 2 * TOGETHER)
    print(f"  of one:        {await site.messages(group, authors[:1], count)}")
    print(f"  of one of two: {await site.messages(pair, authors[:1], asked.messages)}")
    print(f"  of many:       {await site.messages(group, authors, count)}")
    print(f"  memory: {(pss() - before) / MIB:+.1f} MiB")
    if members <= 1_000:
        return
    (state,) = await site.embedded.message_store.states([group])
    assert state is not None
    store = site.embedded.message_store
    await timed("the first page of 50 members", lambda: members_behind(store, state, None, 50))
    middle = (members // 2, AccountId(""))
    await timed("a page of 50 from the middle", lambda: members_behind(store, state, middle, 50))
    await timed("a removal", lambda: site.ask([(group, everybody[0], Remove(everybody[members // 3]))]))


async def joinings(site: Site, members: int, count: int) -> None:
    """So many more come into the group of that size."""
    group = group_id(str(members))
    fresh = members_of(members + count)[members:]
    began, spent = time.perf_counter(), time.process_time()
    for first in range(0, count, TOGETHER):
        await site.ask([(group, one, Join()) for one in fresh[first : first + TOGETHER]])
    took, spent = time.perf_counter() - began, time.process_time() - spent
    print(f"  {count:,} joinings: {count / took:,.0f} a second, {spent * 1e6 / count:.0f} us of the processor each")


async def owner_leaves(site: Site, members: int) -> None:
    """The owner and the admins of the group go, one after the other; it finds an heir, and who is there is counted."""
    group, everybody = group_id(str(members)), members_of(members)
    store = site.embedded.message_store
    await timed("the owner leaves, an admin inherits", lambda: site.ask([(group, everybody[0], Leave())]))
    for one in everybody[1:3]:
        await site.ask([(group, one, Leave())])
    own = OwnCommands(site.embedded.log, site.embedded.bus, NodeId("bench-own"))
    stop = own.listen()
    heirs = Heirs(store, own, system_clock)
    await timed("the last admin has left, an heir is found", heirs.step)
    (state,) = await store.states([group])
    assert state is not None
    assert [*state.members] == [everybody[3]], state.members
    counting = Activity(store, site.embedded.mark_store, own, system_clock, Sizes(RULES))
    await timed("counting all of them, had one to", lambda: counting.active(state, members))
    stop()


async def main(asked: argparse.Namespace) -> None:
    """Measure all sizes, one after the other, on one store."""
    written: Counter[str] = Counter()

    def write(db: Rdict, rows: WriteBatch) -> None:
        written["rows"] += rows.len()
        written["bytes"] += rows.size_in_bytes()
        write_synced(db, rows)

    with tempfile.TemporaryDirectory() as folder:
        site = Site(await open_embedded(Path(folder) / "data", write=write), written)
        try:
            for members in asked.members:
                await one_size(site, members, asked)
                if members > 1_000:
                    await joinings(site, members, asked.joins)
                    await owner_leaves(site, members)
        finally:
            await site.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, nargs="+", default=[10, 500, 10_000, 100_000])
    parser.add_argument("--messages", type=int, default=1_600, help="in each group")
    parser.add_argument("--joins", type=int, default=2_000, help="into each large group")
    asyncio.run(main(parser.parse_args()))
