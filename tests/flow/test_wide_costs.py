"""What a message costs the message store: in a group of a hundred thousand as much as between two."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rocksdict import Rdict, WriteBatch
from tests.flow.test_deliver_flow import NODE, NOW, Answering

from chinwag.adapters.embedded import Embedded, open_embedded
from chinwag.adapters.embedded.data_directory import write_synced
from chinwag.domain.body import Text
from chinwag.domain.command import Action, Command, Deliver, Join, Leave, Rules, Send
from chinwag.domain.conversation import Conversation, GroupSettings, Member, Role, Span
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId, direct_id, group_id, stream_of
from chinwag.domain.member_row import MemberRow, Stay
from chinwag.flow.deliver import Deliver as Worker
from chinwag.ports.bus import Moved, Publication, moved_of
from chinwag.ports.log import Submission
from chinwag.ports.message_store import Commit

GROUP = group_id("1")
OWNER = AccountId("100000")
MEMBERS = 100_000
RULES = Rules(large_group_members=200_000)
EACH = 20
"""Messages of each measurement."""


class Counting:
    """A store that counts what is read of it: calls, and rows asked for."""

    def __init__(self, embedded: Embedded) -> None:
        self._store = embedded.message_store
        self.read: Counter[str] = Counter()
        self.commits: list[Commit] = []

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if name in ("reopen", "check"):
            return found

        async def counted(*asked: Any) -> Any:
            if name == "commit":
                self.commits += asked[0]
            else:
                self.read["calls"] += 1
                self.read["rows"] += len(asked[0]) if isinstance(asked[0], list) else 1
            return await found(*asked)

        return counted


class Served:
    """A worker over real files, and how many rows and bytes are written there."""

    def __init__(self, embedded: Embedded, written: Counter[str]) -> None:
        self.embedded = embedded
        self.written = written
        self.store = Counting(embedded)
        self.moved: list[Moved] = []
        self._answering = Answering(embedded)
        self._worker = Worker(0, embedded.log, self.store, embedded.bus)
        self._working = asyncio.create_task(self._worker.run())
        self._ref = 0
        embedded.bus.subscribe(moved_of(GROUP), self._told)

    def _told(self, publication: Publication) -> None:
        assert isinstance(publication, Moved)
        self.moved.append(publication)

    async def ask(self, conversation: ConversationId, account: AccountId, action: Action) -> int:
        """The number that a command takes. One at a time, so that each is a batch."""
        self._ref += 1
        name = ClientId(f"message-{self._ref:06}")
        command = Command(conversation, account, DeviceId(account + "d"), name, NOW, action, RULES, opening=True)
        self.embedded.log.append(Submission(command, NODE, self._ref))
        (answer,) = await self._answering.wait(self._ref)
        assert answer.refused is None, answer
        return answer.number

    async def costs(self, sends: Sequence[tuple[ConversationId, AccountId]]) -> dict[str, float]:
        """Of each send: calls and rows read, rows and bytes written."""
        self.written.clear()
        self.store.read.clear()
        for conversation, account in sends:
            await self.ask(conversation, account, Send(Text("a text of some length, as people write them")))
        found = {f"{what} read": count for what, count in self.store.read.items()}
        found |= {f"{what} written": count for what, count in self.written.items()}
        return {what: count / len(sends) for what, count in found.items()}

    async def close(self) -> None:
        await self.embedded.close()
        await self._working


def member(number: int) -> AccountId:
    return AccountId(str(100_000 + number))


async def grown(embedded: Embedded, members: int) -> None:
    """Write a group of so many as if they had joined one after the other."""
    admins = {OWNER: Member(Role.OWNER, 1)} | {member(one): Member(Role.ADMIN, one + 1) for one in range(1, 3)}
    how = GroupSettings(join="open", large=True)
    state = Conversation(
        GROUP,
        False,
        admins,
        members,
        0,
        NOW,
        "All of us",
        how,
        wide=True,
        count=members,
        large=members > 1000,
        reads_most=1,
    )
    for first in range(0, members, 5_000):
        some = range(first, min(first + 5_000, members))
        await embedded.message_store.commit(
            [
                Commit(
                    state,
                    [],
                    [],
                    [],
                    [Span(member(one), GROUP, 1) for one in some],
                    people=[(member(one), MemberRow((Stay(one + 1, 0, 1),))) for one in some],
                    joinings=[(one + 1, member(one), 0) for one in some],
                    widens=first == 0,
                )
            ]
        )


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    written: Counter[str] = Counter()

    def write(db: Rdict, rows: WriteBatch) -> None:
        written["rows"] += rows.len()
        written["bytes"] += rows.size_in_bytes()
        write_synced(db, rows)

    serving = Served(await open_embedded(tmp_path, write=write, clock=lambda: NOW), written)
    yield serving
    await serving.close()


async def test_a_message_in_a_group_of_a_hundred_thousand_costs_what_one_between_two_does(served: Served) -> None:
    await grown(served.embedded, MEMBERS)
    pair = direct_id(member(1), member(2))
    for conversation, account in [(pair, member(1)), (GROUP, OWNER)]:
        await served.ask(conversation, account, Send(Text("the first")))  # its state is known from here on
    between_two = await served.costs([(pair, member(1 + turn % 2)) for turn in range(EACH)])
    in_group = await served.costs([(GROUP, member(5_000 * turn + 7)) for turn in range(EACH)])
    assert in_group["calls read"] <= between_two["calls read"] + 1, "and one row of its author"
    assert in_group["rows read"] <= between_two["rows read"] + 1
    assert in_group["rows written"] <= between_two["rows written"] * 1.1
    assert in_group["bytes written"] <= between_two["bytes written"] * 1.1, (in_group, between_two)
    assert [one.head for one in served.moved[-EACH:]] == list(range(MEMBERS + 2, MEMBERS + EACH + 2))


async def test_an_event_of_a_large_group_goes_to_those_whom_it_concerns(served: Served) -> None:
    await grown(served.embedded, 2_050)
    await served.ask(GROUP, member(700), Send(Text("hello", (member(9), member(5_000)))))
    await served.ask(GROUP, member(5_000), Join())
    await served.ask(GROUP, member(700), Leave())
    audiences = [fanout.audience for commit in served.store.commits for fanout in commit.fanouts]
    stream = stream_of(0)
    assert audiences == [(member(700), member(9), stream), (member(5_000), stream), (member(700), stream)]
    assert [(one.head, one.ordinal, one.shown, one.all) for one in served.moved] == [
        (2_051, 1, 2_051, 0),
        (2_052, 1, 2_051, 0),
        (2_053, 1, 2_051, 0),
    ]


async def test_the_members_of_a_wide_group_are_read_once_and_followed_from_there(served: Served) -> None:
    await grown(served.embedded, 620)
    everybody = tuple(member(one) for one in range(620))
    await served.ask(GROUP, member(5), Send(Text("to all")))
    first = served.store.read["calls"]
    await served.ask(GROUP, member(620), Join())
    await served.ask(GROUP, member(7), Leave())
    await served.ask(GROUP, member(5), Send(Text("to all")))
    assert served.store.read["calls"] - first == 3 * 2, "keys and rows of members, and no joinings"
    now = (*(one for one in everybody if one != member(7)), member(620))
    audiences = [set(fanout.audience) for commit in served.store.commits for fanout in commit.fanouts]
    stream = {stream_of(0)}
    assert audiences == [
        {*everybody} | stream,
        {*everybody, member(620)} | stream,
        {*everybody, member(620)} | stream,
        {*now} | stream,
    ]
    await served.ask(GROUP, OWNER, Deliver(large=True))
    await served.ask(GROUP, member(5), Send(Text("to nobody")))
    await served.ask(GROUP, OWNER, Deliver(large=False))
    sizes = [len(fanout.audience) for commit in served.store.commits[4:] for fanout in commit.fanouts]
    assert sizes == [621, 2, 621]
    assert msgspec.structs.asdict(served.moved[-1])["head"] == 626
