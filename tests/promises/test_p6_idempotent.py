"""P6: the same (conversation, device, client id) gives the same number, whichever way and whenever it comes."""

import asyncio

from tests.support.device import Device, texts
from tests.support.people import Crowd

from chinwag.domain.ids import ClientId, direct_id
from chinwag.wire.frames import Ack, Send
from chinwag.wire.values import Text


async def test_the_same_send_through_two_sessions_at_once(crowd: Crowd) -> None:
    anna, berta = await crowd.people("anna", "berta")
    twin = Device(anna.place, "twin", anna.account, anna.id, anna.token)
    crowd.devices.append(twin)
    await twin.connect(None)
    names = [ClientId(f"m{count}") for count in range(20)]
    for name in names:
        frame = Send(name, Text(f"text {name}"), to=berta.account)
        for device in (anna, twin, anna):
            device.send(frame)
    numbers: dict[str, set[int]] = {}
    for name in names:
        for answer in (await anna.answer(name, 1), await anna.answer(name, 2), await twin.answer(name)):
            assert isinstance(answer, Ack), answer
            numbers.setdefault(name, set()).add(answer.number)
    assert list(numbers.values()) == [{number} for number in range(1, 21)]
    await berta.reach_head()
    assert texts(berta) == [f"text {name}" for name in names]


async def test_the_same_send_by_socket_and_by_http_at_once(crowd: Crowd) -> None:
    anna, berta = await crowd.people("anna", "berta")
    conversation = direct_id(anna.account, berta.account)
    path = f"/v1/conversations/{conversation}/messages"
    body = {"body": {"type": "text", "text": "once"}}
    posts = [anna.place.request("POST", path, token=anna.token, json=body, key="m1") for _ in range(5)]
    answers, ack = await asyncio.gather(
        asyncio.gather(*posts), anna.ask(Send(ClientId("m1"), Text("once"), conversation))
    )
    assert isinstance(ack, Ack)
    assert {answer.json()["number"] for answer in answers} == {ack.number} == {1}
    await berta.reach_head()
    assert texts(berta) == ["once"]


async def test_the_same_send_after_a_kill_and_a_restart(crowd: Crowd) -> None:
    anna, berta = await crowd.people("anna", "berta")
    frame = Send(ClientId("m1"), Text("once"), to=berta.account)
    first = await anna.ask(frame)
    await crowd.process.kill()
    await crowd.process.start()
    await anna.connect()
    again = await anna.ask(frame)
    assert isinstance(first, Ack)
    assert again == first
    later = await anna.ask(Send(ClientId("m2"), Text("twice"), to=berta.account))
    assert isinstance(later, Ack)
    assert later.number == first.number + 1
    await berta.connect()
    await berta.reach_head()
    assert texts(berta) == ["once", "twice"]
    assert berta.gaps == []


async def test_the_same_group_made_twice_is_one(crowd: Crowd) -> None:
    anna = await crowd.person("anna")
    body = {"title": "Tea"}
    answers = await asyncio.gather(
        *(anna.place.request("POST", "/v1/conversations", token=anna.token, json=body, key="g1") for _ in range(5))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["conversation"] for answer in answers}) == 1
