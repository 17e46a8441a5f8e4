"""P14 in large groups: with the relational database away, who has one open is fed, and who watches is nudged."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from prove.process import ServerProcess
from tests.promises.test_p14_directory_away import move_away
from tests.support.device import Device
from tests.support.people import Crowd
from tests.support.quick_server import COMMAND

from chinwag.domain.ids import ClientId
from chinwag.wire.frames import Ack, Follow, Send, Watch
from chinwag.wire.values import ConversationId, Text

FLAGS = ("--limits-large-group-members", "100", "--limits-wide-above", "2", "--limits-large-above", "2")


@pytest.fixture
async def process(tmp_path: Path) -> AsyncIterator[ServerProcess]:
    """A server whose groups of three are large."""
    server = ServerProcess(tmp_path / "data", *FLAGS, command=COMMAND)
    yield server
    server.end()
    print(server.log())


async def large_group(owner: Device, *others: Device) -> ConversationId:
    """They join one after the other; the joining of the third makes it large."""
    body = {"title": "Tea", "settings": {"join": "open", "large": True}}
    answer = await owner.place.request("POST", "/v1/conversations", token=owner.token, json=body)
    assert answer.status_code == 201, answer.text
    group = ConversationId(answer.json()["conversation"])
    for other in others:
        path = f"/v1/conversations/{group}/changes"
        answer = await other.place.request("POST", path, token=other.token, json={"change": {"type": "join"}})
        assert answer.status_code < 300, answer.text
    return group


async def said(device: Device, group: ConversationId, text: str) -> int:
    """A message of that device is placed; its number."""
    answer = await device.ask(Send(ClientId(text), Text(text), group))
    assert isinstance(answer, Ack), answer
    return answer.number


async def test_large_groups_go_on_and_only_names_cannot_be_searched(crowd: Crowd) -> None:
    anna, ben, carl = await crowd.people("anna", "ben", "carl")
    tea = await large_group(anna, ben, carl)
    for one, other in ((anna, carl), (carl, anna)):  # members who are strangers to one are not found by name
        answer = await one.place.request("PUT", f"/v1/friends/{other.account}", token=one.token)
        assert answer.status_code < 300, answer.text
    carl.send(Watch((tea,)))
    first = await said(anna, tea, "as ever")
    away = move_away(crowd.process.data / "directory.sqlite")
    ben.send(Follow(tea, first))
    await ben.until(lambda: ben.pulling.begun.get(tea), "a feed")
    assert ben.pulling.begun[tea] == [first]
    last = await said(ben, tea, "without")
    await ben.until(lambda: [one.number for one in ben.pulling.fed[tea]] == [last], "a message by the feed")
    await carl.until(lambda: any(one.head == last for one in carl.pulling.nudges), "a nudge")
    # one that comes back meanwhile begins again with all of it
    await carl.disconnect()
    await carl.connect()
    carl.send(Watch((tea,)))
    carl.send(Follow(tea, first))
    await carl.until(lambda: [one.number for one in carl.pulling.fed.get(tea, [])] == [last], "a message by the feed")

    async def asked(path: str, status: int = 200) -> dict[str, object]:
        answer = await carl.place.request("GET", f"/v1/conversations{path}", token=carl.token)
        assert answer.status_code == status, answer.text
        found: dict[str, object] = answer.json()
        return found

    heads = (await asked(f"/heads?conversation={tea}"))["heads"]
    assert isinstance(heads, list)
    assert [one["head"] for one in heads] == [last]
    assert len((await asked(f"/{tea}/changes?after={first}"))["events"]) == 1  # type: ignore[arg-type]
    members = (await asked(f"/{tea}/members"))["members"]
    assert isinstance(members, list)
    assert [one["account"] for one in members] == [anna.account, ben.account, carl.account]
    refused = await asked(f"/{tea}/members?search=anna", 503)
    assert (refused["code"], refused["retryable"]) == ("unavailable", True)
    for file in away:
        file.rename(crowd.process.data / file.name)
    found = (await asked(f"/{tea}/members?search=anna"))["members"]
    assert isinstance(found, list)
    assert [one["account"] for one in found] == [anna.account]
    assert await said(carl, tea, "with") == last + 1
