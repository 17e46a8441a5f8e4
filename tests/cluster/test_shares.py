"""A process of several grants its share of what `limits` says; what is counted in the database they grant together."""

import asyncio

from tests.support.clusters import Cluster
from tests.support.people import begin_group, log_in_device, sign_up
from tests.support.places import Sockets
from tests.support.serving import serving

from chinwag.domain.ids import AccountId, ClientId
from chinwag.wire.frames import Ack, Error, Send
from chinwag.wire.values import Text

BURST = 6
SLOWLY = "0.1"


async def test_a_node_of_two_lets_half_as_many_sends_through_at_once(cluster: Cluster) -> None:
    await cluster.init()
    flags = ("--cluster-nodes", "2", "--limits-sends-burst", str(BURST), "--limits-sends-per-second", SLOWLY)
    async with serving(cluster, "server", *flags) as process:
        place = Sockets(process)
        anna, berta = [await sign_up(place, name) for name in ("anna", "berta")]
        device = await log_in_device(place, "anna")
        await device.connect()
        said = [
            await device.ask(Send(ClientId(f"m{number}"), Text("hello"), to=AccountId(berta)))
            for number in range(BURST // 2 + 1)
        ]
        assert all(isinstance(one, Ack) for one in said[:-1]), (anna, said)
        refused = said[-1]
        assert isinstance(refused, Error)
        assert refused.code == "rate_limited"
        await device.close()
        await place.close()


async def test_two_processes_have_one_budget_for_searches_and_additions(cluster: Cluster) -> None:
    await cluster.init()
    flags = ["--cluster-nodes", "2", "--accounts-people-search", "everyone"]
    limits = {"adding": ("4", "0.0001"), "searches": (str(BURST), "0.01")}
    for name, (burst, per_second) in limits.items():
        flags += [f"--limits-{name}-burst", burst, f"--limits-{name}-per-second", per_second]
    async with serving(cluster, "one", *flags) as one, serving(cluster, "other", *flags) as other:
        places = [Sockets(one), Sockets(other)]
        for name in ("anna", "berta", "carla"):
            await sign_up(places[0], name)
        anna, berta, carla = [await log_in_device(places[0], name) for name in ("anna", "berta", "carla")]

        async def searched(turn: int) -> int:
            path = "/v1/users?search=berta"
            return (await places[turn % 2].request("GET", path, token=anna.token)).status_code

        # All at once on both: together they grant what one would.
        answers = await asyncio.gather(*(searched(turn) for turn in range(BURST * 2)))
        assert sorted(answers) == [200] * BURST + [429] * BURST

        await begin_group(anna, berta, carla)
        anna.place = places[1]
        await begin_group(anna, berta, carla)
        for place in places:
            body = {"title": "more", "members": [berta.account]}
            refused = await place.request("POST", "/v1/conversations", token=anna.token, json=body)
            assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
        for place in places:
            await place.close()
