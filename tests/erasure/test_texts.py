"""P13 for texts that were edited away or deleted: they, and the digests that would give them away, leave every file."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from prove.process import ServerProcess
from tests.support.device import PATIENCE, Device
from tests.support.people import Crowd
from tests.support.plain_server import COMMAND, TEXT_FAULTS

from chinwag.domain import command
from chinwag.domain.body import Text as Body
from chinwag.domain.ids import ClientId, ConversationId, direct_id
from chinwag.wire.frames import Ack, ClientFrame, Delete, Edit, Send
from chinwag.wire.values import Text

DELETED, EDITED, FIRST, LAST = "deletedcanary", "formercanary", "oldestcanary", "lastcanary"
NOW, KEPT = "presentcanary", "untouchedcanary"
"""Words that have no beginning in common, which an index would write only once."""


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[list[ServerProcess]]:
    made: list[ServerProcess] = []
    yield made
    for server in made:
        server.end()
        print(server.log())


class Said:
    """Texts that go, with the digests of the commands that brought them, and texts that stay."""

    def __init__(self, conversation: ConversationId) -> None:
        self.conversation = conversation
        send, edit = command.Send, command.Edit
        self.gone = {
            "a deleted text": DELETED.encode(),
            "a text that was edited away": EDITED.encode(),
            "a text that was edited away and then deleted": FIRST.encode(),
            "the edit of a deleted one": LAST.encode(),
            "the digest of a deleted text": command.asked(send(Body(DELETED))),
            "the digest of a text that was edited away": command.asked(send(Body(EDITED))),
            "the digest of the edit of a deleted one": command.asked(edit(4, Body(LAST))),
        }
        self.stays = {
            "what an edit says": NOW.encode(),
            "a text that nobody touched": KEPT.encode(),
            "its digest": command.asked(send(Body(KEPT))),
        }

    async def say(self, ann: Device) -> None:
        """Bring what is to go, and what is to stay."""
        for frame in (
            Send(ClientId("m1"), Text(DELETED), self.conversation),
            Send(ClientId("m2"), Text(EDITED), self.conversation),
            Send(ClientId("m3"), Text(KEPT), self.conversation),
            Send(ClientId("m4"), Text(FIRST), self.conversation),
            Edit(ClientId("e1"), self.conversation, 4, Text(LAST)),
        ):
            await acked(ann, frame)

    async def take_back(self, ann: Device) -> None:
        """Delete two, one of which was edited before, and edit one."""
        await acked(ann, Delete(ClientId("d1"), self.conversation, 1))
        await acked(ann, Delete(ClientId("d2"), self.conversation, 4))
        await acked(ann, Edit(ClientId("e2"), self.conversation, 2, Text(NOW)))


async def acked(who: Device, frame: ClientFrame) -> None:
    answer = await who.ask(frame)
    assert isinstance(answer, Ack), answer


async def indexed(who: Device, *words: str) -> None:
    """Wait until each of these words is found; what was said before them is then in the index as well, as it is now."""
    async with asyncio.timeout(PATIENCE):
        for word in words:
            while True:
                answer = await who.place.request("GET", f"/v1/search?q={word}", token=who.token)
                assert answer.status_code == 200, answer.text
                if answer.json()["hits"]:
                    break
                await asyncio.sleep(0.2)  # a search is no more than a look


def held(data: Path, what: dict[str, bytes]) -> dict[str, list[str]]:
    """The files that hold each."""
    files = {str(path.relative_to(data)): path.read_bytes() for path in data.rglob("*") if path.is_file()}
    return {name: [file for file, content in files.items() if one in content] for name, one in what.items()}


async def violations(server: ServerProcess) -> list[str]:
    """Say, have it written into tables and into the index, take it back, let the housekeeping do its work; then name
    what is in a file that should be in none, or in none that should be in one."""
    await server.start()
    crowd = Crowd(server)
    try:
        ann, ben = await crowd.people("ann", "ben")
        said = Said(direct_id(ann.account, ben.account))
        await said.say(ann)
        await indexed(ann, EDITED, LAST)
        # A stop and a start put what the journal holds into tables.
        assert await server.stop() == 0
        # One that was edited at once may never have come into a table.
        missing = [name for name, files in held(server.data, said.gone).items() if not files and "then" not in name]
        await server.start()
        await ann.connect()
        await said.take_back(ann)
        await indexed(ann, NOW)
        assert await server.stop() == 0
        await server.start()
        await server.logged("the files of the search index are written anew")
        await server.logged("replaced texts are out of the files")
        assert await server.stop() == 0
        found = [f"{name} is in no file before it goes" for name in missing]
        found += [f"{name} is in {files}" for name, files in held(server.data, said.gone).items() if files]
        found += [f"{name} is in no file" for name, files in held(server.data, said.stays).items() if not files]
        return found
    finally:
        await crowd.leave()


async def test_texts_and_digests_leave_every_file_and_all_else_stays(
    tmp_path: Path, servers: list[ServerProcess]
) -> None:
    server = ServerProcess(tmp_path / "data", command=COMMAND)
    servers.append(server)
    assert await violations(server) == []


@pytest.mark.parametrize(("fault", "finds"), sorted(TEXT_FAULTS.items()))
async def test_a_planted_fault_is_noticed(tmp_path: Path, servers: list[ServerProcess], fault: str, finds: str) -> None:
    server = ServerProcess(tmp_path / "data", command=(*COMMAND, f"fault:{fault}"))
    servers.append(server)
    found = await violations(server)
    assert any(finds in one for one in found), found
