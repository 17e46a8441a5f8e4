"""What is said of a large group on the Bus is committed: its head, and what reactions there have come to."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.flow.test_deliver_flow import NODE, NOW, Answering
from tests.flow.test_wide_costs import GROUP, OWNER, RULES, grown, member

from chinwag.adapters.embedded import open_embedded
from chinwag.domain.body import Text
from chinwag.domain.command import Action, Command, React, Send
from chinwag.domain.ids import AccountId, ClientId, DeviceId
from chinwag.flow.deliver import Deliver as Worker
from chinwag.ports.bus import Counted, Moved, Publication, moved_of
from chinwag.ports.log import Submission
from chinwag.ports.message_store import Commit

PATIENCE = 60.0
MEMBERS = 1_001


class Slow:
    """A store that takes its time with a commit. early: what was told of the group before it had made that."""

    def __init__(self, store: Any, told: list[Publication]) -> None:
        self._store = store
        self._told = told
        self.early: list[Publication] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def commit(self, batch: Sequence[Commit]) -> None:
        before = len(self._told)
        for _ in range(9):  # whoever is told is by then
            await asyncio.sleep(0)
        self.early += self._told[before:]
        await self._store.commit(batch)


async def test_nothing_is_told_of_a_large_group_before_it_is_committed(tmp_path: Path) -> None:
    embedded = await open_embedded(tmp_path, clock=lambda: NOW)
    await grown(embedded, MEMBERS)
    told: list[Publication] = []
    wanted = asyncio.Event()

    def heard(publication: Publication) -> None:
        told.append(publication)
        if type(publication) is Counted:
            wanted.set()

    embedded.bus.subscribe(moved_of(GROUP), heard)
    store = Slow(embedded.message_store, told)
    answering = Answering(embedded)
    worker = Worker(0, embedded.log, store, embedded.bus)
    working = asyncio.create_task(worker.run())

    async def ask(ref: int, account: AccountId, action: Action) -> int:
        command = Command(GROUP, account, DeviceId(account + "d"), ClientId(f"c{ref}"), NOW, action, RULES)
        embedded.log.append(Submission(command, NODE, ref))
        (answer,) = await answering.wait(ref)
        assert answer.refused is None, answer
        return answer.number

    number = await ask(1, OWNER, Send(Text("hello")))
    assert await ask(2, member(9), React(number, "\N{THUMBS UP SIGN}")) == number
    async with asyncio.timeout(PATIENCE):
        await wanted.wait()
    await embedded.close()
    await working
    assert store.early == []
    moved = [one for one in told if isinstance(one, Moved)]
    assert [one.head for one in moved] == [number], "a reaction moves nothing"
    assert [one for one in told if isinstance(one, Counted)] == [Counted(GROUP, 0, 1, (number,))]
