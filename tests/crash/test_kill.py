"""What HTTP confirmed is there after kill -9. Sends under load are the storm's (tests/prove/test_storm.py)."""

from pathlib import Path

import pytest
from prove.process import ServerProcess
from tests.support.people import settle_in
from tests.support.places import Sockets


@pytest.mark.parametrize("kills", [2])
async def test_accounts_and_marks_survive_kill_nine(tmp_path: Path, kills: int) -> None:
    """What HTTP confirmed is there after the kill: accounts, tokens, friends; marks that came back as events."""
    process = ServerProcess(tmp_path / "data")
    place = Sockets(process)
    [(_, _, _, one), (_, ben, _, other)] = await settle_in(process.data, ["ann", "ben"])
    try:
        await process.start()
        for turn in range(kills):
            method = "PUT" if turn % 2 == 0 else "DELETE"
            answer = await place.request(method, f"/v1/friends/{ben}", token=one)
            assert answer.status_code < 300, answer.text
            await process.kill()
            await process.start()
            requests = (await place.request("GET", "/v1/friends/requests", token=other)).json()["items"]
            assert len(requests) == (1 if turn % 2 == 0 else 0)
    finally:
        await place.close()
        process.end()
        print(process.log()[-5_000:])
