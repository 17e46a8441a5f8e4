"""Keep a data folder and a backup of a past commit, to be opened by a test in every later version.

    python -m tools.make_kept_data COMMIT

With them a dump of the database of a server on PostgreSQL, and its secret. The commit's own code makes it all, in a
worktree of its own, driven through its commands and its HTTP addresses. What must be found again is written beside
them: history, cursors, log-ins. `tests/kept/COMMIT/` holds it all; nothing in it is ever made anew, and a state of the
data is kept for every version that was in anybody's hands. `tools.make_kept_cassandra` adds the same of a server on
Cassandra.
"""

import asyncio
import collections
import contextlib
import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from PIL import Image
from prove.cluster.engines import HOST, ProofEngines
from tests.support.clusters import Cluster
from tests.support.push_browser import PushBrowser, base64url

from chinwag.engines.programs import cache_folder, fetch

ROOT = Path(__file__).parent.parent
PASSWORD = "correct horse battery"  # noqa: S105 - of nobody
PUSHING = {
    "CHINWAG_PUSH_CONTACT": "mailto:kept@example.org",
    "CHINWAG_PUSH_HOSTS": "push.example",
    "CHINWAG_PUSH_ALLOW_THIS_MACHINE": "true",
}
"""Where media and pushes are known: browsers of no push service that is there may subscribe."""
WIDENING = {"CHINWAG_LIMITS_WIDE_ABOVE": "2"}
"""Where members of large groups are kept in rows: those of three are."""
ASKED_SECONDS = 120.0
"""How long a busy server is asked again."""
HEART = "\u2764\ufe0f"
FILE = bytes(range(256)) * 8
TEXTS = ["hello", "\u65e5\u672c\u8a9e", "a line\nand another", "\U0001f469\u200d\U0001f4bb", "x" * 2_000]


class Old:
    """A server of the old version, with its data in `data`. more: variables of its environment besides."""

    def __init__(self, source: Path, data: Path, more: Mapping[str, str] | None = None) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CHINWAG_")}
        own = {"PYTHONPATH": str(source / "src"), "CHINWAG_PASSWORD": PASSWORD}
        self._environment = kept | own | dict(more or {})
        self._data = data
        self._folder = source
        self._url = ""

    def run(self, *arguments: str) -> None:
        """One command, which must succeed."""
        subprocess.run(self._command(*arguments), cwd=self._folder, env=self._environment, check=True)  # noqa: S603 - our own

    @contextlib.contextmanager
    def serving(self) -> Iterator[None]:
        """A server that runs while the block does."""
        ports = ("--server-port", "0", "--observe-port", "0", "--log-format", "json")
        process = subprocess.Popen(  # noqa: S603 - our own
            self._command("serve", *ports), cwd=self._folder, env=self._environment, stderr=subprocess.PIPE, text=True
        )
        assert process.stderr is not None
        try:
            for line in process.stderr:
                found = json.loads(line)
                if found.get("event") == "ready":
                    self._url = found["url"]
                    break
            # What it says is read to its end: a pipe that is full would hold it up.
            rest = threading.Thread(target=collections.deque, args=(process.stderr, 0))
            rest.start()
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            code = process.wait(timeout=120)
        rest.join()
        assert code == 0

    def ask(self, method: str, path: str, body: object = None, token: str = "", key: str = "") -> Any:
        """One request; its answer's JSON. body: bytes go as they are."""
        headers = {"Content-Type": "application/octet-stream" if isinstance(body, bytes) else "application/json"}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        headers |= {"Idempotency-Key": key} if key else {}
        content = self._answer(method, path, body, headers)
        return json.loads(content) if content else None

    def fetch(self, path: str, token: str) -> bytes:
        """What an address gives."""
        return self._answer("GET", path, None, {"Authorization": f"Bearer {token}"})

    def _answer(self, method: str, path: str, body: object, headers: dict[str, str]) -> bytes:
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(f"{self._url}{path}", data, headers, method=method)  # noqa: S310 - our own
        deadline = time.monotonic() + ASKED_SECONDS
        while True:
            try:
                with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310 - our own
                    content: bytes = answer.read()
                    return content
            except urllib.error.HTTPError as error:
                # On a busy machine a server's own bounds come first: then it says that it may be asked again.
                if error.code != 503 or time.monotonic() > deadline:
                    raise AssertionError(f"{method} {path}: {error.code} {error.read().decode()}") from error
            time.sleep(1.0)

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "chinwag.cli", *arguments, "--data-path", str(self._data)]


def main(commit: str) -> None:
    """Make `tests/kept/COMMIT/`."""
    target = ROOT / "tests/kept" / commit
    target.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", str(work / "source"), commit], check=True)  # noqa: S603 - our own
        try:
            old = Old(work / "source", work / "data", settings_of(work / "source"))
            with old.serving():
                expected = live(old, work / "source")
                old.run("backup", str(work / "backup"))
                expected["after_backup"] = _say(old, expected["people"][0], expected["group"], "after the backup")
            if (work / "source/src/chinwag/assembly/cluster").is_dir():
                asyncio.run(_cluster(work, target))
        finally:
            subprocess.run([*git, "remove", "--force", str(work / "source")], check=True)  # noqa: S603 - our own
        (target / "expected.json").write_text(json.dumps(expected, indent=1, ensure_ascii=True) + "\n")
        for part in ("data", "backup"):
            with tarfile.open(target / f"{part}.tar.xz", "w:xz") as tar:
                tar.add(work / part, part, filter=_plain)


async def _cluster(work: Path, target: Path) -> None:
    """The same on engines: the dump of its database, what must be found in it, and the secret that opens its keys."""
    folder = work / "cluster"
    folder.mkdir()
    async with ProofEngines.running() as engines:
        at = f"postgresql://chinwag:{engines.postgres.password}@{HOST}:{engines.postgres.port}"
        cluster = Cluster(folder, f"{at}/chinwag", f"nats://chinwag:{engines.nats.password}@{HOST}:{engines.nats.port}")
        more = cluster.environment | settings_of(work / "source")
        old = Old(work / "source", cluster.data, more)
        old.run("cluster", "init")
        with old.serving():
            expected = live(old, work / "source")
        program = fetch(cache_folder(), print).postgres / "pg_dump"
        dump = [str(program), "--format=custom", "--no-owner", f"--file={target / 'cluster.dump'}", cluster.database]
        subprocess.run(dump, check=True)  # noqa: ASYNC221, S603 - our own, and nobody waits
    (target / "cluster.json").write_text(json.dumps(expected, indent=1, ensure_ascii=True) + "\n")
    (target / "cluster.secret").write_bytes((cluster.data / "cluster.secret").read_bytes())


def _changing(source: Path) -> bool:
    """Whether messages could be edited, deleted, reacted to and pinned in that version."""
    return (source / "src/chinwag/domain/reactions.py").exists()


def _pushing(source: Path) -> bool:
    """Whether that version had media and pushes."""
    return (source / "src/chinwag/domain/push.py").exists()


def _widening(source: Path) -> bool:
    """Whether that version had groups whose members are kept in rows."""
    return (source / "src/chinwag/domain/wide.py").exists()


def settings_of(source: Path) -> dict[str, str]:
    """What that version is told besides."""
    return (PUSHING if _pushing(source) else {}) | (WIDENING if _widening(source) else {})


def live(old: Old, source: Path) -> dict[str, Any]:
    """People who talk, and what must be found of it later."""
    changing = _changing(source)
    people = []
    for person in ("Anna", "\u674e\u96f7", "m\u00e4rta"):
        old.ask("POST", "/v1/accounts", {"name": person, "password": PASSWORD, "display_name": f"{person}!"})
        people.append(old.ask("POST", "/v1/sessions", {"name": person, "password": PASSWORD, "device": "kept"}))
    anna, lei, marta = people
    ids = [one["account"]["id"] for one in people]
    # A cursor from before everything: what is behind it must come once, in order.
    begun = old.ask("GET", "/v1/cursor", token=lei["access_token"])["cursor"]
    group = old.ask(
        "POST", "/v1/conversations", {"title": "kept", "members": ids[1:]}, anna["access_token"], "the group"
    )["conversation"]
    placed = [_say(old, people[number % 3], group, text, f"send {number}") for number, text in enumerate(TEXTS)]
    # Again under the same keys, they must find the same numbers.
    commands = [
        {
            "by": one % 3,
            "key": f"send {one}",
            "method": "POST",
            "path": "/messages",
            "body": _message(text),
            "number": placed[one],
        }
        for one, text in enumerate(TEXTS)
    ]
    if changing:
        commands += _change(old, people, group, placed)
    more = _share(old, people, group) if _pushing(source) else {}
    wide = _widen(old, people) if _widening(source) else ""
    direct = f"d~{'~'.join(sorted(ids[:2]))}"
    _say(old, anna, direct, "only for you", "direct")
    old.ask("PUT", f"/v1/friends/{ids[0]}", None, marta["access_token"])
    old.ask("PUT", f"/v1/friends/{ids[2]}", None, anna["access_token"])
    cursors = [old.ask("GET", "/v1/cursor", token=one["access_token"])["cursor"] for one in people]
    history = {
        name: old.ask("GET", f"/v1/conversations/{name}/messages?limit=100", token=anna["access_token"])["events"]
        for name in (group, direct, wide)
        if name
    }
    if wide:
        token = anna["access_token"]
        more["members"] = {wide: old.ask("GET", f"/v1/conversations/{wide}/members", token=token)["members"]}
    pins = old.ask("GET", f"/v1/conversations/{group}/pins", token=anna["access_token"])["messages"] if changing else []
    kept = [{key: one[key] for key in ("account", "device", "access_token", "refresh_token")} for one in people]
    return {
        "password": PASSWORD,
        "people": kept,
        "group": group,
        "direct": direct,
        "begun": begun,
        "cursors": cursors,
        "history": history,
        "commands": commands,
        "pins": pins,
        **more,
    }


def _widen(old: Old, people: list[dict[str, Any]]) -> str:
    """A group whose members are in rows since the third has come; all of them write, and react to one message."""
    ids = [one["account"]["id"] for one in people]
    anna = people[0]["access_token"]
    made = old.ask("POST", "/v1/conversations", {"title": "wide", "members": [ids[1]]}, anna, "the wide group")
    wide: str = made["conversation"]
    _say(old, people[1], wide, "before it was wide", "wide 1")
    add = {"change": {"type": "add", "account": ids[2]}}
    old.ask("POST", f"/v1/conversations/{wide}/changes", add, anna, "wide add")
    numbers = [_say(old, one, wide, f"as one of {len(people)}", f"wide by {by}") for by, one in enumerate(people)]
    for by, one in enumerate(people):
        path = f"/v1/conversations/{wide}/messages/{numbers[0]}/reactions/{quote(HEART)}"
        old.ask("PUT", path, None, one["access_token"], f"wide reaction {by}")
    return wide


def _share(old: Old, people: list[dict[str, Any]], group: str) -> dict[str, Any]:
    """A picture and a file that are sent, one that is forwarded and one that is deleted; a face; a browser that
    subscribes. As what must be found: media by number with their SHA-256, each device's subscription."""
    anna, lei, _ = (one["access_token"] for one in people)
    where = f"/v1/conversations/{group}/messages"
    numbers = []
    for turn, (token, content, kind) in enumerate(
        ((anna, _picture("red"), "picture"), (lei, FILE, "file"), (anna, _picture("blue"), "picture"))
    ):
        upload = old.ask("POST", f"/v1/media?name=kept-{turn}&as={kind}", content, token)
        while (found := old.ask("GET", f"/v1/media/{upload['id']}?wait=20", token=token))["state"] == "processing":
            pass
        assert found["state"] == "ready", found
        body = {"body": {"type": "media", "upload": upload["id"], "caption": f"kept {turn}"}}
        numbers.append(old.ask("POST", where, body, token, f"media {turn}")["number"])
    source = {"from": {"conversation": group, "number": numbers[1]}}
    numbers.append(old.ask("POST", where, {"body": {"type": "media", **source}}, anna, "forward")["number"])
    gone = numbers.pop(2)
    old.ask("DELETE", f"{where}/{gone}", None, anna, "media deleted")
    face = old.ask("POST", "/v1/media?name=face&as=picture", _picture("green"), anna)
    while old.ask("GET", f"/v1/media/{face['id']}?wait=20", token=anna)["state"] == "processing":
        pass
    old.ask("PUT", "/v1/me/avatar", {"upload": face["id"]}, anna)
    browser = PushBrowser()
    keys = {"p256dh": base64url(browser.p256dh), "auth": base64url(browser.auth)}
    subscription = {"web": {"endpoint": "https://push.example/kept", **keys}}
    told = old.ask("PUT", "/v1/push/subscription", subscription, lei)
    paths = [f"{where}/{number}/media" for number in numbers] + [f"/v1/users/{people[0]['account']['id']}/avatar"]
    return {
        "media": {path: hashlib.sha256(old.fetch(path, anna)).hexdigest() for path in paths},
        "media_gone": f"{where}/{gone}/media",
        "subscription": {"by": 1, "told": told},
    }


def _picture(color: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (640, 400), color).save(out, "JPEG")
    return out.getvalue()


def _change(old: Old, people: list[dict[str, Any]], group: str, placed: list[int]) -> list[dict[str, Any]]:
    """The first is edited twice, the second edited and deleted, the fourth deleted; the third is answered, reacted to
    and pinned, as is the fifth, from which both are taken again. As commands."""
    first, second, third, fourth, fifth = (f"/messages/{number}" for number in placed)
    heart = quote(HEART)
    reply = _message("to you") | {"reply_to": placed[2]}
    reply["body"]["mentions"] = [people[1]["account"]["id"]]
    made: list[dict[str, Any]] = []
    for by, method, path, body in (
        (0, "PUT", first, _message("hello, once more")),
        (1, "PUT", second, _message("something that was regretted")),
        (0, "PUT", first, _message("hello, at last")),
        (1, "DELETE", second, None),
        (0, "DELETE", fourth, None),
        (0, "POST", "/messages", reply),
        *((by, "PUT", f"{third}/reactions/{heart}", None) for by in range(3)),
        (1, "PUT", f"{fifth}/reactions/{heart}", None),
        (1, "DELETE", f"{fifth}/reactions/{heart}", None),
        *((0, "POST", "/changes", {"change": {"type": "pin", "number": placed[one]}}) for one in (2, 4)),
        (0, "POST", "/changes", {"change": {"type": "pin", "number": placed[4], "on": False}}),
    ):
        key = f"change {len(made)}"
        answer = old.ask(method, f"/v1/conversations/{group}{path}", body, people[by]["access_token"], key)
        made.append({"by": by, "key": key, "method": method, "path": path, "body": body, "number": answer["number"]})
    return made


def _say(old: Old, person: dict[str, Any], conversation: str, text: str, key: str = "later") -> int:
    where = f"/v1/conversations/{conversation}/messages"
    return int(old.ask("POST", where, _message(text), person["access_token"], key)["number"])


def _message(text: str) -> dict[str, Any]:
    return {"body": {"type": "text", "text": text}}


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Nobody's name in it, nor a socket, nor what RocksDB writes for people to read."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    name = Path(member.name).name
    return member if (member.isfile() or member.isdir()) and not name.startswith(("LOG", "control.sock")) else None


if __name__ == "__main__":
    main(sys.argv[1])
