"""People beside the crowd who send each other files and texts, read, delete and forward them, come and go, and have
phones that are away and are pushed to (P1, P10, P12, P13).

Three have a group to themselves. One task asks for one thing after the other and again until it is answered, so at
every look it is known what must come. Only what nobody else does to them goes wrong: that is, all that is done to the
server.
"""

import asyncio
import hashlib
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from prove.facts import (
    Deleted,
    HasRead,
    MediaAsked,
    Membership,
    Pushed,
    PushesWaited,
    Revoked,
    Sent,
    Subscribed,
)
from prove.storm.patient_requests import PAUSE, Requests
from prove.storm.people import Person
from prove.storm.world import World
from tests.support.push_receiver import PushReceiver, Say, Subscription

GROUPS: Final = 4
"""So many do all that there is to do: each makes something else happen while pushes wait."""
PEOPLE: Final = 3
"""Of one group."""
PHONES: Final = 3
"""Of each account, besides the device by which it asks."""
SETTINGS: Final[Mapping[str, str]] = {
    "CHINWAG_PUSH_CONTACT": "mailto:storm@example.org",
    "CHINWAG_PUSH_HOSTS": "127.0.0.1",
    "CHINWAG_PUSH_ALLOW_THIS_MACHINE": "true",
}
"""Variables of a server that may push to this machine."""
REST_SECONDS: Final = 150.0
"""For pushes: three attempts take 100 s."""
CONTENTS: Final = 5
"""Different files of one group: the same is put, deleted, collected and put again."""
HALF: Final = 12
"""After so many things pushes are made to wait."""
LEAST_SECONDS: Final = 45.0
"""How long they go on, however short the storm is: what nobody needs is collected by then, and what is needed not."""
SECOND_SECONDS: Final = 14.0
"""When the second attempt at a push has been made, or left out."""
FAILING: Final = 7
"""Of so many pushes one is not taken at first."""


class Filers:
    """One group. people: of each account in turn the device that asks, then its phones."""

    def __init__(self, world: World, people: list[Person], receiver: PushReceiver, number: int) -> None:
        """number: of this group among all."""
        name = f"files {number}"
        self._world = world
        self._number = number
        self._name = name
        self._draw = random.Random(f"{world.draw.random()} {name}")
        self._accounts = [people[at : at + 1 + PHONES] for at in range(0, len(people), 1 + PHONES)]
        self._receiver = receiver
        self._requests = Requests(world, name)
        self._phones: dict[str, tuple[Person, Subscription, int]] = {}
        """Device, its browser, and how many of its pushes are in the record."""
        self._group = ""
        self._in: set[int] = set()
        self._sent: list[Sent] = []
        self._gone: set[int] = set()
        self._said = 0
        self._contents = [self._draw.randbytes(self._draw.randint(1, 60_000)) for _ in range(CONTENTS)]

    async def live(self) -> None:
        """Do this and that, until the world is over; then see what is left."""
        await self._begin()
        ways: dict[Callable[[], Awaitable[object]], int] = {
            self._send_file: 5,
            self._send_text: 4,
            self._look: 8,
            self._forward: 3,
            self._delete: 3,
            self._come_or_go: 2,
            self._read: 2,
            self._revoke: 1,
            self._wait_for_pushes: 1,
        }
        ways_of, weights, began, done = list(ways), list(ways.values()), time.monotonic(), 0
        while not self._world.over or time.monotonic() < began + LEAST_SECONDS or done <= HALF:
            done += 1
            if done == HALF:
                await self._change_while_it_waits()
            else:
                await self._draw.choices(ways_of, weights)[0]()
            self._note_pushes()

    async def rest(self) -> None:
        """All that was sent is looked at once more, by each; then the last pushes are waited for."""
        for sent in self._sent:
            if sent.hash:
                for by in range(PEOPLE):
                    await self._get(by, sent)
        await self._wait_for_pushes()

    async def close(self) -> None:
        """Ask nothing more."""
        await self._requests.close()

    # What they do

    async def _begin(self) -> None:
        others = [one[0].account for one in self._accounts[1:]]
        body = {"title": self._name, "members": others, "settings": {"history": "joined"}}
        placed = await self._ask(0, "POST", "/v1/conversations", body=body, key=True)
        self._group = placed["conversation"]
        for by in range(PEOPLE):
            self._member(by, joined=True, number=placed["number"])
            for phone in self._accounts[by][1:]:
                await self._subscribe(phone)

    async def _subscribe(self, phone: Person) -> None:
        key = (await self._ask(phone, "GET", "/v1/push"))["web"]["key"]
        browser = self._receiver.subscribe(key)
        await self._ask(phone, "PUT", "/v1/push/subscription", body=browser.body)
        self._phones[phone.device] = phone, browser, 0
        self._world.write(Subscribed(phone.account, phone.device, self._world.now()))

    async def _send_file(self) -> None:
        by, content = self._somebody(), self._draw.choice(self._contents)
        made = await self._ask(by, "POST", "/v1/media?name=storm.bin&as=file", content=content)
        while (upload := await self._ask(by, "GET", f"/v1/media/{made['id']}?wait=10"))["state"] == "processing":
            pass
        if upload["state"] == "ready":
            await self._send(by, {"type": "media", "upload": made["id"]}, hashed(content))

    async def _send_text(self, by: int | None = None) -> Sent:
        self._said += 1
        text = f"{self._name} says {self._said}"
        sent = await self._send(self._somebody() if by is None else by, {"type": "text", "text": text}, text=text)
        assert sent is not None, "nobody refuses a text"
        return sent

    async def _send(self, by: int, body: object, file: str = "", text: str = "") -> Sent | None:
        """None if it was refused, as an upload that was made too long ago is."""
        asked, path = self._world.now(), f"/v1/conversations/{self._group}/messages"
        placed = await self._ask(by, "POST", path, body={"body": body}, key=True, refusable=True)
        if placed is None:
            return None
        account = self._accounts[by][0].account
        sent = Sent(self._group, placed["number"], account, text, file, asked, self._world.now())
        self._world.write(sent)
        self._sent.append(sent)
        return sent

    async def _look(self) -> None:
        """Somebody, who may be out, asks for the media of a message, which may be deleted."""
        files = [one for one in self._sent if one.hash]
        if files:
            await self._get(self._draw.randrange(PEOPLE), self._draw.choice(files))

    async def _get(self, by: int, sent: Sent) -> None:
        asked, path = self._world.now(), f"/v1/conversations/{sent.conversation}/messages/{sent.number}/media"
        answer = await self._requests.answer(self._accounts[by][0], "GET", path)
        came = hashed(answer.content) if answer.status_code == 200 else ""
        self._asked(by, sent, answer.status_code, came, asked)

    def _asked(self, by: int, sent: Sent, status: int, came: str, asked: int) -> None:
        reader = self._accounts[by][0].account
        self._world.write(MediaAsked(reader, sent.conversation, sent.number, status, came, asked))

    async def _forward(self) -> None:
        """What one may not read, or is deleted, one cannot forward either."""
        files = [one for one in self._sent if one.hash]
        if not files:
            return
        by, sent, asked = self._somebody(), self._draw.choice(files), self._world.now()
        source = {"conversation": sent.conversation, "number": sent.number}
        placed = await self._send(by, {"type": "media", "from": source}, sent.hash)
        self._asked(by, sent, 404 if placed is None else 200, "" if placed is None else sent.hash, asked)

    async def _delete(self) -> None:
        left = [one for one in self._sent if one.number not in self._gone]
        if not left:
            return
        await self._delete_one(self._draw.choice(left))

    async def _delete_one(self, sent: Sent) -> None:
        by = next(at for at, one in enumerate(self._accounts) if one[0].account == sent.sender)
        by = by if by in self._in else 0  # the owner is always in, and may
        await self._ask(by, "DELETE", f"/v1/conversations/{self._group}/messages/{sent.number}", key=True)
        self._gone.add(sent.number)
        self._world.write(Deleted(self._group, sent.number, self._world.now()))
        if sent.hash:
            await self._get(self._draw.randrange(PEOPLE), sent)

    async def _come_or_go(self) -> None:
        who = self._draw.randrange(1, PEOPLE)
        if who not in self._in:
            await self._change(who, joined=True)
            return
        await self._put_out(who)
        await self._send_file()
        if self._sent[-1].hash:
            await self._get(who, self._sent[-1])

    async def _put_out(self, who: int) -> None:
        await self._change(who, joined=False)

    async def _change(self, who: int, *, joined: bool) -> None:
        change = {"type": "add" if joined else "remove", "account": self._accounts[who][0].account}
        path = f"/v1/conversations/{self._group}/changes"
        placed = await self._ask(0, "POST", path, body={"change": change}, key=True)
        self._member(who, joined=joined, number=placed["number"])

    def _member(self, who: int, *, joined: bool, number: int) -> None:
        self._in = self._in | {who} if joined else self._in - {who}
        account = self._accounts[who][0].account
        self._world.write(Membership(self._group, account, joined, number, self._world.now()))

    async def _read(self) -> None:
        """Somebody reads all that there is, on the device that asks."""
        by = self._somebody()
        if self._sent:
            await self._read_up_to(by, self._sent[-1].number)

    async def _read_up_to(self, by: int, number: int) -> None:
        place = f"/v1/conversations/{self._group}"
        while (await self._ask(by, "GET", place))["read"] < number:
            await self._ask(by, "POST", f"{place}/read", body={"number": number})
            await asyncio.sleep(PAUSE)
        self._world.write(HasRead(self._accounts[by][0].account, self._group, number, self._world.now()))

    async def _revoke(self) -> None:
        """A phone goes; each account keeps one."""
        await self._revoke_of(self._draw.randrange(PEOPLE))

    async def _revoke_of(self, by: int) -> None:
        left = self._accounts[by][1:]
        if len(left) > 1:
            await self._ask(by, "DELETE", f"/v1/devices/{left[-1].device}", missing=True)
            self._world.write(Revoked(left[-1].account, left[-1].device, self._world.now()))
            self._accounts[by].remove(left[-1])

    # Pushes

    def _note_pushes(self) -> None:
        """Write down what has come since."""
        for device, (phone, browser, noted) in self._phones.items():
            for push in browser.pushed[noted:]:
                payload = push.payload
                if payload["kind"] == "message":
                    number, text = int(payload["number"]), str(payload.get("text", ""))
                    at = int(push.at * 1000)
                    self._world.write(Pushed(phone.account, device, payload["conversation"], number, text, at))
            self._phones[device] = phone, browser, len(browser.pushed)
            if len(browser.pushed) % FAILING == FAILING - 1 and not browser.answers:
                browser.answers.append(Say(503))

    async def _wait_for_pushes(self) -> None:
        """Say something, and do nothing until all have been pushed it who are to be."""
        last = await self._send_text()
        await self._until_pushed(last)
        self._note_pushes()
        self._world.write(PushesWaited(self._group, last.number, self._world.now()))
        assert self._receiver.wrong == []

    async def _change_while_it_waits(self) -> None:
        """The push of a text is not taken at first for one phone of each reader: of more in a row the service would
        rest. Before the second attempt something becomes so for which not all are to be told any more. Nothing else is
        said meanwhile: that would be told instead."""
        for by in self._in - {0}:
            self._phones[self._accounts[by][-1].device][1].answers.append(Say(503))
        number = (await self._send_text(0)).number
        await self._until_pushed(self._sent[-1])
        match self._number % GROUPS:
            case 0:
                await self._delete_one(self._sent[-1])
            case 1:
                for by in sorted(self._in - {0}):
                    await self._read_up_to(by, number)
            case 2:
                for by in sorted(self._in - {0}):
                    await self._put_out(by)
            case _:
                for by in range(PEOPLE):
                    await self._revoke_of(by)
        await asyncio.sleep(SECOND_SECONDS)
        for _, browser, _ in self._phones.values():
            browser.answers.clear()

    async def _until_pushed(self, last: Sent) -> None:
        """Not for ever."""
        deadline = time.monotonic() + REST_SECONDS
        while time.monotonic() < deadline:
            if self._all_pushed(last):
                return
            await asyncio.sleep(PAUSE)

    def _all_pushed(self, last: Sent) -> bool:
        """Whether all who are to be told of the last message by a push were."""
        wanted = [
            phone.device
            for at, account in enumerate(self._accounts)
            if at in self._in and account[0].account != last.sender
            for phone in account[1:]
        ]
        return all(
            any(one.payload.get("number") == last.number for one in self._phones[device][1].pushed) for device in wanted
        )

    def _somebody(self) -> int:
        return self._draw.choice(sorted(self._in))

    async def _ask(self, by: int | Person, method: str, path: str, **how: Any) -> Any:
        return await self._requests.ask(self._accounts[by][0] if isinstance(by, int) else by, method, path, **how)


def hashed(content: bytes) -> str:
    """SHA-256, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()
