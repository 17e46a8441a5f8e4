"""The search for people on a real server that anybody may sign up at."""

from tests.support.device import Device
from tests.support.people import Crowd

from chinwag.domain.body import Text
from chinwag.domain.ids import ClientId
from chinwag.wire.frames import Ack, Send


async def found(one: Device, search: str) -> list[str]:
    answer = await one.place.request("GET", f"/v1/users?search={search}", token=one.token)
    assert answer.status_code == 200, answer.text
    return [user["id"] for user in answer.json()["items"]]


async def test_it_shows_friends_and_whom_one_has_met_and_nobody_else(crowd: Crowd) -> None:
    ann, ben, bea, bob = await crowd.people("ann", "ben", "bea", "bob")
    assert isinstance(await ben.ask(Send(ClientId("first"), Text("hello"), to=ann.account)), Ack)
    for method, one, other in (("PUT", ann, bea), ("PUT", bea, ann)):
        await one.place.request(method, f"/v1/friends/{other.account}", token=one.token)
    await ann.reach_head()
    assert await found(ann, "be") == [bea.account, ben.account]
    assert await found(ann, "bob") == []
    assert (await bob.place.request("GET", "/v1/users?search=b", token=bob.token)).json()["code"] == "bad_request"
    assert await found(bob, "be") == []
