"""A client of one page, written from docs/protocol.md alone: the standard library, HTTP, and nothing of Chinwag's.

`python examples/plain_client.py http://127.0.0.1:8420 ada "a password" ben` sends the lines that it reads to ben, and
writes what is said. It holds no socket: it sends by POST, reads by long poll, and keeps its place in a file.
"""

import json
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode


class RefusedError(Exception):
    """A problem document (RFC 9457)."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(f"{problem.get('code')}: {problem.get('detail') or problem.get('title')}")
        self.code = problem.get("code", "")
        self.retryable = problem.get("retryable", False)
        self.retry_after = problem.get("retry_after")


class PlainClient:
    """One device. `place` is the file that keeps its cursor."""

    def __init__(self, url: str, place: Path) -> None:
        self.url = url
        self.place = place
        self.account = self._access = self._refresh = ""
        self.heard: dict[tuple[str, int], dict[str, Any]] = {}
        """Numbered events by conversation and number: applying one twice changes nothing."""

    def ask(self, method: str, path: str, body: object = None, key: str | None = None, token: bool = True) -> Any:
        """One request, and again while the server says that this can help; with a fresh token when one is too old."""
        for pause in (0.1, 0.3, 1, 3, 10, 30, None):
            try:
                return self._once(method, path, body, key, token)
            except RefusedError as refused:
                if refused.code == "token_expired" and token:
                    self._renew()
                elif not refused.retryable or pause is None:
                    raise
                else:
                    time.sleep(refused.retry_after or pause)
            except OSError:
                if pause is None or (method == "POST" and key is None and path != "/v1/sessions/refresh"):
                    raise  # without a key a second POST might be a second message
                time.sleep(pause)
        raise AssertionError("the last try returns or raises")

    def _once(self, method: str, path: str, body: object, key: str | None, token: bool) -> Any:
        asked = urllib.request.Request(self.url + path, method=method)  # noqa: S310 - the address is the user's own
        if token:
            asked.add_header("Authorization", f"Bearer {self._access}")
        if key is not None:
            asked.add_header("Idempotency-Key", key)  # ours are ASCII
        if body is not None:
            asked.data = json.dumps(body).encode()
            asked.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(asked, timeout=40) as answer:  # noqa: S310
                content = answer.read()
        except urllib.error.HTTPError as error:
            raise RefusedError(json.loads(error.read() or b"{}")) from None
        return json.loads(content) if content else None

    def sign_up(self, name: str, password: str) -> None:
        """Make an account."""
        self.ask("POST", "/v1/accounts", {"name": name, "password": password}, token=False)

    def log_in(self, name: str, password: str) -> None:
        """Make this a new device, whose inbox begins where it is now."""
        self._take(self.ask("POST", "/v1/sessions", {"name": name, "password": password}, token=False))
        if not self.place.exists():
            self.place.write_text(self.ask("GET", "/v1/cursor")["cursor"])

    def _renew(self) -> None:
        attempt = str(uuid.uuid4())  # the same for each try, so that a lost answer is no theft
        body = {"refresh_token": self._refresh, "attempt": attempt}
        self._take(self.ask("POST", "/v1/sessions/refresh", body, token=False))

    def _take(self, tokens: dict[str, Any]) -> None:
        self.account = tokens["account"]["id"]
        self._access, self._refresh = tokens["access_token"], tokens["refresh_token"]

    def find(self, name: str) -> str:
        """The id of an account."""
        found = self.ask("GET", f"/v1/users?{urlencode({'name': name})}")["items"]
        if not found:
            raise KeyError(name)
        return str(found[0]["id"])

    def direct(self, other: str) -> str:
        """The name of the direct conversation with `other`; the first message begins it."""
        low, high = sorted((self.account, other))
        return f"d~{low}~{high}"

    def send(self, conversation: str, text: str, name: str | None = None) -> int:
        """Place a text; its number. `name`, chosen once for each message, makes every retry harmless."""
        body = {"body": {"type": "text", "text": text}}
        path = f"/v1/conversations/{quote(conversation, safe='~')}/messages"
        return int(self.ask("POST", path, body, key=name or str(uuid.uuid4()))["number"])

    def poll(self, wait: float = 25) -> list[dict[str, Any]]:
        """The events since last time, waiting for the first. Keep what they say before you call it again."""
        cursor = self.place.read_text()
        page = self.ask("GET", f"/v1/sync?{urlencode({'after': cursor, 'wait': wait})}")
        if page["reset"] is not None:
            if page["reset"] == "epoch":
                self.heard.clear()
            self.load()
        events = [one["event"] for one in page["events"]]
        self._keep(events)
        self.place.write_text(page["cursor"])  # asked with next, it says that all up to it is safe here
        return events

    def load(self) -> None:
        """The newest of every conversation, after a `reset`."""
        before: dict[str, str] = {}
        while True:
            page = self.ask("GET", f"/v1/conversations?{urlencode({'limit': 200, **before})}")
            for one in page["conversations"]:
                path = f"/v1/conversations/{quote(one['id'], safe='~')}/messages?limit=200"
                self._keep(self.ask("GET", path)["events"])
            if page["next"] is None:
                return
            before = {"before": page["next"]}

    def _keep(self, events: list[dict[str, Any]]) -> None:
        self.heard.update(((event["conversation"], event["number"]), event) for event in events if "ordinal" in event)


def main() -> None:
    """Talk with one person."""
    url, name, password, other = sys.argv[1:5]
    client = PlainClient(url, Path(f"plain_client.{quote(name, safe='')}.cursor"))
    client.log_in(name, password)
    conversation = client.direct(client.find(other))

    def listen() -> None:
        while True:
            for event in client.poll():
                if event["kind"] == "message" and event["conversation"] == conversation:
                    print(f"{'you' if event['from'] == client.account else other}: {event['body'].get('text')!r}")

    threading.Thread(target=listen, daemon=True).start()
    for line in sys.stdin:
        if line.strip():
            client.send(conversation, line.rstrip("\n"))


if __name__ == "__main__":
    main()
