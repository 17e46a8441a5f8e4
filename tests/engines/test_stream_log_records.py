"""What stands in a stream and cannot be read, or only by a newer version."""

import msgspec
from tests.engines.stream_world import World, submission, until, until_appended

from chinwag.adapters.nats import log_messages as messages
from chinwag.adapters.nats.log_messages import Batch
from chinwag.domain.refusal import Code


def spoilt(ref: int) -> bytes:
    """A submission whose action no version knows."""
    whole = msgspec.msgpack.decode(msgspec.msgpack.encode(submission(ref)))
    whole["command"]["action"] = {"type": "no such"}
    return msgspec.msgpack.encode(whole)


async def test_a_command_that_nobody_can_read_is_set_aside_alone_and_its_sender_told(world: World) -> None:
    owner = await world.process(works=True)
    reading = world.read_by(owner, holes=True)
    world.append(0, 0)
    await reading.until(0)
    await until_appended(world)
    world.sender.log._encode = lambda one: spoilt(one.ref) if one.ref in (2, 4) else msgspec.msgpack.encode(one)
    world.append(1, 5)
    await reading.until(5)
    assert reading.refs == [0, 1, 3, 5]
    assert [record.position.part for record in reading.records] == [0, 0, 2, 4]

    async def told() -> bool:
        return world.lost == [(2, Code.INTERNAL), (4, Code.INTERNAL)]

    await until(told)
    await world.sender.streams.append(0, 1, b"", "no batch")
    await world.sender.streams.append(0, 1, b"\x01\x00\x00\xc1", "neither")
    await world.sender.streams.append(0, 1, messages.encode_batch(9, Batch("0a", 1, [])), "anothers")
    world.append(6, 6)
    await reading.until(6)
    assert owner.log.aside.count_of_all == 5


async def test_a_newer_record_makes_its_worker_leave_the_partition_to_another(world: World) -> None:
    owner = await world.process(works=True)
    given_up: list[int] = []
    owner.log.on_given_up.append(given_up.append)
    reading = world.read_by(owner)
    world.append(0, 0)
    await reading.until(0)
    record = bytearray(messages.encode_batch(0, Batch("0a", 1, [])))
    record[0] = messages.VERSION + 1
    await world.sender.streams.append(0, 1, bytes(record), "newer")

    async def gave_up() -> bool:
        return given_up == [0]

    await until(gave_up)
    world.append(1, 1)
    await until_appended(world)
    assert reading.refs == [0]
