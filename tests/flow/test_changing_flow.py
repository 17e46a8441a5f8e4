"""Edits and deletions through a worker and a store: what is left of a text, and who reads what of a changed message."""

import asyncio
from pathlib import Path

import pytest
from tests.flow.test_deliver_flow import NODE, NOW, Answering

from chinwag.adapters.embedded import Embedded, open_embedded
from chinwag.domain.body import Text
from chinwag.domain.command import Action, Command, Delete, Edit, Send, asked
from chinwag.domain.ids import AccountId, ClientId, DeviceId, direct_id
from chinwag.domain.refusal import Code
from chinwag.flow.as_read import as_read, content
from chinwag.flow.deliver import Deliver
from chinwag.ports.bus import Answer
from chinwag.ports.log import Submission
from chinwag.ports.message_store import Changed, KeyName

ANNA, BERTA = AccountId("anna"), AccountId("berta")
PAIR = direct_id(ANNA, BERTA)


def command(account: AccountId, name: str, action: Action) -> Command:
    return Command(
        PAIR, account, DeviceId(f"of {account}"), ClientId(name), 1, action, opening=True, digest=asked(action)
    )


class Working:
    """A worker on stores of its own, asked one or several commands at a time."""

    def __init__(self, embedded: Embedded) -> None:
        self.embedded = embedded
        self.answering = Answering(embedded)
        self.worker = Deliver(0, embedded.log, embedded.message_store, embedded.bus)
        self._ref = 0

    async def ask(self, *commands: Command) -> list[Answer]:
        first = self._ref + 1
        for one in commands:
            self._ref += 1
            self.embedded.log.append(Submission(one, NODE, self._ref))
        return await self.answering.wait(*range(first, self._ref + 1))

    async def everything(self) -> str:
        """All rows of the conversation, and what is kept beside them."""
        rows = await self.embedded.message_store.events(PAIR, 1, 100)
        return "\n".join(f"{content(row).decode()} {row.target if isinstance(row, Changed) else ''}" for row in rows)

    async def digest(self, account: AccountId, name: str) -> bytes:
        [key] = await self.embedded.message_store.keys([KeyName(PAIR, DeviceId(f"of {account}"), ClientId(name))])
        assert key is not None
        return key.digest


@pytest.mark.parametrize("together", [False, True])
async def test_after_a_deletion_neither_text_nor_digest_is_left(tmp_path: Path, together: bool) -> None:
    embedded = await open_embedded(tmp_path, clock=lambda: NOW)
    working = Working(embedded)
    commands = [
        command(ANNA, "m", Send(Text("pass one"))),
        command(ANNA, "e1", Edit(1, Text("pass two"))),
        command(ANNA, "e2", Edit(1, Text("pass three"))),
        command(BERTA, "other", Send(Text("what?"))),
    ]
    running = asyncio.create_task(working.worker.run())
    if together:
        answers = await working.ask(*commands)
    else:
        answers = [answer for one in commands for answer in await working.ask(one)]
    assert [answer.number for answer in answers] == [1, 2, 3, 4]
    left = await working.everything()
    assert [text in left for text in ("pass one", "pass two", "pass three")] == [False, False, True]
    assert [await working.digest(ANNA, name) for name in ("m", "e1")] == [b"", b""]
    assert await working.digest(ANNA, "e2")
    # The same again, whatever it says now, is the first one.
    assert [answer.number for answer in await working.ask(*commands)] == [1, 2, 3, 4]

    [deleted] = await working.ask(command(ANNA, "d", Delete(1)))
    assert deleted.number == 5
    left = await working.everything()
    assert "pass" not in left
    assert "what?" in left
    assert [await working.digest(ANNA, name) for name in ("m", "e1", "e2")] == [b"", b"", b""]
    assert await working.digest(BERTA, "other")
    again = await working.ask(*commands, command(ANNA, "d", Delete(1)), command(ANNA, "d2", Delete(1)))
    assert [(answer.number, answer.refused) for answer in again] == [
        (1, None),
        (2, None),
        (3, None),
        (4, None),
        (5, None),
        (0, Code.MESSAGE_DELETED),
    ]
    await embedded.close()
    await running


async def test_edits_and_deletions_that_race_are_decided_in_the_log_s_order(tmp_path: Path) -> None:
    embedded = await open_embedded(tmp_path, clock=lambda: NOW)
    working = Working(embedded)
    running = asyncio.create_task(working.worker.run())
    await working.ask(command(ANNA, "m1", Send(Text("one"))), command(ANNA, "m2", Send(Text("two"))))
    answers = await working.ask(
        command(ANNA, "e1", Edit(1, Text("edited"))),
        command(ANNA, "d1", Delete(1)),
        command(ANNA, "d2", Delete(2)),
        command(ANNA, "e2", Edit(2, Text("edited"))),
        command(BERTA, "e3", Edit(1, Text("edited"))),
    )
    assert [answer.refused for answer in answers] == [None, None, None, Code.MESSAGE_DELETED, Code.MESSAGE_DELETED]
    assert 'edited"' not in (await working.everything()).replace('"kind":"edited"', "")
    rows = await embedded.message_store.events(PAIR, 1, 2)
    for row, shown in zip(rows, await as_read(embedded.message_store, BERTA, PAIR, rows), strict=True):
        assert shown == content(row)
        assert b'"type":"deleted"' in shown
    await embedded.close()
    await running
