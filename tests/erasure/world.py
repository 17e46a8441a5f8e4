"""An account with something of every kind, the people around it, and all doors at which its data could show."""

import hashlib
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any, Final

from tests.life.commands import chinwag
from tests.support.device import Device
from tests.support.people import PASSWORD, Crowd, asked, log_in_device, sign_up

from chinwag.domain.ids import ClientId, direct_id
from chinwag.wire.codec import Cursor
from chinwag.wire.frames import Ack, Error, Read, Send
from chinwag.wire.values import Read as ReadEvent
from chinwag.wire.values import Text

NAME: Final = "zsuzsanna-marker"
SUBJECT: Final = "marker-of-a-subject"
BROWSER = '{"type":"web","endpoint":"https://push.example/marker-of-a-push","p256dh":"BAAA","auth":"AAAA","key":"key"}'
"""A subscription of a browser, as the directory keeps it."""
"""Who Ann is at the provider `marker-provider`."""
PICTURE: Final = b"marker-of-a-picture"
MUTED: Final = "4102444799123"
"""Until when the group is muted, and a marker of that."""

Shows = dict[str, str]
"""Each interface and all that it showed."""


class World:
    """Ann is closed. Bob is her friend, Cem shares a group that she owns, Dan is blocked by her."""

    def __init__(self, crowd: Crowd, ann: Device, bob: Device, cem: Device, dan: Device, group: str) -> None:
        self.crowd = crowd
        self.ann, self.bob, self.cem, self.dan = ann, bob, cem, dan
        self.group = group
        self.direct = direct_id(ann.account, bob.account)
        self._closed = False
        self._refresh = ""

    @classmethod
    async def begin(cls, crowd: Crowd) -> "World":
        """Everybody does something with Ann."""
        place = crowd.place
        await sign_up(place, NAME)
        ann = await log_in_device(place, NAME, "marker-of-a-device")
        crowd.devices.append(ann)
        await ann.connect()
        bob, cem, dan = await crowd.people("bob", "cem", "dan")
        for one, other in ((ann, bob), (bob, ann), (cem, ann)):
            await _ask(one, "PUT", f"/v1/friends/{other.account}")
        await _ask(ann, "PUT", f"/v1/blocks/{dan.account}")
        for about in ("marker-of-a-former-profile", "marker-of-a-profile"):
            await _ask(ann, "PATCH", "/v1/me", {"display_name": f"Z {about}", "about": about})
        await _ask(ann, "PATCH", "/v1/me/settings", {"direct_from": "friends"})
        body = {"title": "Tea", "members": [bob.account, cem.account]}
        answer = await asked(place, "POST", "/v1/conversations", token=ann.token, json=body, key="tea")
        assert answer.status_code == 201, answer.text
        world = cls(crowd, ann, bob, cem, dan, answer.json()["conversation"])
        await _ask(ann, "PUT", f"/v1/conversations/{world.group}/preferences", {"muted_until": int(MUTED)})
        said = await ann.ask(Send(ClientId("m1"), Text("marker-of-a-message"), world.direct))
        answered = await bob.ask(Send(ClientId("m2"), Text("thank you"), world.direct))
        assert isinstance(said, Ack)
        assert isinstance(answered, Ack)
        ann.send(Read(world.direct, answered.number))
        await ann.until(lambda: any(isinstance(one.event, ReadEvent) for one in ann.seen), "its mark")
        await bob.reach_head()
        world._known_elsewhere()
        login = await asked(place, "POST", "/v1/sessions", json={"name": NAME, "password": PASSWORD, "device": "two"})
        world._refresh = login.json()["refresh_token"]
        return world

    def _known_elsewhere(self) -> None:
        """A provider has let Ann's device in, and its groups gave her a place; and she has come back from it once more,
        without going on."""
        ann, issuer = str(self.ann.account), "https://id.example.org/marker-of-an-issuer"
        picture = hashlib.sha256(PICTURE).hexdigest()
        file = self.crowd.process.data / "media" / picture[:2] / picture[2:4] / picture
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(PICTURE)
        sealed, of_nobody = b"marker-of-a-sealed-token", 1 << 52
        with closing(sqlite3.connect(self.crowd.process.data / "directory.sqlite", timeout=60)) as directory, directory:
            directory.execute("UPDATE accounts SET avatar = 'a1' WHERE id = ?", (ann,))
            for table, row in (
                ("blobs", (picture, len(PICTURE), of_nobody, False)),
                ("avatars", ("a1", ann, None, picture, len(PICTURE), of_nobody, True)),
                ("identities", (issuer, SUBJECT, ann, "marker-provider", 1, '["marker-of-a-group"]', False, of_nobody)),
                ("given_places", (ann, self.group, "marker-provider", "marker-of-a-place", of_nobody, "member")),
                (
                    "openid_sessions",
                    (self.ann.id, "marker-provider", issuer, SUBJECT, "marker-of-a-session", sealed, of_nobody, 0, 0),
                ),
                (
                    "openid_arrivals",
                    (
                        b"code",
                        "marker-provider",
                        "binding",
                        None,
                        of_nobody,
                        issuer,
                        SUBJECT,
                        "sid",
                        NAME,
                        "",
                        "[]",
                        sealed,
                    ),
                ),
                (
                    "push_subscriptions",
                    (self.ann.id, ann, BROWSER, b"place", "key", 1, 0),
                ),
                ("push_jobs", (self.ann.id, self.group, ann, 1, 1, None, 0, 1, 1, None, False, 0)),
            ):
                directory.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)

    async def close_account(self) -> None:
        """Ann goes."""
        answer = await self.crowd.place.request("DELETE", "/v1/me", token=self.ann.token, json={"password": PASSWORD})
        assert answer.status_code == 204, answer.text
        self._closed = True
        await self.ann.until(lambda: self.ann.byes, "the end of its socket")

    async def come_back(self) -> None:
        """The others connect to the server that was started again."""
        for one in (self.bob, self.cem, self.dan):
            await one.connect()
            await one.reach_head()

    async def readable(self, *, commands: bool = False) -> Shows:
        """All doors, and what they show to each who may come in; with those of the operator, if `commands`."""
        ann, shows = self.ann.account, Shows()
        for name, who in (("bob", self.bob), ("cem", self.cem), ("dan", self.dan), ("ann", self.ann)):
            for path in (
                *(
                    "/v1/me",
                    "/v1/me/settings",
                    "/v1/me/identities",
                    "/v1/devices",
                    "/v1/push/subscription",
                    "/v1/friends",
                    "/v1/friends/requests",
                    "/v1/blocks",
                ),
                *("/v1/preferences", f"/v1/conversations/{self.group}/preferences"),
                f"/v1/users/{ann}/avatar",
                *(f"/v1/users/{ann}", f"/v1/users?name={NAME}", "/v1/users?search=marker-of-a-p"),
                *(f"/v1/presence?account={ann}", "/v1/presence/devices"),
                *("/v1/conversations", f"/v1/conversations/{self.group}", f"/v1/conversations/{self.direct}"),
                *(f"/v1/conversations/{one}/messages" for one in (self.group, self.direct)),
                *(f"/v1/conversations/{one}/messages/2/receipts" for one in (self.group, self.direct)),
                f"/v1/conversations/{self.direct}/changes?after=0",
                f"/v1/sync?after={self.bob.epoch}.0&limit=200",
            ):
                answer = await who.place.request("GET", path, token=who.token)
                if name != "ann" or answer.is_success:
                    shows[f"{name} GET {path}"] = answer.text
        for name, who in (("bob", self.bob), ("ann", self.ann)):
            fresh = Device(who.place, f"{name} again", who.account, who.id, who.token)
            await fresh.connect(str(Cursor(self.bob.epoch, 0)))
            if fresh.welcome is not None:
                await fresh.reach_head()
            shows[f"{name} socket"] = "\n".join(one.raw.decode() for one in fresh.seen)
            await fresh.close()
        if commands:
            for arguments in (("export", ann), ("export",), ("user", "list"), ("user", "devices", NAME), ("audit",)):
                folder = self.crowd.process.data.parent
                ran = await chinwag(*arguments, "--data-path", self.crowd.process.data, folder=folder, COLUMNS="400")
                # Only its output: a refusal says again what was asked for.
                shows[f"chinwag {' '.join(arguments)}"] = ran.out
        return shows

    def shows(self, kind: str, shows: Shows) -> list[str]:
        """The interfaces at which data of `kind` shows."""
        return [door for door, text in shows.items() if MARKERS[kind](self, door, text)]

    def wrong(self, rows: dict[str, tuple[str, str]], shows: Shows, when: str, due: set[str]) -> list[str]:
        """The rows that do not hold: what is due to be unreadable and is not, what should stay and does not."""
        found = []
        for kind, (unreadable, _) in rows.items():
            doors = self.shows(kind, shows)
            if unreadable in due and doors:
                found.append(f"{kind} is readable {when}: {', '.join(doors)}")
            if unreadable == "stays" and not doors:
                found.append(f"{kind} is not readable {when}")
        return found

    def wrong_files(self, rows: dict[str, tuple[str, str]]) -> list[str]:
        """The rows whose markers are in the files though they should be gone, or the other way round."""
        found = []
        data = self.crowd.process.data
        files = {str(path.relative_to(data)): path for path in data.rglob("*") if path.is_file()}
        for kind, (_, gone) in rows.items():
            for marker in WORDS.get(kind, ()):
                holding = [name for name, path in files.items() if marker.encode() in path.read_bytes()]
                if gone == "housekeeping" and holding:
                    found.append(f"{kind} ({marker}) is in files: {holding}")
                if gone == "stays" and not holding:
                    found.append(f"{kind} ({marker}) is in no file")
        return found

    def wrong_rows(self) -> list[str]:
        """Tables of the directory that still name the closed account beside its id."""
        found, ann = [], self.ann.account
        with closing(sqlite3.connect(self.crowd.process.data / "directory.sqlite")) as directory:
            for query in (
                "devices WHERE account = ?1",
                "friendships WHERE low = ?1 OR high = ?1",
                "blocks WHERE blocker = ?1 OR blocked = ?1",
                "preferences WHERE account = ?1",
                "outbox WHERE account = ?1",
                "erasures WHERE account = ?1",
                "identities WHERE account = ?1",
                "avatars WHERE account = ?1",
                "blobs WHERE ?1 <> ''",
                "given_places WHERE account = ?1",
                "openid_sessions WHERE ?1 <> ''",
                "openid_arrivals WHERE ?1 <> ''",
                "push_subscriptions WHERE account = ?1",
                "push_jobs WHERE account = ?1",
            ):
                if directory.execute(f"SELECT count(*) FROM {query}", (ann,)).fetchone()[0]:
                    found.append(f"rows are left: {query}")
        return found

    async def still_acts(self) -> list[str]:
        """What the closed account can do, of what it should not."""
        place, found = self.crowd.place, []
        for path, body in (
            ("/v1/sessions", {"name": NAME, "password": PASSWORD, "device": "x"}),
            ("/v1/sessions/refresh", {"refresh_token": self._refresh, "attempt": "attempt-1"}),
            ("/v1/accounts", {"name": NAME, "password": PASSWORD}),
        ):
            answer = await place.request("POST", path, json=body)
            if answer.is_success:
                found.append(f"{path} lets a closed account in, or its name be taken")
        return found

    async def refusals(self) -> list[str]:
        """Once emptied: nobody reaches it, and its group is somebody's."""
        found = []
        await self.bob.connect()
        refused = await self.bob.ask(Send(ClientId("late"), Text("are you there?"), self.direct))
        if not isinstance(refused, Error) or refused.code != "recipient_refuses":
            found.append(f"a message to a closed account: {refused}")
        view = json.loads((await _ask(self.bob, "GET", f"/v1/conversations/{self.group}")).text)
        if "owner" not in {one["role"] for one in view["members"]}:
            found.append("the group has no owner")
        return found


async def _ask(who: Device, method: str, path: str, body: object = None) -> Any:
    answer = await asked(who.place, method, path, token=who.token, json=body)
    assert answer.is_success, answer.text
    return answer


def _word(*words: str) -> Callable[[World, str, str], bool]:
    return lambda _, __, text: any(word in text for word in words)


def _is_inbox(door: str) -> bool:
    return "socket" in door or "/v1/sync" in door


def _but_told(word: str) -> Callable[[World, str, str], bool]:
    """Shows anywhere but where others' inboxes were told of it, which is a row of its own."""
    return lambda _, door, text: word in text and not _is_inbox(door)


def _by_ann(door_part: str) -> Callable[[World, str, str], bool]:
    return lambda _, door, text: door_part in door and door.startswith("ann ") and bool(text)


def _friends(world: World, door: str, text: str) -> bool:
    listed = door.startswith("bob GET /v1/friends") and world.ann.account in text
    return listed or (door.startswith("chinwag export") and '"type":"friend"' in text)


def _blocks(world: World, door: str, text: str) -> bool:
    mine = [json.loads(line) for line in text.splitlines() if '"type":"block"' in line]
    if door == "ann GET /v1/blocks":
        return world.dan.account in text
    return door.startswith("chinwag export") and any(one["account"] == world.ann.account for one in mine)


def _members(world: World, door: str, text: str) -> list[Any]:
    if door not in (f"bob GET /v1/conversations/{world.group}", f"bob GET /v1/conversations/{world.direct}"):
        return []
    return [one for one in json.loads(text)["members"] if one["account"] == world.ann.account]


def _membership(world: World, door: str, text: str) -> bool:
    return door.endswith(world.group) and bool(_members(world, door, text))


def _marks(world: World, door: str, text: str) -> bool:
    # She has read the answer to her message; without marks she has read her own message.
    return any(one["read"] > 1 for one in _members(world, door, text))


def _presence(world: World, door: str, text: str) -> bool:
    if not door.startswith("bob GET /v1/presence?"):
        return False
    shown = json.loads(text)
    items = shown["items"] if isinstance(shown, dict) else shown
    return any(one.get("last_active_at") or one.get("online") for one in items)


MARKERS: Final[dict[str, Callable[[World, str, str], bool]]] = {
    "name": _but_told(NAME),
    "profile": _but_told("marker-of-a-profile"),
    "avatar": _word(PICTURE.decode()),
    "password": lambda world, _, __: not world._closed,  # `still_acts` tries it; no interface shows it at any time
    "settings": lambda w, door, t: ('"direct_from":"friends"' in t) and (door.startswith(("ann ", "chinwag"))),
    "devices": _word("marker-of-a-device"),
    "tokens": _by_ann("/v1/me"),
    "identities": _word("marker-provider", SUBJECT, "marker-of-a-group"),
    "pushes": _word("marker-of-a-push"),
    "friends": _friends,
    "blocks": _blocks,
    "preferences": _word(MUTED),
    "told-profile": lambda _, door, text: _is_inbox(door) and ("of-a-former-profile" in text or NAME in text),
    "membership": _membership,
    "inbox": lambda _, door, text: door == "ann socket" and bool(text),
    "marks": _marks,
    "presence": _presence,
    "messages": _word("marker-of-a-message"),
}
"""Whether data of a kind shows in what an interface gave."""

WORDS: Final = {
    "name": (NAME,),
    "profile": ("marker-of-a-profile",),
    "preferences": (MUTED,),
    "avatar": (PICTURE.decode(),),
    "password": (),
    "devices": ("marker-of-a-device",),
    "identities": (
        *(SUBJECT, "marker-provider", "marker-of-an-issuer", "marker-of-a-group"),
        *("marker-of-a-place", "marker-of-a-session", "marker-of-a-sealed-token"),
    ),
    "pushes": ("marker-of-a-push",),
    "told-profile": ("marker-of-a-former-profile",),
    "messages": ("marker-of-a-message",),
}
"""What to look for in the files."""
