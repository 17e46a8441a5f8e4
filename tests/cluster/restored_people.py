"""People of an installation that is backed up while they chat, is lost and brought back: what each finds again."""

import asyncio
import hashlib
import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from tests.support.device import Device
from tests.support.media import Filer, picture
from tests.support.people import PASSWORD, Crowd, asked, begin_group

from chinwag.domain.ids import ConversationId
from chinwag.wire.values import direct_id

HEART = "%E2%9D%A4%EF%B8%8F"
SAID = 20
NEW = 7
"""More messages than there were events in the group between the copies."""
LIKED = 3
BOUND = 120.0


async def soon(true: Callable[[], Awaitable[bool]], what: str) -> None:
    """Wait until it is so."""
    try:
        async with asyncio.timeout(BOUND):
            while not await true():  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(what) from None


class People:
    """Anna, Ben and Cyd in a group, and Dan outside of it."""

    def __init__(self, crowd: Crowd, devices: Sequence[Device], group: ConversationId) -> None:
        self._place = crowd.place
        self.anna, self.ben, self.cyd, self.dan = devices
        self.group = group
        self.direct = direct_id(self.anna.account, self.ben.account)
        self._other = direct_id(self.anna.account, self.cyd.account)
        self._keys: list[tuple[Device, ConversationId, str, int]] = []
        self._history: list[tuple[Device, ConversationId, list[Any]]] = []
        self._heads: dict[ConversationId, int] = {}
        self._login: dict[str, Any] = {}
        self._cursor = self._media = self._digest = ""

    @classmethod
    async def begun(cls, crowd: Crowd) -> "People":
        devices = await crowd.people("anna", "ben", "cyd", "dan")
        return cls(crowd, devices, await begin_group(devices[0], *devices[1:3]))

    async def live(self) -> None:
        """All of this is answered before the backup begins."""
        for number in range(SAID):
            for who, where in ((self.anna, self.direct), (self.ben, self.group)):
                name = f"said-{number}"
                self._keys.append((who, where, name, await self.say(who, where, name)))
        await self.say(self.anna, self._other, "to cyd")
        filer = Filer(self.anna)
        upload = await filer.upload(picture(), kind="picture")
        sent = await filer.send(self.direct, {"upload": upload["id"]})
        assert sent.status_code == 201, sent.text
        await filer.close()
        self._media = f"/v1/conversations/{self.direct}/messages/{sent.json()['number']}/media"
        self._digest = await self._digest_of(self.anna)
        await self._ask(self.ben, "PUT", f"/conversations/{self.group}/messages/{LIKED}/reactions/{HEART}", key="heart")
        self._login = await self._log_in()
        self._cursor = (await self._ask(self.ben, "GET", "/cursor"))["cursor"]
        for where in (self.direct, self.group):
            await self._reads(self.ben, where)
            self._history += [(who, where, await self._events(who, where)) for who in (self.anna, self.ben)]
            self._heads[where] = (await self._view(self.ben, where))["head"]

    async def between(self) -> None:
        """After the states are copied, and before what they speak of is."""
        for where in (self.direct, self.group):
            await self.say(self.anna, where, "between")
            await self._reads(self.ben, where)
        await self._ask(self.cyd, "PUT", f"/conversations/{self.group}/messages/{LIKED}/reactions/{HEART}", key="heart")
        for change in ({"type": "add", "account": self.dan.account}, {"type": "remove", "account": self.ben.account}):
            path = f"/conversations/{self.group}/changes"
            await self._ask(self.anna, "POST", path, {"change": change}, secrets.token_hex(8))
        await self._ask(self.cyd, "PUT", f"/blocks/{self.anna.account}")
        await soon(self._blocked, "the block is told")

    async def found_again(self) -> None:
        """What was answered before the backup is there; of what came between nothing is half there."""
        for who, where, events in self._history:
            found = await self._events(who, where)
            assert found == events, [one for one in zip(found, events, strict=False) if one[0] != one[1]]
        for who, where, name, number in self._keys:
            assert await self.say(who, where, name) == number
        for who in (self.anna, self.ben):
            assert await self._digest_of(who) == self._digest
        page = await self._ask(self.ben, "GET", f"/sync?after={self._cursor}")
        assert (page["reset"], page["events"]) == ("epoch", [])
        body = {"refresh_token": self._login["refresh_token"], "attempt": "after it all"}
        refreshed = await asked(self._place, "POST", "/v1/sessions/refresh", json=body)
        assert refreshed.status_code == 200, refreshed.text
        assert refreshed.json()["device"] == self._login["device"]
        assert (await self._log_in())["account"]["id"] == self.ben.account
        # Dan never came, and Ben never went.
        stranger = await asked(self._place, "GET", f"/v1/conversations/{self.group}", token=self.dan.token)
        assert stranger.json()["code"] == "no_conversation", stranger.text
        listed = await self._ask(self.dan, "GET", "/conversations")
        assert self.group not in {one["id"] for one in listed["conversations"]}
        for where, head in self._heads.items():
            view = await self._view(self.ben, where)
            assert (view["head"], view["unread"]) == (head, 0), view

    async def going_on(self) -> None:
        """The numbers of what came between are given to others, which are not taken for those."""
        new = [f"new-{step}" for step in range(NEW)]
        for where, head in self._heads.items():
            assert [await self.say(self.anna, where, text) for text in new] == [*range(head + 1, head + NEW + 1)]
            events = await self._events(self.ben, where)
            assert [event["body"]["text"] for event in events[-NEW:]] == new
            view = await self._view(self.ben, where)
            assert view["unread"] == NEW, ("nobody has read what comes now", view)
            assert await self.say(self.anna, where, "between") == head + NEW + 1, "it was lost, and is placed now"
        [liked] = [one for one in await self._events(self.anna, self.group) if one["number"] == LIKED]
        assert [(one["count"], one["by"]) for one in liked["reactions"]] == [(1, [self.ben.account])], liked
        # The directory was copied last: whoever was blocked by then is.
        await soon(self._blocked, "the block holds")

    async def say(self, who: Device, where: ConversationId, name: str) -> int:
        """Post a text that is its own key; its number."""
        body = {"body": {"type": "text", "text": name}}
        return int((await self._ask(who, "POST", f"/conversations/{where}/messages", body, name))["number"])

    async def _ask(self, who: Device, method: str, path: str, body: object = None, key: str | None = None) -> Any:
        answer = await asked(self._place, method, f"/v1{path}", token=who.token, json=body, key=key)
        assert answer.status_code < 300, (path, answer.text)
        return answer.json() if answer.content else None

    async def _view(self, who: Device, where: ConversationId) -> Any:
        return await self._ask(who, "GET", f"/conversations/{where}")

    async def _events(self, who: Device, where: ConversationId) -> list[Any]:
        return list((await self._ask(who, "GET", f"/conversations/{where}/messages?limit=100"))["events"])

    async def _reads(self, who: Device, where: ConversationId) -> None:
        last = int((await self._events(who, where))[-1]["number"])

        async def read() -> bool:
            await self._ask(who, "POST", f"/conversations/{where}/read", {"number": last})
            return int((await self._view(who, where))["read"]) == last

        await soon(read, "it is read")

    async def _blocked(self) -> bool:
        body = {"body": {"type": "text", "text": "?"}}
        where, key = f"/v1/conversations/{self._other}/messages", secrets.token_hex(8)
        answer = await asked(self._place, "POST", where, token=self.anna.token, json=body, key=key)
        return int(answer.status_code) >= 400

    async def _log_in(self) -> Any:
        name = (await self._ask(self.ben, "GET", "/me"))["name"]
        body = {"name": name, "password": PASSWORD, "device": "another"}
        return (await asked(self._place, "POST", "/v1/sessions", json=body)).json()

    async def _digest_of(self, who: Device) -> str:
        filer = Filer(who)
        answer = await filer.ask("GET", self._media)
        await filer.close()
        assert answer.status_code == 200, answer.text
        assert answer.content
        return hashlib.sha256(answer.content).hexdigest()
