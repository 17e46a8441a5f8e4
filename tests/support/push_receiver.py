"""A push service for browsers, on loopback: it opens what it gets with each browser's keys, checks every header and the
signature, and answers as a test wants it."""

import asyncio
import re
import ssl
import time
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from tests.support.certificate import make_certificate
from tests.support.push_browser import PushBrowser, base64url, unbase64url

DAY: Final = 86_400
_TOPIC: Final = re.compile(r"[A-Za-z0-9_-]{1,32}")
_PUSHED: Final = 201


class Say(msgspec.Struct, frozen=True):
    """Answer with this status."""

    status: int = _PUSHED
    headers: dict[str, str] = {}
    body: bytes = b""


class CutOff(msgspec.Struct, frozen=True):
    """Read the push, and close without an answer."""


class Garbage(msgspec.Struct, frozen=True):
    """Answer something that is no HTTP."""


class Hang(msgspec.Struct, frozen=True):
    """Read the push, and answer when the receiver ends."""


Answer = Say | CutOff | Garbage | Hang


class Pushed(msgspec.Struct, frozen=True):
    """A push that arrived. at: seconds of a clock that only rises; length: bytes of the payload when it is opened."""

    headers: dict[str, str]
    payload: dict[str, Any]
    length: int
    at: float


class Subscription:
    """One browser's. pushed: what arrived, whatever was answered; key: the `applicationServerKey`."""

    def __init__(self, endpoint: str, key: str) -> None:
        self.endpoint = endpoint
        self.key = key
        self.browser = PushBrowser()
        self.answers: deque[Answer] = deque()
        self.always: Answer = Say()
        """What is answered when `answers` is empty."""
        self.pushed: list[Pushed] = []

    @property
    def body(self) -> dict[str, Any]:
        """As a client gives it to the server."""
        keys = {"p256dh": base64url(self.browser.p256dh), "auth": base64url(self.browser.auth)}
        return {"web": {"endpoint": self.endpoint} | keys}

    @property
    def shown(self) -> list[dict[str, Any]]:
        """What the browser would have, had it been away till now: of one topic the last (RFC 8030, 5.4), and nothing
        that a later one takes back."""
        kept: dict[str, dict[str, Any]] = {}
        for one in self.pushed:
            for _, tag in one.payload.get("also", ()):
                kept.pop(tag, None)
            kept.pop(one.headers["topic"], None)
            kept[one.headers["topic"]] = one.payload
        return list(kept.values())


class PushReceiver:
    """wrong: what was found wrong with a push, which was answered with 400 then; a test that ends looks whether it is
    empty. authorities: what its certificate is held against; None without TLS."""

    def __init__(self, authorities: ssl.SSLContext | None = None) -> None:
        self.origin = ""
        self.authorities = authorities
        self.wrong: list[str] = []
        self.contact: str | None = None
        """Whoever runs the server must be this one; None: anybody."""
        self._subscriptions: dict[str, Subscription] = {}
        self._over = asyncio.Event()
        self._news = asyncio.Condition()
        self._serving: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    def subscribe(self, key: str, answers: Sequence[Answer] = ()) -> Subscription:
        """One more browser. key: what it was told by the server; answers: to its next pushes."""
        path = f"/push/{len(self._subscriptions)}-{base64url(PushBrowser().auth)}"
        made = self._subscriptions[path] = Subscription(self.origin + path, key)
        made.answers.extend(answers)
        return made

    async def until(self, subscription: Subscription, count: int, seconds: float = 60.0) -> list[Pushed]:
        """Wait until so many pushes of it have arrived. The seconds decide nothing but that a test fails."""
        async with asyncio.timeout(seconds), self._news:
            await self._news.wait_for(lambda: len(subscription.pushed) >= count or self.wrong)
        assert self.wrong == []
        return subscription.pushed

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A connection, with requests one after the other."""
        task = asyncio.current_task()
        assert task is not None
        self._serving[task] = writer
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
                while await self._request(reader, writer):
                    pass
            writer.close()
        finally:
            del self._serving[task]

    async def end(self) -> None:
        """Let those go that hang, and close all connections."""
        self._over.set()
        serving = list(self._serving.items())
        for _, writer in serving:
            writer.transport.abort()
        await asyncio.gather(*(task for task, _ in serving), return_exceptions=True)

    async def _request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:-2])}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        method, path, _ = lines[0].split(" ")
        subscription = self._subscriptions.get(path)
        if subscription is None or method != "POST":
            answer: Answer = Say(404)
        else:
            try:
                pushed = self._opened(subscription, headers, body)
            except (AssertionError, ValueError, KeyError, JoseError, InvalidTag, msgspec.DecodeError) as error:
                self.wrong.append(f"{type(error).__name__}: {error}")
                answer = Say(400)
            else:
                subscription.pushed.append(pushed)
                answer = subscription.answers.popleft() if subscription.answers else subscription.always
            async with self._news:
                self._news.notify_all()
        return await self._say(writer, answer)

    def _opened(self, subscription: Subscription, headers: dict[str, str], body: bytes) -> Pushed:
        """The push, if all is right with it."""
        assert headers["content-encoding"] == "aes128gcm"
        assert headers["host"] == self.origin.partition("://")[2]
        assert 0 <= int(headers["ttl"]) <= 28 * DAY
        assert headers["urgency"] in ("very-low", "low", "normal", "high")
        assert _TOPIC.fullmatch(headers["topic"])
        assert "cookie" not in headers
        scheme, _, given = headers["authorization"].partition(" ")
        assert scheme.lower() == "vapid"
        parts = dict(part.strip().split("=", 1) for part in given.split(","))
        assert parts["k"] == subscription.key, "it subscribed with another key"
        self._signed(parts["t"], parts["k"])
        opened = subscription.browser.open(body)
        payload = msgspec.json.decode(opened, type=dict[str, Any])
        return Pushed(headers, payload, len(opened), time.monotonic())

    def _signed(self, token: str, key: str) -> None:
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unbase64url(key))
        numbers = point.public_numbers()
        public = ECKey.import_key(
            {
                "kty": "EC",
                "crv": "P-256",
                "x": base64url(numbers.x.to_bytes(32)),
                "y": base64url(numbers.y.to_bytes(32)),
            }
        )
        opened = jwt.decode(token, public, algorithms=["ES256"])
        assert opened.header["typ"] == "JWT"
        assert opened.claims["aud"] == self.origin
        assert 0 < opened.claims["exp"] - time.time() <= DAY, "RFC 8292, 2"
        contact = opened.claims["sub"]
        assert contact.startswith(("mailto:", "https:"))
        assert self.contact in (None, contact)

    async def _say(self, writer: asyncio.StreamWriter, answer: Answer) -> bool:
        """Whether the connection goes on."""
        match answer:
            case Say(status, headers, body):
                given = headers | {"content-length": str(len(body))}
                lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
                writer.write(f"HTTP/1.1 {status} So\r\n{lines}\r\n".encode() + body)
                await writer.drain()
                return True
            case CutOff():
                writer.transport.abort()
            case Garbage():
                writer.write(b"\x00\xff this is no HTTP \r\n\r\n")
                await writer.drain()
            case Hang():
                await self._over.wait()
        return False


@asynccontextmanager
async def push_receiver(folder: Path | None = None) -> AsyncIterator[PushReceiver]:
    """One on loopback: behind TLS with a certificate of its own made in `folder`, or without. Whoever sends to it must
    be allowed to reach this machine."""
    context = authorities = None
    if folder is not None:
        chain, private = make_certificate(folder)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(chain, private)
        authorities = ssl.create_default_context(cafile=str(chain))
    receiver = PushReceiver(authorities)
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0, ssl=context)
    scheme = "http" if context is None else "https"
    receiver.origin = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield receiver
        assert receiver.wrong == []
    finally:
        server.close()
        await receiver.end()
