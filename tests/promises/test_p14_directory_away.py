"""P14: with the relational database away, connected people go on chatting."""

import sqlite3
from pathlib import Path

from tests.support.device import Device, texts
from tests.support.people import PASSWORD, Crowd

from chinwag.domain.ids import ClientId, direct_id
from chinwag.wire.frames import Ack, Error, Read, Send
from chinwag.wire.values import ConversationId, Text
from chinwag.wire.values import Read as ReadEvent


async def _together(crowd: Crowd) -> tuple[Device, Device, Device, ConversationId]:
    anna, berta, carl = await crowd.people("anna", "berta", "carl")
    body = {"title": "Tea", "members": [berta.account]}
    answer = await anna.place.request("POST", "/v1/conversations", token=anna.token, json=body)
    assert answer.status_code == 201, answer.text
    await anna.ask(Send(ClientId("d"), Text("directly"), to=berta.account))
    return anna, berta, carl, ConversationId(answer.json()["conversation"])


async def _chat(anna: Device, berta: Device, tea: ConversationId, round_: str) -> None:
    """Messages in both kinds of conversation, history, marks, and a session that comes back."""
    group = await anna.ask(Send(ClientId(f"{round_}-group"), Text(f"{round_} in the group"), tea))
    direct = await berta.ask(Send(ClientId(f"{round_}-direct"), Text(f"{round_} directly"), to=anna.account))
    assert isinstance(group, Ack), group
    assert isinstance(direct, Ack), direct
    await anna.until(lambda: f"{round_} directly" in texts(anna), "a message")
    await berta.disconnect()
    await berta.connect()
    await berta.until(lambda: f"{round_} in the group" in texts(berta), "a message")
    berta.send(Read(tea, group.number))
    marked = group.number
    await anna.until(
        lambda: any(isinstance(one.event, ReadEvent) and one.event.number == marked for one in anna.seen), "a mark"
    )
    page = await anna.place.request("GET", f"/v1/conversations/{tea}/messages?limit=1", token=anna.token)
    assert [event["number"] for event in page.json()["events"]] == [group.number]


async def _refused(anna: Device, carl: Device) -> None:
    """What needs the directory says so, and that a retry can help."""
    answer = await anna.ask(Send(ClientId("new"), Text("hello"), direct_id(anna.account, carl.account)))
    assert isinstance(answer, Error)
    assert (answer.code, answer.retryable) == ("unavailable", True)


async def test_with_the_file_gone_people_chat_on(crowd: Crowd) -> None:
    anna, berta, carl, tea = await _together(crowd)
    file = crowd.process.data / "directory.sqlite"
    away = move_away(file)
    await _chat(anna, berta, tea, "without")
    await _refused(anna, carl)
    name = {"name": "nobody-yet", "password": PASSWORD}
    for path in ("/v1/accounts", "/v1/sessions"):
        answer = await anna.place.request("POST", path, json=name)
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable"), answer.text
    for one in away:
        one.rename(file.parent / one.name)
    answer = await anna.place.request("POST", "/v1/accounts", json=name)
    assert answer.status_code == 201, answer.text
    healed = await anna.ask(Send(ClientId("new"), Text("hello"), to=carl.account))
    assert isinstance(healed, Ack), healed
    await _chat(anna, berta, tea, "with")


async def test_with_the_file_locked_people_chat_on(crowd: Crowd) -> None:
    anna, berta, _, tea = await _together(crowd)
    other = sqlite3.connect(crowd.process.data / "directory.sqlite", isolation_level=None)
    try:
        other.execute("BEGIN EXCLUSIVE")
        await _chat(anna, berta, tea, "locked")
        body = {"display_name": "Anna"}
        answer = await anna.place.request("PATCH", "/v1/me", token=anna.token, json=body)
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable"), answer.text
        other.execute("ROLLBACK")
        answer = await anna.place.request("PATCH", "/v1/me", token=anna.token, json=body)
        assert answer.status_code == 200, answer.text
    finally:
        other.close()


def move_away(file: Path) -> list[Path]:
    folder = file.parent / "away"
    folder.mkdir()
    return [one.rename(folder / one.name) for one in file.parent.glob(f"{file.name}*")]
