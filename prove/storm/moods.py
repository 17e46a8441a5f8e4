"""How each device behaves over time, by its character. All ends when the world is over."""

import asyncio

from prove.facts import Acked, Refused, Retry, Reused
from prove.protocol.requests import answer_to, request_of
from prove.storm.device import Device
from prove.storm.http_connection import Answer
from prove.storm.lanes import Flight, Frame
from prove.storm.links import Link, SocketLink
from prove.storm.plan import TRANSPORTS, Character

from chinwag.wire.frames import Ack, Error, ServerFrame, Welcome
from chinwag.wire.values import ClientId, ConversationId

TWICE: int = 29
"""Of so many sends of a device one is written twice at once."""
ONCE_SECONDS: float = 20.0
UNAUTHORIZED: int = 401
SHORT: tuple[float, float] = (1.0, 6.0)
LONG: tuple[float, float] = (20.0, 60.0)
"""Seconds that a sleeper is away; one time in ten for long."""
BEAT_SECONDS: float = 2.0


async def live(device: Device) -> None:
    """Be as the plan says."""
    match device.plan.character:
        case Character.STEADY:
            device.outbox.twice = TWICE
        case Character.BURSTY:
            await _in_bursts(device)
        case Character.SLOW:
            await _slowly(device)
        case Character.SLEEPER:
            await _asleep(device)
        case Character.ROVER:
            await _roving(device)
        case Character.REPEATER:
            await _repeating(device)


async def beat(devices: list[Device]) -> None:
    """Show that everybody is there, for as long as the run lasts."""
    while True:
        await asyncio.sleep(BEAT_SECONDS)
        for device in devices:
            device.beat()


async def _after(device: Device, least: float, most: float) -> bool:
    """Let a while go by; whether the storm still blows."""
    await asyncio.sleep(device.world.draw.uniform(least, most))
    return not device.world.over


async def _in_bursts(device: Device) -> None:
    world, outbox = device.world, device.outbox
    outbox.flowing = False
    while await _after(device, 0.2, 1.0):
        if device.unanswered < device.plan.window:
            outbox.burst(world.draw.randint(device.plan.window // 2, 2 * device.plan.window))


async def _slowly(device: Device) -> None:
    while await _after(device, 0.5, 2.0):
        device.stall()
        await _after(device, 0.5, 2.5)
        device.resume()


async def _asleep(device: Device) -> None:
    world = device.world
    while await _after(device, 2.0, 5.0):
        device.away()
        if await _after(device, *(LONG if world.draw.random() < 0.1 else SHORT)):
            device.back()


async def _roving(device: Device) -> None:
    world = device.world
    ways, weights = zip(*TRANSPORTS, strict=True)
    while await _after(device, 0.5, 3.0):
        device.transport = world.draw.choices(ways, weights)[0]
        # A device that is not in yet is left alone, or on a slow machine it never would be.
        if device.online:
            device.cut()


async def _repeating(device: Device) -> None:
    world, done, never = device.world, device.outbox.done, device.outbox.never
    while await _after(device, 0.1, 0.4):
        if world.hushed:
            continue
        if never and world.draw.randrange(4) == 0:
            await by_request(device, *world.draw.choice(never))
        if not done:
            continue
        conversation, flight = world.draw.choice(done)
        way = world.draw.randrange(5)
        if way == 0:
            device.outbox.again(conversation, flight)
        elif way == 1:
            await _by_another_socket(device, conversation, flight)
        elif way == 2:
            await _something_else(device, conversation, flight)
        else:
            await by_request(device, conversation, flight)


async def _something_else(device: Device, conversation: ConversationId, flight: Flight) -> None:
    """Ask for something else under an id that was acked, as a request of its own."""
    world = device.world
    answer = await _asked(device, flight.something_else(conversation))
    if answer is None or answer.status == UNAUTHORIZED:
        return
    frame = answer_to(ClientId(flight.id), answer.status, answer.body)
    code, retryable = (frame.code, frame.retryable) if isinstance(frame, Error) else ("", False)
    world.write(Reused(device.id, conversation, flight.id, code, retryable, world.now()))


async def _asked(device: Device, frame: Frame) -> Answer | None:
    """The answer to a request that says what the frame says."""
    request = request_of(frame)
    return await device.world.asking.ask(request.method, request.path, device.token, body=request.body, key=request.key)


async def by_request(device: Device, conversation: ConversationId, flight: Flight) -> int | None:
    """Send again what has its answer, as a request of its own: its number, 0 for a refusal, None if none came."""
    _begin(device, conversation, flight)
    answer = await _asked(device, flight.frame(conversation))
    if answer is None:
        return None
    frame = answer_to(ClientId(flight.id), answer.status, answer.body)
    note(device, conversation, flight, frame)
    if isinstance(frame, Ack):
        return frame.number
    # A device that is refused at the door, as it was revoked a moment ago, learns nothing of the send.
    return None if frame.retryable or answer.status == UNAUTHORIZED else 0


def _begin(device: Device, conversation: ConversationId, flight: Flight) -> None:
    """Note that a send goes out again outside of the device's session, so that it gets an answer in the end."""
    world = device.world
    device.outbox.repeats[flight.id] = (conversation, flight)
    world.write(Retry(device.id, conversation, flight.id, 0, world.now(), ""))
    world.tally.retries += 1


def note(device: Device, conversation: ConversationId, flight: Flight, frame: Ack | Error) -> None:
    """Write down an answer that came outside of the device's session."""
    world = device.world
    if isinstance(frame, Ack) or not frame.retryable:
        device.outbox.repeats.pop(flight.id, None)
    else:
        # Another try of it may have had its answer before.
        device.outbox.repeats[flight.id] = (conversation, flight)
    if isinstance(frame, Ack):
        world.tally.answers += 1
        world.write(Acked(device.id, frame.conversation, frame.id, frame.number, frame.sent_at, 0, world.now()))
    else:
        world.write(Refused(device.id, conversation, frame.id or "", frame.code, frame.retryable, world.now()))


class _Once:
    """A second session of a device, for one send."""

    def __init__(self, device: Device, conversation: ConversationId, flight: Flight) -> None:
        self.token = device.token
        self.over = asyncio.Event()
        self._device = device
        self._conversation = conversation
        self._flight = flight

    def frame(self, link: Link, frame: ServerFrame) -> None:
        """Send when welcome; be over when answered. Events are the first session's."""
        if isinstance(frame, Welcome):
            _begin(self._device, self._conversation, self._flight)
            link.send(self._flight.frame(self._conversation))
        elif isinstance(frame, Ack | Error) and frame.id == self._flight.id:
            note(self._device, self._conversation, self._flight, frame)
            link.cut()

    def ended(self, link: Link) -> None:
        """It is gone."""
        self.over.set()


async def _by_another_socket(device: Device, conversation: ConversationId, flight: Flight) -> None:
    once = _Once(device, conversation, flight)
    try:
        link = await SocketLink.open(device.world.url, once, None, small=False)
    except Exception:
        # Killed meanwhile: the send is acked, so nothing hangs on this.
        return
    try:
        async with asyncio.timeout(ONCE_SECONDS):
            await once.over.wait()
    except TimeoutError:
        link.cut()
