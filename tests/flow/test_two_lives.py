"""No two processes, and no two lives of one, share a name: an answer never reaches anybody who did not ask for it."""

from pathlib import Path

import pytest
from tests.support.backstage import DEVICE, backstage

from chinwag.adapters.embedded.log import EmbeddedLog
from chinwag.adapters.embedded.registry import EmbeddedRegistry
from chinwag.assembly import open_server
from chinwag.config import Config, sections
from chinwag.domain.command import Command, Leave
from chinwag.domain.conversation import GroupSettings
from chinwag.domain.ids import AccountId, ClientId
from chinwag.flow.answers import Answered
from chinwag.flow.clock import system_clock
from chinwag.flow.own_commands import OwnCommands
from chinwag.ports.bus import Answer, new_node
from chinwag.ports.log import Submission
from chinwag.ports.registry import WorkerNumber

ANN = "1"


def _config(path: Path) -> Config:
    return Config(data=sections.Data(path=path), server=sections.Server(port=0), observe=sections.Observe(port=0))


async def test_a_server_that_starts_again_goes_by_another_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def the_same(_: EmbeddedRegistry) -> WorkerNumber:
        return lambda: 7

    monkeypatch.setattr(EmbeddedRegistry, "lease_worker", the_same)
    names = []
    for _ in range(2):
        server = await open_server(_config(tmp_path / "data"))
        names.append(server.legs.node)
        await server.stop()
    assert names[0] != names[1]


@pytest.mark.parametrize("renamed", [True, False])
async def test_a_record_of_an_earlier_life_answers_nobody(tmp_path: Path, renamed: bool) -> None:
    """Both lives count their commands from 1, and the log still holds one of the first. Either is enough: that
    the second has a name of its own, and that an answer names its command."""
    async with backstage(tmp_path / "data") as stage:
        await stage.people(ANN, "2")
        tea = await stage.group(ANN, "Tea", GroupSettings(), "2")
        told: list[tuple[str, Answer]] = []

        def tell(waiter: str, answer: Answer) -> None:
            told.append((waiter, answer))

        first = new_node("server")
        second = new_node("server") if renamed else first
        waiting = Answered[str](_Nowhere(), stage.embedded.bus, second, tell)
        waiting.listen()
        now = system_clock()
        leaving = Command(tea, AccountId(ANN), DEVICE, ClientId("of the first"), now, Leave())
        other = Command(tea, AccountId(ANN), DEVICE, ClientId("of the second"), now, Leave())
        waiting.append(leaving if renamed else other, "the second")
        stage.embedded.log.append(Submission(leaving, first, 1))
        await stage.do("2", tea, Leave(), "later")  # the log keeps its order: the record before is answered by now
        assert told == []


class _Nowhere(EmbeddedLog):
    """A log that takes what it is given, and brings it to nobody."""

    def __init__(self) -> None:
        super().__init__(1)

    def append(self, submission: Submission) -> None:
        pass


def test_the_servers_own_commands_have_ids_of_their_process() -> None:
    made = []
    for _ in range(2):
        own = OwnCommands(None, None, new_node("declines"))  # type: ignore[arg-type]  # they are not used
        made += [own.new_id("refuse") for _ in range(3)]
    assert len(set(made)) == 6
