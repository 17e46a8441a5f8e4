"""A process of several grants its share of what `limits` says."""

from tests.support.clusters import Cluster
from tests.support.people import log_in_device, sign_up
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
