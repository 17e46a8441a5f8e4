"""Devices under load on a server that is killed: each has several sends in flight, and retries until all are acked."""

import asyncio
from collections.abc import Sequence

from prove.facts import AnyFact, Quiet
from tests.support.device import PATIENCE, Device
from tests.support.ending import note_account
from tests.support.held import Loaded, load
from tests.support.notes import now

from chinwag.domain.ids import ClientId
from chinwag.wire.frames import Ack, Send
from chinwag.wire.values import ConversationId, Text

IN_FLIGHT = 8


class Storm:
    """Senders on one server process, whose devices keep one record together. `finish` gives it, complete."""

    def __init__(self, devices: Sequence[Device], messages: int) -> None:
        self.devices = list(devices)
        self.messages = messages
        self.acked = 0
        self._progress = asyncio.Condition()
        self._up = asyncio.Event()
        self._up.set()

    def server_down(self) -> None:
        """The server is about to be killed: nobody connects until `server_up`."""
        self._up.clear()

    def server_up(self) -> None:
        """The server is there again."""
        self._up.set()

    async def acks(self, count: int) -> None:
        """Wait until `count` sends were acked in all."""
        async with self._progress:
            await self._progress.wait_for(lambda: self.acked >= count)

    async def send_all(self, conversations: Sequence[Sequence[ConversationId]]) -> None:
        """Each device sends `messages` to each of its conversations, whatever happens to the server."""
        async with asyncio.TaskGroup() as tasks:
            for device, places in zip(self.devices, conversations, strict=True):
                tasks.create_task(self._device(device, places))

    async def finish(self) -> list[AnyFact]:
        """Everybody catches up; the record of it all."""
        notes = self.devices[0].notes
        loads: dict[str, tuple[Device, Loaded]] = {}
        for device in self.devices:
            if not device.online:
                await device.connect()
            loads.setdefault(device.account, (device, await self._at_rest(device)))
        notes.write(Quiet(tuple(device.id for device in self.devices), now()))
        for device, loaded in loads.values():
            await note_account(device, loaded, notes.write)
        return notes.facts

    async def _at_rest(self, device: Device) -> Loaded:
        """Everything afresh, at the very position that the device has reached: marks may still be coming in."""
        async with asyncio.timeout(PATIENCE):
            while True:
                loaded = await load(device.place, device.account, device.token)
                await device.reach_head()
                if loaded.stable and device.position == loaded.cursor.position:
                    return loaded

    async def _device(self, device: Device, places: Sequence[ConversationId]) -> None:
        """All lanes of one device, over one connection at a time."""
        lanes = [_Lane(self, device, place) for place in places]
        while not all(lane.done for lane in lanes):
            await self._up.wait()
            try:
                await device.connect()
            except OSError:
                # Killed between the two lines above: the port is not there.
                await asyncio.sleep(0)
                continue
            if device.welcome is None:
                continue
            for lane in lanes:
                lane.reconnected()
            while not all(lane.done for lane in lanes):
                for lane in lanes:
                    lane.pump()
                await device.until(lambda: not device.online or any(lane.answered for lane in lanes), "answers")
                for lane in lanes:
                    lane.take()
                async with self._progress:
                    self._progress.notify_all()
                if not device.online:
                    break


class _Lane:
    """One device's sends in one conversation, in order, each naming the one before while that has no answer."""

    def __init__(self, storm: Storm, device: Device, conversation: ConversationId) -> None:
        self._storm = storm
        self._device = device
        self._conversation = conversation
        self._tag = conversation[-6:]
        self._next = 0
        self._flying: list[str] = []
        self._taken: dict[str, int] = {}

    @property
    def done(self) -> bool:
        """Whether everything is acked."""
        return self._next == self._storm.messages and not self._flying

    @property
    def answered(self) -> bool:
        """Whether an answer has come that was not taken yet."""
        return any(len(self._device.answers.get(name, [])) > self._taken.get(name, 0) for name in self._flying)

    def pump(self) -> None:
        """Send on, up to `IN_FLIGHT`."""
        while len(self._flying) < IN_FLIGHT and self._next < self._storm.messages:
            name = f"{self._tag}-{self._next}"
            self._next += 1
            self._flying.append(name)
            self._write(name)

    def take(self) -> None:
        """Take the answers: acks end a send, refusals make it and all after it go again."""
        again = False
        for name in list(self._flying):
            answers = self._device.answers.get(name, [])
            for answer in answers[self._taken.get(name, 0) :]:
                if isinstance(answer, Ack):
                    if name in self._flying:
                        self._flying.remove(name)
                        self._storm.acked += 1
                else:
                    assert answer.retryable, answer
                    again = True
            self._taken[name] = len(answers)
        if again:
            self.reconnected()

    def reconnected(self) -> None:
        """Send all again that has no ack, in order."""
        for name in self._flying:
            self._write(name)

    def _write(self, name: str) -> None:
        before = self._flying.index(name) - 1
        after = ClientId(self._flying[before]) if before >= 0 else None
        body = Text(f"text {name}")
        self._device.send(Send(ClientId(name), body, self._conversation, after=after))
