"""What devices find on the server to which their installation has moved: as if that had only been away for a while."""

from collections.abc import Sequence
from functools import partial

from prove.process import ServerProcess
from tests.support.device import Device
from tests.support.places import Sockets

from chinwag.domain.ids import ClientId
from chinwag.wire.frames import Ack, Send
from chinwag.wire.values import Message, Text


async def goes_on(after: ServerProcess, sender: Device, others: Sequence[Device], sent: Send, missed: Ack) -> None:
    """`sent` came to its place, `missed`, before the move: it has it still, also for a device among `others` that was
    away then, and for a sender that has not got the answer. What is sent now comes to everybody, once.

    The last of `others` is the one that was away; all are in one conversation with the sender.
    """
    everyone = (sender, *others)
    for device in everyone:
        device.place = Sockets(after)
        await device.connect()
        assert device.online
        assert device.resets == []
    await others[-1].until(partial(has, others[-1], missed.number), "the missed message")
    again = await sender.ask(sent)
    assert isinstance(again, Ack)
    assert (again.number, again.sent_at) == (missed.number, missed.sent_at)
    new = await sender.ask(Send(ClientId("new"), Text("new"), conversation=missed.conversation))
    assert isinstance(new, Ack)
    assert new.number == missed.number + 1
    for device in everyone:
        await device.until(partial(has, device, new.number), "the new message")
        assert device.gaps == []
        assert _numbers(device).count(new.number) == 1


def has(device: Device, number: int) -> bool:
    """Whether that message came to a device while it was connected."""
    return number in _numbers(device)


def _numbers(device: Device) -> list[int]:
    return [one.event.number for one in device.seen if isinstance(one.event, Message)]
