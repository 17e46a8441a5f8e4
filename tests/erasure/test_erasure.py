"""P13: what `docs/erasure.md` says of each kind of data, over every interface and against the files."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from prove.process import ServerProcess
from tests.erasure.world import MARKERS, World
from tests.support.people import Crowd
from tests.support.plain_server import COMMAND, FAULTS, TEXT_FAULTS

EVERY_TIME = {"media stay", "no compaction", "rows stay", "stays in groups"}
"""Faults that are planted with every `make test`: one in files of media, in files of the log, in tables, in groups."""
TABLE = Path(__file__).parents[2] / "docs" / "erasure.md"
ROW = re.compile(r"^\| `([a-z-]+)` \| [^|]+ \| (at once|seconds|stays) \| (housekeeping|stays) \|$", re.MULTILINE)


def rows() -> dict[str, tuple[str, str]]:
    return {kind: (unreadable, gone) for kind, unreadable, gone in ROW.findall(TABLE.read_text())}


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[list[ServerProcess]]:
    made: list[ServerProcess] = []
    yield made
    for server in made:
        server.end()
        print(server.log())


async def violations(server: ServerProcess, *, commands: bool) -> list[str]:
    """Play an account's life and its closing, and name each row that is not true, where, and when.

    commands: look at what the operator's commands show as well.
    """
    found: list[str] = []
    await server.start()
    crowd = Crowd(server)
    try:
        world = await World.begin(crowd)
        before = await world.readable(commands=commands)
        unseen = [kind for kind in rows() if not world.shows(kind, before)]
        assert not unseen, f"the test would not notice {unseen}"
        await world.close_account()
        found += world.wrong(rows(), await world.readable(), "at once", {"at once"})
        found += await world.still_acts()
        await server.logged("a closed account is emptied")
        found += world.wrong(rows(), await world.readable(commands=commands), "later", {"at once", "seconds"})
        found += await world.refusals()
        await server.kill()
        await server.start()
        await server.logged("closed accounts are erased")
        await world.come_back()
        found += world.wrong(rows(), await world.readable(), "after the housekeeping", {"at once", "seconds"})
        found += world.wrong_files(rows()) + world.wrong_rows()
    finally:
        await crowd.leave()
    return found


def test_every_row_of_the_table_has_its_marker_and_the_other_way_round() -> None:
    assert set(rows()) == set(MARKERS)


async def test_each_row_holds_over_every_interface_and_in_the_files(
    tmp_path: Path, servers: list[ServerProcess]
) -> None:
    server = ServerProcess(tmp_path / "data", command=COMMAND)
    servers.append(server)
    assert await violations(server, commands=True) == []


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(fault, marks=() if fault in EVERY_TIME else (pytest.mark.prove,))
        for fault in sorted(FAULTS.keys() - TEXT_FAULTS.keys())
    ],
)
async def test_a_planted_fault_is_noticed(tmp_path: Path, servers: list[ServerProcess], fault: str) -> None:
    server = ServerProcess(tmp_path / "data", command=(*COMMAND, f"fault:{fault}"))
    servers.append(server)
    # Exports write to tables what the journal holds: only in tables does what was deleted outlive a restart.
    found = await violations(server, commands=fault == "no compaction")
    assert found
    print(found)
