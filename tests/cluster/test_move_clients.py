"""A client of a server on a data folder goes on after the move as if that server had only been away for a while."""

from functools import partial

import pytest
from prove.process import DidNotStartError, ServerProcess
from tests.support.clusters import Cluster
from tests.support.device import Device
from tests.support.people import Crowd
from tests.support.places import Sockets

from chinwag.domain.ids import ClientId
from chinwag.wire.frames import Ack, Send
from chinwag.wire.values import Message, Text


def _numbers(device: Device) -> list[int]:
    """The messages that came to a device while it was connected."""
    return [one.event.number for one in device.seen if isinstance(one.event, Message)]


def _has(device: Device, number: int) -> bool:
    return number in _numbers(device)


async def test_a_client_goes_on_with_its_cursor_and_its_log_in(cluster: Cluster) -> None:
    embedded = ServerProcess(cluster.data)
    crowd = Crowd(embedded)
    after = ServerProcess(cluster.data, environment=cluster.environment)
    try:
        await embedded.start()
        anna, ben = await crowd.people("anna", "ben")
        away = await crowd.another(ben)
        first = await anna.ask(Send(ClientId("one"), Text("one"), to=ben.account))
        assert isinstance(first, Ack)
        await away.disconnect()
        missed = await anna.ask(Send(ClientId("two"), Text("two"), to=ben.account))
        assert isinstance(missed, Ack)
        assert await embedded.stop() == 0

        await cluster.init()
        moved = await cluster.run("move")
        assert moved.returncode == 0, moved.stderr.decode()
        assert b"moved to 127.0.0.1:" in moved.stdout
        assert b"comparing inbox" in moved.stderr
        with pytest.raises(DidNotStartError, match="chinwag move --back anyway"):
            await embedded.start()

        await after.start()
        for device in (anna, ben, away):
            device.place = Sockets(after)
            await device.connect()
            assert device.online
            assert device.resets == []
        # What was sent while a device was away, and a send whose answer a client has not got.
        await away.until(lambda: missed.number in _numbers(away), "the missed message")
        again = await anna.ask(Send(ClientId("two"), Text("two"), to=ben.account))
        assert isinstance(again, Ack)
        assert (again.number, again.sent_at) == (missed.number, missed.sent_at)
        new = await anna.ask(Send(ClientId("three"), Text("three"), to=ben.account))
        assert isinstance(new, Ack)
        assert new.number == missed.number + 1
        for device in (anna, ben, away):
            await device.until(partial(_has, device, new.number), "the new message")
            assert device.gaps == []
            assert _numbers(device).count(new.number) == 1
        assert await after.stop() == 0
    finally:
        await crowd.leave()
        embedded.end()
        after.end()
