"""A server with people, friendships, groups and messages of every kind, made over HTTP before anybody looks."""

from typing import Any
from urllib.parse import quote

import msgspec
from prove.process import ServerProcess
from tests.support.people import PASSWORD
from tests.support.places import Sockets


class Names(msgspec.Struct, frozen=True):
    """What people and groups are called, and what they say."""

    anna: str = "Anna Lindqvist"
    ben: str = "Ben Okafor"
    cleo: str = "Cleo Marsh"
    dora: str = "Dora Diaz"
    garden: str = "The garden"
    description: str = "Beds, seeds, and who waters what."
    said: tuple[str, ...] = ("Hello", "See https://example.org/ 🙏", "🌱")


class Home(msgspec.Struct, frozen=True):
    """What was made. All conversations are Anna's, who owns the garden; `shed` is a link to a group that she is not in,
    `refuses` a conversation with somebody who takes no messages from her, `left` a group that she has left."""

    names: Names
    ben: str
    garden: str
    refuses: str
    left: str
    shed: str


class _Person:
    """Somebody who has logged in by HTTP."""

    def __init__(self, place: Sockets, token: str, account: str) -> None:
        self._place = place
        self._token = token
        self.id = account

    async def ask(self, method: str, path: str, json: object = None) -> Any:
        """One request; what it answers, which is no refusal."""
        answer = await self._place.request(method, path, token=self._token, json=json)
        assert answer.is_success, (path, answer.text)
        return answer.json() if answer.content else None

    async def say(self, conversation: str, text: str, reply_to: int = 0, mentions: tuple[str, ...] = ()) -> None:
        """Send a message."""
        body = {"type": "text", "text": text, "mentions": mentions}
        await self.ask("POST", f"/v1/conversations/{conversation}/messages", {"body": body, "reply_to": reply_to})

    async def change(self, conversation: str, **change: object) -> None:
        """Change a group."""
        await self.ask("POST", f"/v1/conversations/{conversation}/changes", {"change": change})

    async def group(self, title: str, *members: "_Person", **settings: str) -> str:
        """Begin a group; its id."""
        wish = {"title": title, "members": [one.id for one in members], "settings": settings}
        return str((await self.ask("POST", "/v1/conversations", wish))["conversation"])

    def direct(self, other: "_Person") -> str:
        """The id of the direct conversation with somebody."""
        first, second = sorted((self.id, other.id))
        return f"d~{first}~{second}"


async def _arrived(place: Sockets, name: str, display: str) -> _Person:
    wish = {"name": name, "password": PASSWORD, "display_name": display, "device": f"{name}'s first device"}
    answer = await place.request("POST", "/v1/accounts", json=wish)
    assert answer.status_code == 201, answer.text
    given = answer.json()
    return _Person(place, given["access_token"], given["account"]["id"])


async def furnish(server: ServerProcess, names: Names | None = None) -> Home:
    """Make them."""
    names = names or Names()
    place = Sockets(server)
    called = {"anna": names.anna, "ben": names.ben, "cleo": names.cleo, "dora": names.dora, "ed": "Ed Ember"}
    anna, ben, cleo, dora, ed = [await _arrived(place, name, display) for name, display in called.items()]
    await ben.ask("PATCH", "/v1/me", {"about": names.description})
    await anna.ask("PUT", f"/v1/friends/{ben.id}")
    await ben.ask("PUT", f"/v1/friends/{anna.id}")
    await cleo.ask("PUT", f"/v1/friends/{anna.id}")
    await anna.ask("PUT", f"/v1/friends/{dora.id}")
    await anna.ask("PUT", f"/v1/blocks/{ed.id}")
    await ed.ask("PATCH", "/v1/me/settings", {"direct_from": "friends"})

    direct = anna.direct(ben)
    for text in names.said:
        await anna.say(direct, text)
    for text in names.said:
        await ben.say(direct, text, reply_to=1)
    await ben.ask("POST", f"/v1/conversations/{direct}/read", {"number": 3})
    for who, sign in ((ben, "\U0001f44d"), (anna, "\U0001f44d"), (ben, "\U0001f331")):
        path = f"/v1/conversations/{direct}/messages/{len(names.said)}/reactions/{quote(sign)}"
        await who.ask("PUT", path)
    await anna.change(direct, type="pin", number=1)

    garden = await anna.group(names.garden, ben, cleo, dora, description=names.description)
    await anna.change(garden, type="role", account=cleo.id, role="admin")
    await anna.change(garden, type="title", title=names.garden + "!")
    await anna.change(garden, type="title", title=names.garden)
    for who in (ben, cleo, anna):
        for text in names.said:
            await who.say(garden, text)
    await ben.say(garden, f"@{names.anna} and @{names.cleo}?", mentions=(anna.id, cleo.id))

    await ben.group(f"{names.garden} beyond", join="open", description=names.description)
    left = await ben.group("The attic", anna)
    await ben.say(left, "before")
    await anna.change(left, type="leave")
    shed = await ben.group(f"{names.garden} shed", cleo, description=names.description)
    code = (await ben.ask("POST", f"/v1/conversations/{shed}/links", {}))["code"]
    await place.close()
    return Home(names=names, ben=direct, garden=garden, refuses=anna.direct(ed), left=left, shed=code)
