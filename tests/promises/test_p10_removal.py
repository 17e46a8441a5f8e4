"""P10: who is removed gets nothing after that; a revoked device's sockets close and its tokens are refused.

That it takes no longer than a second is not measured here but ordered: nothing that was sent after the removal's ack
comes, and no refusal is waited for.
"""

import pytest
from tests.support.device import Device, texts
from tests.support.people import PASSWORD, Crowd

from chinwag.domain.ids import ClientId
from chinwag.wire.frames import Ack, Change, Error, Read, Send, Typing
from chinwag.wire.values import ConversationId, Message, Notice, Remove, Text
from chinwag.wire.values import Read as ReadEvent


async def _group(owner: Device, *others: Device) -> ConversationId:
    body = {"title": "Tea", "members": [other.account for other in others]}
    answer = await owner.place.request("POST", "/v1/conversations", token=owner.token, json=body)
    assert answer.status_code == 201, answer.text
    return ConversationId(answer.json()["conversation"])


async def test_a_removed_member_gets_nothing_more_and_keeps_what_it_had(crowd: Crowd) -> None:
    anna, berta, carl = await crowd.people("anna", "berta", "carl")
    tea = await _group(anna, berta, carl)
    await carl.ask(Send(ClientId("c"), Text("from carl"), tea))
    removal = await anna.ask(Change(ClientId("r"), tea, Remove(carl.account)))
    assert isinstance(removal, Ack)
    for count in range(20):
        await anna.ask(Send(ClientId(f"m{count}"), Text(f"after {count}"), tea))
        berta.send(Typing(tea))
    berta.send(Read(tea, removal.number + 20))
    await berta.until(lambda: any(isinstance(one.event, ReadEvent) for one in berta.seen), "its mark")
    await carl.reach_head()
    numbers = [one.event.number for one in carl.seen if isinstance(one.event, Message | Notice)]
    assert max(numbers) == removal.number
    assert texts(carl) == ["from carl"]
    refused = await carl.ask(Send(ClientId("late"), Text("me too"), tea))
    assert isinstance(refused, Error)
    assert refused.code == "not_member"
    page = await carl.place.request("GET", f"/v1/conversations/{tea}/messages?after=0", token=carl.token)
    assert [event["number"] for event in page.json()["events"]] == list(range(1, removal.number + 1))


async def test_a_removed_member_that_was_away_gets_nothing_more(crowd: Crowd) -> None:
    anna, carl = await crowd.people("anna", "carl")
    tea = await _group(anna, carl)
    await carl.disconnect()
    removal = await anna.ask(Change(ClientId("r"), tea, Remove(carl.account)))
    await anna.ask(Send(ClientId("m"), Text("after"), tea))
    await carl.connect()
    await carl.reach_head()
    assert texts(carl) == []
    assert isinstance(removal, Ack)
    assert carl.held.mirror.conversations[tea].head == removal.number
    assert carl.held.mirror.conversations[tea].role is None


@pytest.mark.parametrize("how", ["log out", "revoke", "password", "close account"])
async def test_who_is_out_is_closed_and_refused(crowd: Crowd, how: str) -> None:
    anna = await crowd.person("anna")
    laptop = await crowd.another(anna)
    place = anna.place
    if how == "log out":
        answer = await place.request("DELETE", "/v1/sessions/current", token=laptop.token)
    elif how == "revoke":
        answer = await place.request("DELETE", f"/v1/devices/{laptop.id}", token=anna.token)
    elif how == "password":
        body = {"current": PASSWORD, "new": "another good password"}
        answer = await place.request("PUT", "/v1/me/password", token=anna.token, json=body)
    else:
        answer = await place.request("DELETE", "/v1/me", token=anna.token, json={"password": PASSWORD})
    assert answer.status_code == 204, answer.text
    refused = await place.request("GET", "/v1/me", token=laptop.token)
    assert (refused.status_code, refused.json()["code"]) == (401, "revoked")
    await laptop.until(lambda: laptop.link is not None and laptop.link.ended.done(), "the end of its socket")
    assert [bye.code for bye in laptop.byes] == ["revoked"]
    await laptop.connect()
    assert laptop.welcome is None
    assert laptop.errors[-1].code == "revoked"
    # Also after a restart, when nothing is remembered.
    await crowd.process.kill()
    await crowd.process.start()
    await laptop.connect()
    assert laptop.welcome is None
    assert laptop.errors[-1].code == "revoked"
