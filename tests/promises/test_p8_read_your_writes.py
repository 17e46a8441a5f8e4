"""P8: what was acked is in history, in the inbox and found by its send key at once."""

from tests.support.device import texts
from tests.support.people import Crowd

from chinwag.domain.ids import ClientId
from chinwag.wire.frames import Ack, Send
from chinwag.wire.values import Text


async def test_an_acked_message_is_everywhere_at_once(crowd: Crowd) -> None:
    anna, berta = await crowd.people("anna", "berta")
    for count in range(1, 31):
        name = ClientId(f"m{count}")
        frame = Send(name, Text(f"text {count}"), to=berta.account)
        ack = await anna.ask(frame)
        assert isinstance(ack, Ack)
        for reader in (anna, berta):
            path = f"/v1/conversations/{ack.conversation}"
            page = await reader.place.request("GET", f"{path}/messages?limit=1", token=reader.token)
            assert [event["id"] for event in page.json()["events"]] == [name]
            view = await reader.place.request("GET", path, token=reader.token)
            assert (view.json()["head"], view.json()["last"]["id"]) == (count, name)
        # The inbox's head is asked for after the ack, so it must hold the message.
        await berta.reach_head()
        assert texts(berta)[-1:] == [f"text {count}"]
        assert await anna.ask(frame) == ack
