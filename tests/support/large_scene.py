"""A server in this process with a group that can be made large and small, and people who speak the bare protocol."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx2
import msgspec
from argon2 import PasswordHasher
from prove.protocol.hearing import EventStream
from tests.support.link import SocketLink
from tests.support.people import PASSWORD, asked, sign_up
from tests.support.places import AtHand, Sockets
from tests.support.quick_server import CHEAP
from tests.support.server_commands import ServerCommands

from chinwag.assembly import Server, open_server
from chinwag.config import Config, Limits, sections
from chinwag.domain.command import Action, Deliver, Rules
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId
from chinwag.ports.bus import Answer
from chinwag.wire.codec import decode_server, encode
from chinwag.wire.frames import Bye, ClientFrame, Event, Feed, Hello, Ping, Pong, ServerFrame, Welcome

PATIENCE: Final = 60.0
"""Seconds that anything here may take. Nothing is decided by it."""
WIDE_ABOVE: Final = 2
"""Members above which a group here is wide."""
RULES: Final = Rules(large_group_members=100, wide_above=WIDE_ABOVE, large_above=1000)


class Heard:
    """Frames as they came, whatever carried them."""

    def __init__(self) -> None:
        self.frames: list[ServerFrame] = []
        self._changed = asyncio.Event()

    def take(self, frame: ServerFrame) -> None:
        self.frames.append(frame)
        self._changed.set()

    def of(self, kind: type[Any]) -> list[Any]:
        return [frame for frame in self.frames if type(frame) is kind]

    async def until(self, true: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not true():
                self._changed.clear()
                await self._changed.wait()

    async def some(self, kind: type[Any], count: int = 1) -> list[Any]:
        """The frames of that kind, as soon as there are so many."""
        await self.until(lambda: len(self.of(kind)) >= count)
        return self.of(kind)

    @property
    def fed(self) -> list[int]:
        """The numbers that a feed gave."""
        return [msgspec.json.decode(frame.event)["number"] for frame in self.of(Feed)]

    @property
    def posted(self) -> list[int]:
        """The numbers that came by the inbox."""
        events = [msgspec.json.decode(frame.event) for frame in self.of(Event)]
        return [event["number"] for event in events if "number" in event]


class Talk(Heard):
    """A session over a socket."""

    link: SocketLink

    def say(self, frame: ClientFrame) -> None:
        self.link.send(encode(frame))

    async def answered(self, true: Callable[[], object] = lambda: True) -> None:
        """Everything said so far was looked at, and what it led to is `true`."""
        async with asyncio.timeout(PATIENCE):
            while True:
                count = len(self.of(Pong))
                self.say(Ping())
                await self.some(Pong, count + 1)
                if true():
                    return


class Someone:
    """An account with one device."""

    def __init__(self, scene: "Scene", given: Any) -> None:
        self._scene = scene
        self.account = AccountId(given["account"]["id"])
        self.device = DeviceId(given["device"])
        self.token: str = given["access_token"]

    async def get(self, path: str, status: int = 200) -> Any:
        answer = await self._scene.place.request("GET", f"/v1{path}", token=self.token)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def post(self, path: str, body: object) -> Any:
        key = secrets.token_hex(8)
        while True:
            answer = await self._scene.place.request("POST", f"/v1{path}", token=self.token, json=body, key=key)
            if answer.status_code != 429 or answer.json()["code"] != "slow_down":
                break
            await asyncio.sleep(answer.json()["retry_after"])  # as a client does, so often as a large group asks for it
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    async def edit(self, group: ConversationId, number: int, text: str) -> None:
        """Give one's own message another text."""
        body, key = {"body": {"type": "text", "text": text}}, secrets.token_hex(8)
        path = f"/v1/conversations/{group}/messages/{number}"
        answer = await self._scene.place.request("PUT", path, token=self.token, json=body, key=key)
        assert answer.status_code < 300, answer.text

    async def put(self, path: str) -> None:
        answer = await self._scene.place.request("PUT", f"/v1{path}", token=self.token, key=secrets.token_hex(8))
        assert answer.status_code < 300, answer.text

    async def change(self, group: ConversationId, **change: object) -> int:
        return int((await self.post(f"/conversations/{group}/changes", {"change": change}))["number"])

    async def send(self, group: ConversationId, *texts: str) -> int:
        """Send these; the number of the last."""
        number = 0
        for text in texts:
            body = {"body": {"type": "text", "text": text}}
            number = int((await self.post(f"/conversations/{group}/messages", body))["number"])
        return number

    async def talk(self, *features: str, cursor: str | None = None) -> Talk:
        """A session over a socket, which is welcome."""
        talk = Talk()
        url = self._scene.place.process.url
        talk.link = await SocketLink.open(url, lambda payload: talk.take(decode_server(payload)))
        self._scene.links.append(talk.link)
        talk.say(Hello(token=self.token, cursor=cursor, features=features))
        await talk.some(Welcome)
        return talk

    @asynccontextmanager
    async def stream(self, query: str = "") -> AsyncIterator[Heard]:
        """A stream of server-sent events, which has begun."""
        heard, lines = Heard(), EventStream()
        url = f"{self._scene.place.process.url}/v1/events{query}"
        headers = {"authorization": f"Bearer {self.token}"}
        async with (
            httpx2.AsyncClient(timeout=PATIENCE) as client,
            client.stream("GET", url, headers=headers) as answer,
        ):
            assert answer.status_code == 200

            async def listen() -> None:
                async for chunk in answer.aiter_raw():
                    for frame in lines.feed(chunk):
                        heard.take(frame)

            listening = asyncio.create_task(listen())
            try:
                await heard.until(lambda: heard.of(Welcome) or heard.of(Bye))
                yield heard
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)


class Scene:
    """The server and its people."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.place = Sockets(AtHand(server))
        self.links: list[SocketLink] = []
        self._commands = ServerCommands(server, RULES)
        self._count = 0

    async def person(self, name: str) -> Someone:
        """An account with a device."""
        name = f"{name}-{secrets.token_hex(4)}"
        await sign_up(self.place, name)
        body = {"name": name, "password": PASSWORD, "device": "one"}
        answer = await asked(self.place, "POST", "/v1/sessions", json=body)
        assert answer.status_code == 201, answer.text
        return Someone(self, answer.json())

    async def group(self, owner: Someone, *others: Someone) -> ConversationId:
        """An open group that all of them are in; with three it is wide, and not large yet."""
        body = {"title": "Tea", "settings": {"join": "open", "large": True}}
        group = ConversationId((await owner.post("/conversations", body))["conversation"])
        for other in others:
            await other.change(group, type="join")
        await self.server.legs.large.old.own.job.step()  # what the server does every ten seconds
        return group

    async def turn(self, group: ConversationId, by: Someone, large: bool) -> int:
        """Have it delivered so from now on; the number of the notice."""
        return (await self.place_for_server(group, by.account, Deliver(large))).number

    async def place_for_server(self, group: ConversationId, account: AccountId, action: Action) -> Answer:
        """Have a command of the server's own placed."""
        self._count += 1
        answer = await self._commands.place(group, account, ClientId(f"switch-{self._count}"), action)
        assert answer.refused is None, answer
        return answer

    async def close(self) -> None:
        self._commands.close()
        for link in self.links:
            link.cut()
        await self.place.close()


@asynccontextmanager
async def large_scene(folder: Path, group_members: int = 100, large_group_members: int = 100) -> AsyncIterator[Scene]:
    """A server whose groups of three are wide, and large when the server says so."""
    config = Config(
        data=sections.Data(path=folder / "data"),
        server=sections.Server(port=0),
        observe=sections.Observe(port=0),
        limits=Limits(
            polls_per_second=1000,
            polls_burst=10000,
            group_members=group_members,
            large_group_members=large_group_members,
            wide_above=WIDE_ABOVE,
        ),
    )
    server = await open_server(config)
    server.legs.accounts.passwords._hasher = PasswordHasher(**CHEAP.keywords)  # only the cost of hashing differs
    try:
        await server.start()
        scene = Scene(server)
        try:
            yield scene
        finally:
            await scene.close()
    finally:
        await server.stop()
