"""Blocks on a real server: messages, presence, friends and groups."""

import asyncio

from prove.process import ServerProcess
from tests.support.device import PATIENCE, Device
from tests.support.people import Crowd

from chinwag.domain.account_change import BlockChanged
from chinwag.domain.body import Text
from chinwag.domain.ids import AccountId, ClientId
from chinwag.wire.frames import Ack, Error, Send
from chinwag.wire.values import AccountEvent, Presence


async def ask(who: Device, method: str, path: str, json: object = None) -> object:
    answer = await who.place.request(method, path, token=who.token, json=json)
    return answer.status_code if not answer.content else answer.json().get("code", answer.json())


async def write(one: Device, to: Device, name: str) -> str:
    answer = await one.ask(Send(ClientId(name), Text("hello"), to=to.account))
    return answer.code if isinstance(answer, Error) else ""


async def refused_soon(one: Device, to: Device) -> None:
    """Write until it is refused: the block is on its way to the conversation."""
    async with asyncio.timeout(PATIENCE):
        for n in range(1000):
            code = await write(one, to, f"until{n}")
            if code == "recipient_refuses":
                return
            assert code in ("", "rate_limited")


async def taken_soon(one: Device, to: Device) -> None:
    """Write until it is taken."""
    async with asyncio.timeout(PATIENCE):
        for n in range(1000):
            if not await write(one, to, f"again{n}"):
                return


async def test_a_block_stops_direct_messages_until_it_ends(crowd: Crowd) -> None:
    ann, ben = await crowd.people("ann", "ben")
    assert await write(ann, ben, "first") == ""
    assert await ask(ben, "PUT", f"/v1/blocks/{ann.account}") == 204
    assert await ask(ben, "PUT", f"/v1/blocks/{ann.account}") == 204
    await refused_soon(ann, ben)
    [blocked] = (await ben.place.request("GET", "/v1/blocks", token=ben.token)).json()["items"]
    assert blocked["user"]["id"] == ann.account
    assert (await ann.place.request("GET", "/v1/blocks", token=ann.token)).json()["items"] == []
    assert await ask(ben, "DELETE", f"/v1/blocks/{ann.account}") == 204
    await taken_soon(ann, ben)


async def test_a_block_survives_a_kill(process: ServerProcess, crowd: Crowd) -> None:
    ann, ben = await crowd.people("ann", "ben")
    assert await write(ann, ben, "first") == ""
    assert await ask(ben, "PUT", f"/v1/blocks/{ann.account}") == 204
    await process.kill()
    await process.start()
    await ann.connect()
    await refused_soon(ann, ben)


async def test_blocked_people_neither_see_nor_reach_each_other(crowd: Crowd) -> None:
    ann, ben = await crowd.people("ann", "ben")
    assert await write(ann, ben, "first") == ""
    assert await ask(ann, "PUT", f"/v1/friends/{ben.account}") != 204
    assert await ask(ben, "PUT", f"/v1/friends/{ann.account}") != 204
    assert await ask(ben, "PUT", f"/v1/blocks/{ann.account}") == 204
    await refused_soon(ann, ben)
    for one, other in ((ann, ben), (ben, ann)):
        assert (await one.place.request("GET", "/v1/friends", token=one.token)).json()["items"] == []
        path = f"/v1/presence?account={other.account}"
        assert (await one.place.request("GET", path, token=one.token)).json()["items"] == []
        one.signals.clear()
    for one, other in ((ann, ben), (ben, ann)):
        await one.reach_head()
        # Of its own presence each is told, and on a busy machine as late as now.
        assert not [told for told in one.signals if isinstance(told, Presence) and told.account == other.account]
    # Only the one who blocks is told, on every device.
    told = [one.event.change for one in ben.seen if isinstance(one.event, AccountEvent)]
    assert any(isinstance(change, BlockChanged) and change.on and change.blocked == ann.account for change in told)
    told = [one.event.change for one in ann.seen if isinstance(one.event, AccountEvent)]
    assert not any(isinstance(change, BlockChanged) for change in told)


async def test_a_request_of_somebody_blocked_waits_unseen(crowd: Crowd) -> None:
    ann, ben = await crowd.people("ann", "ben")
    assert await ask(ben, "PUT", f"/v1/blocks/{ann.account}") == 204
    asked = await ann.place.request("PUT", f"/v1/friends/{ben.account}", token=ann.token)
    assert asked.json()["state"] == "requested"
    requests = "/v1/friends/requests"
    assert len((await ann.place.request("GET", requests, token=ann.token)).json()["items"]) == 1
    assert (await ben.place.request("GET", requests, token=ben.token)).json()["items"] == []
    assert await ask(ben, "PUT", f"/v1/friends/{ann.account}") == "forbidden"
    assert await ask(ben, "DELETE", f"/v1/friends/{ann.account}") == 204
    await ben.reach_head()
    assert ann.account not in ben.held.own.friends
    assert await ask(ben, "DELETE", f"/v1/blocks/{ann.account}") == 204
    assert len((await ben.place.request("GET", requests, token=ben.token)).json()["items"]) == 1
    await ben.until(lambda: ben.held.own.friends.get(ann.account) == ("requested", ann.account), "the request")


async def test_nobody_is_put_into_a_group_by_somebody_they_block(crowd: Crowd) -> None:
    ann, ben = await crowd.people("ann", "ben")
    assert await ask(ben, "PUT", f"/v1/blocks/{ann.account}") == 204
    made = {"title": "us", "members": [ben.account]}
    assert await ask(ann, "POST", "/v1/conversations", made) == "recipient_refuses"
    group = (await ann.place.request("POST", "/v1/conversations", token=ann.token, json={"title": "us"})).json()
    change = {"change": {"type": "add", "account": ben.account}}
    path = f"/v1/conversations/{group['conversation']}/changes"
    assert await ask(ann, "POST", path, change) == "recipient_refuses"


async def test_whom_one_cannot_block(crowd: Crowd) -> None:
    ann = await crowd.person("ann", connect=False)
    assert await ask(ann, "PUT", f"/v1/blocks/{ann.account}") == "bad_request"
    assert await ask(ann, "PUT", f"/v1/blocks/{AccountId('1')}") == "no_account"
    assert await ask(ann, "DELETE", f"/v1/blocks/{AccountId('1')}") == 204


async def test_ack_is_an_ack(crowd: Crowd) -> None:
    """A block by the one who writes does not keep it from writing."""
    ann, ben = await crowd.people("ann", "ben")
    assert await ask(ann, "PUT", f"/v1/blocks/{ben.account}") == 204
    assert isinstance(await ann.ask(Send(ClientId("a"), Text("hello"), to=ben.account)), Ack)
