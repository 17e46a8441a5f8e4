"""kill -9 of the real server under load, several times: nothing acked is lost, nothing doubled, no order broken.

`CHINWAG_CRASH_PEOPLE`, `_MESSAGES` (of each person in each conversation) and `_KILLS` make longer runs. kill -9 keeps
the page cache, so this says nothing about syncing: a power cut is another test (`tests/prove/test_power_cut.py`).
"""

import asyncio
import os
import random
from pathlib import Path

import msgspec
import pytest
from prove.facts import Acked, ChangeTried, Fault, Up
from prove.verdict import judge
from tests.crash.load import Storm
from tests.support.device import Device
from tests.support.notes import Notes, now
from tests.support.people import settle_in
from tests.support.places import Sockets
from tests.support.process import ServerProcess

from chinwag.domain.ids import ConversationId, direct_id
from chinwag.wire.conversations import Placed

PEOPLE = int(os.environ.get("CHINWAG_CRASH_PEOPLE", "12"))
MESSAGES = int(os.environ.get("CHINWAG_CRASH_MESSAGES", "20"))
KILLS = int(os.environ.get("CHINWAG_CRASH_KILLS", "3"))
DEVICES = 2
SEED = int(os.environ.get("CHINWAG_CRASH_SEED", "1"))


async def test_kill_nine_under_load_loses_nothing(tmp_path: Path) -> None:
    data = tmp_path / "data"
    settled = await settle_in(data, [f"person-{count}" for count in range(PEOPLE)], DEVICES)
    process = ServerProcess(data, "--limits-sends-per-second", "10000", "--limits-sends-burst", "10000")
    place = Sockets(process)
    notes = Notes()
    devices = [Device(place, *one, notes) for one in settled]
    try:
        await process.start()
        for device in devices:
            await device.load()
        group = await _group(place, devices)
        storm = Storm(devices, MESSAGES)
        conversations = [[group, _neighbour(devices, index)] for index in range(len(devices))]
        sending = asyncio.create_task(storm.send_all(conversations))
        total = len(devices) * 2 * MESSAGES
        moments = sorted(random.Random(SEED).sample(range(1, total - total // 5), KILLS))
        for moment in moments:
            reached = asyncio.create_task(storm.acks(moment))
            await asyncio.wait({sending, reached}, return_when=asyncio.FIRST_COMPLETED)
            assert not sending.done() or sending.exception() is None, sending.exception()
            reached.cancel()
            storm.server_down()
            notes.write(Fault("kill", "", 0, 0, now()))
            await process.kill()
            await process.start()
            notes.write(Up(now()))
            storm.server_up()
        await sending
        record = await storm.finish()
        gaps = [gap for device in devices for gap in device.gaps]
    finally:
        for device in devices:
            await device.close()
        await place.close()
        process.end()
        print(process.log()[-5_000:])
    verdict = judge(record)
    assert verdict.holds, "\n".join(verdict.lines())
    assert gaps == []
    assert process.starts == KILLS + 1
    # The group's creation is one more.
    assert verdict.index.sends.acked_once == total + 1


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


def _neighbour(devices: list[Device], index: int) -> ConversationId:
    account = devices[index].account
    accounts = list(dict.fromkeys(device.account for device in devices))
    # Person 0 talks with 1, 2 with 3, and so on.
    return direct_id(account, accounts[accounts.index(account) ^ 1])


async def _group(place: Sockets, devices: list[Device]) -> ConversationId:
    members = sorted({device.account for device in devices[1:]})
    owner, key = devices[0], "the group"
    subjects = tuple(sorted({owner.account, *members}))
    owner.notes.write(ChangeTried(owner.id, owner.account, "", key, "created", subjects, now()))
    body = {"title": "Storm", "members": members}
    answer = await place.request("POST", "/v1/conversations", token=owner.token, json=body, key=key)
    assert answer.status_code == 201, answer.text
    placed = msgspec.json.decode(answer.content, type=Placed)
    owner.notes.write(Acked(owner.id, placed.conversation, key, placed.number, placed.sent_at, 0, now()))
    return placed.conversation
