"""Where a script is played: people, their devices, the groups they make, and the record of it all."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import httpx2
import msgspec
from prove.facts import AnyFact, ChangeTried, Quiet, Refused, State
from prove.verdict import judge
from tests.conversations.notation import Script
from tests.support.device import PATIENCE, Device, texts
from tests.support.ending import note_account
from tests.support.held import Loaded, conversations, load
from tests.support.notes import Notes, now, text
from tests.support.people import log_in_device, sign_up
from tests.support.places import Place

from chinwag.assembly import Server
from chinwag.client.comparable import Comparable
from chinwag.client.events import Unknown
from chinwag.wire.conversations import Placed
from chinwag.wire.frames import Ack, Change, ClientFrame, Error
from chinwag.wire.values import ConversationId, Event, GroupAction, direct_id

Acts = dict[str, Callable[..., Awaitable[None]]]
REVOKED: Final = "revoked"


class Stage:
    """One script's people on one server. Every name is theirs alone, so that scripts may share the server."""

    def __init__(self, place: Place, server: Server | None = None) -> None:
        """server: the one that `place` leads to, if it is at hand."""
        self.place = place
        self.server = server
        self.notes = Notes()
        self.accounts: dict[str, str] = {}
        self.names: dict[str, str] = {}
        self.devices: dict[str, Device] = {}
        self.gone: set[str] = set()
        self.groups: dict[str, ConversationId] = {}
        self.sent: dict[tuple[str, str], ClientFrame] = {}
        self.forbidden: list[tuple[str, str]] = []
        self.looked: dict[str, int] = {}
        self._count = 0

    async def play(self, script: Script, acts: Acts) -> None:
        """All steps that are said here, then the laws. Raises AssertionError that names the line."""
        for step in script.said(self.place.name):
            try:
                await acts[step.act](self, refused=step.refused, **step.parts)
            except Exception as failure:
                raise AssertionError(f"{script.name}:{step.line}: {step.sentence}\n{failure}") from failure
        await self.check_laws()

    async def close(self) -> None:
        """Everybody goes home."""
        for device in self.devices.values():
            await device.close()

    # People and places

    async def person(self, name: str) -> None:
        """An account with its first device, which has loaded and is not connected."""
        self.names[name] = f"{name}-{secrets.token_hex(4)}"
        self.accounts[name] = await sign_up(self.place, self.names[name])
        await self.log_in(name, name)

    async def log_in(self, name: str, key: str) -> Device:
        """A device of `name`, to be called `key`."""
        device = await log_in_device(self.place, self.names[name], notes=self.notes)
        device.name = key
        self.devices[key] = device
        self.looked[key] = 0
        return device

    def conversation(self, who: str, place: str) -> ConversationId:
        """A group by its name, or the direct conversation with a person."""
        if place in self.groups:
            return self.groups[place]
        if place in self.accounts:
            device = self.devices[who]
            return direct_id(device.account, type(device.account)(self.accounts[place]))
        raise AssertionError(f"nobody and nothing is called {place}")

    def new_id(self, label: str | None) -> str:
        """A client id: the label, or one that is new."""
        self._count += 1
        return label or f"s{self._count}"

    # Doing

    async def change(self, who: str, place: str, action: GroupAction, refused: str | None) -> None:
        """Have a group changed."""
        name = self.new_id(None)
        conversation = self.conversation(who, place)
        answer = await self.devices[who].ask(Change(name, conversation, action))  # type: ignore[arg-type]
        self.judge(answer, refused)

    async def http(
        self,
        who: str,
        method: str,
        path: str,
        json: object = None,
        *,
        refused: str | None = None,
        key: str | None = None,
    ) -> httpx2.Response:
        """One request of a device, refused if it must be."""

        async def ask() -> httpx2.Response:
            return await self.place.request(method, path, token=self.devices[who].token, json=json, key=key)

        answer = await ask()
        if refused == REVOKED and method == "GET" and self.place.several:
            # it may come to a process that has not heard of that yet
            async with asyncio.timeout(PATIENCE):
                while answer.is_success:
                    answer = await ask()
        if refused is not None:
            assert answer.status_code >= 400, f"it was not refused: {answer.status_code} {answer.text}"
            assert answer.json()["code"] == refused, answer.text
        else:
            assert answer.status_code < 300, answer.text
        return answer

    def judge(self, answer: Ack | Error, refused: str | None) -> None:
        """Whether an answer is as the script says."""
        code = answer.code if isinstance(answer, Error) else None
        assert code == refused, f"expected {refused or 'an ack'}, got {answer}"

    def acked(self, who: str, name: str, answer: Placed) -> None:
        """Note an answer over HTTP to what was sent before."""
        self.notes.acked(self.devices[who].id, answer.conversation, name, answer.number, answer.sent_at)

    async def create(self, who: str, body: Mapping[str, Any], refused: str | None) -> ConversationId | None:
        """Have a group made over HTTP, as clients do; its name, if it was."""
        device, name = self.devices[who], self.new_id(None)
        subjects = (device.account, *body["members"])
        self.notes.write(ChangeTried(device.id, device.account, "", name, "created", subjects, now()))
        answer = await self.http(who, "POST", "/v1/conversations", dict(body), refused=refused, key=name)
        if refused is not None:
            self.notes.write(Refused(device.id, "", name, refused, False, now()))
            return None
        placed = msgspec.json.decode(answer.content, type=Placed)
        self.acked(who, name, placed)
        return placed.conversation

    # Seeing

    async def sees(self, who: str, what: str, matches: Callable[[Event | Unknown], bool]) -> Event | Unknown:
        """Wait for an event of a conversation after the one last looked at: the order of a script counts."""
        device = self.devices[who]

        def index() -> int | None:
            found = range(self.looked[who], len(device.seen))
            return next((at for at in found if matches(device.seen[at].event)), None)

        await device.until(lambda: index() is not None, what)
        at = index()
        assert at is not None
        self.looked[who] = at + 1
        return device.seen[at].event

    async def hears(self, who: str, what: str, matches: Callable[[Any], bool]) -> None:
        """Wait for a mark or a signal, whenever it came."""
        device = self.devices[who]
        await device.until(
            lambda: any(matches(one.event) for one in device.seen) or any(map(matches, device.signals)), what
        )

    # The laws

    async def check_laws(self) -> None:
        """Everybody comes back and catches up; then nothing may be broken, and what is kept equals what is loaded."""
        here = {key: device for key, device in self.devices.items() if key not in self.gone}
        for key, device in here.items():
            if not device.online:
                await device.connect()
            await device.reach_head()
            await device.catch_up_all()
            assert device.gaps == [], f"{key}: {device.gaps}"
        ending: list[AnyFact] = []
        loads: dict[str, tuple[Device, Loaded]] = {}
        for key, device in here.items():
            loaded = await self.resume_equals_cold_load(key, device)
            loads.setdefault(device.account, (device, loaded))
            kept, fresh = (conversations(held, loaded.own_numbers()) for held in (device.held, loaded.held))
            for name in kept.keys() | fresh.keys():
                states = text(kept.get(name)), text(fresh.get(name))
                ending.append(State(device.id, name, device.position, *states))
        ending.append(Quiet(tuple(device.id for device in here.values()), now()))
        for device, loaded in loads.values():
            await note_account(device, loaded, ending.append)
        verdict = judge([*self.notes.facts, *ending])
        assert verdict.holds, "\n".join(verdict.lines())
        for who, words in self.forbidden:
            assert words not in texts(self.devices[who]), f"{who} saw {words!r}\n{self.devices[who].transcript()}"

    async def resume_equals_cold_load(self, key: str, device: Device) -> Loaded:
        """P11. Conversations must agree at any moment; account changes once their events have arrived."""
        deadline = time.monotonic() + PATIENCE
        while True:
            loaded = await load(self.place, device.account, device.token)
            await device.reach_head()
            await device.catch_up_all()
            if loaded.stable and device.position == loaded.cursor.position:
                own = loaded.own_numbers()
                kept, fresh = conversations(device.held, own), conversations(loaded.held, own)
                assert kept == fresh, f"P11, {key}: kept and loaded differ\n{_difference(kept, fresh)}"
                if device.held.own == loaded.held.own:
                    return loaded
            assert time.monotonic() < deadline, (
                f"P11, {key}: kept {device.held.own}, loaded {loaded.held.own}; stable: {loaded.stable}, "
                f"{device.position} of {loaded.cursor}"
            )
            await asyncio.sleep(0)


def _difference(kept: Mapping[ConversationId, Comparable], fresh: Mapping[ConversationId, Comparable]) -> str:
    lines = []
    for name in kept.keys() | fresh.keys():
        one, other = kept.get(name), fresh.get(name)
        if one is None or other is None:
            lines.append(f"{name}: kept {one}, loaded {other}")
            continue
        for field in one.__struct_fields__:
            if getattr(one, field) != getattr(other, field):
                lines.append(f"{name}.{field}: kept {getattr(one, field)}, loaded {getattr(other, field)}")
    return "\n".join(lines)
