"""A device's link without a socket: what it says goes out as POSTs, one at a time and in order.

What HTTP says in words of its own (a `Placed`, a problem document) is put into the frames that a socket would have
brought. How it hears is another's business: `tests/support/transports.py`.
"""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

import httpx2
from prove.protocol.requests import Request, answer_to, problem_of, request_of
from prove.protocol.socket import CUT, OnFrame
from tests.support.following import follow_by_polls

from chinwag.domain.refusal import Code
from chinwag.wire.codec import encode
from chinwag.wire.errors import CATALOGUE, Problem
from chinwag.wire.frames import Bye, Error

PATIENCE: Final = 90.0
"""Seconds for any part of an answer: more than the longest poll waits."""
TRIES: Final = 100
"""Refusals with Retry-After in a row after which a link gives up."""
LITTLE: Final = 64 << 10
"""Bytes of a receive buffer with little room. It is set once connected, and a smaller one makes loopback crawl."""


class Over(Exception):  # noqa: N818 - it ends a session, and is no error
    """The server has ended it, with this code."""

    def __init__(self, code: str, retry_after: float = 0.0) -> None:
        super().__init__(code)
        self.code = code
        self.retry_after = retry_after


Hear = Callable[["HttpLink", str | None], Awaitable[None]]
"""Listens after a cursor until the server ends it. Raises `Over`."""


class HttpLink:
    """A device without a socket. `hello` begins to listen; any other frame is a POST."""

    def __init__(self, url: str, on_frame: OnFrame, hear: Hear, *, small: bool = False) -> None:
        options = [(socket.SOL_SOCKET, socket.SO_RCVBUF, LITTLE)] if small else None
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.refusal = asyncio.Event()
        """A request was answered 429 or 503, and was or will be made again when the server said."""
        self._on_frame = on_frame
        self._hear = hear
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._posts: asyncio.Queue[Request] = asyncio.Queue()
        self._following: dict[str, asyncio.Task[None]] = {}
        self.follows = "false"
        """Whether the device can follow large groups, as a query says it."""
        self._tasks: list[asyncio.Task[None]] = []
        # Whatever the environment says of proxies is not for loopback.
        self._http = httpx2.AsyncClient(
            base_url=url,
            timeout=PATIENCE,
            transport=httpx2.AsyncHTTPTransport(verify=False, trust_env=False, socket_options=options),
        )

    # The device's side

    def send(self, payload: bytes) -> None:
        if self.ended.done():
            return
        frame = json.loads(payload)
        if frame["type"] in ("follow", "unfollow"):
            self._follow(frame)
            return
        if frame["type"] != "hello":
            self._posts.put_nowait(request_of(frame))
            return
        self.follows = str("follow" in frame.get("features", ())).lower()
        self._http.headers["authorization"] = f"Bearer {frame['token']}"
        self._tasks = [
            asyncio.create_task(self._live(self._hear(self, frame.get("cursor")))),
            asyncio.create_task(self._live(self._speak())),
        ]

    def stall(self) -> None:
        self._flowing.clear()

    def resume(self) -> None:
        self._flowing.set()

    def cut(self) -> None:
        self._flowing.set()
        self._end(CUT)

    # The network's side

    def frame(self, payload: bytes) -> None:
        """A frame for the device."""
        if not self.ended.done():
            self._on_frame(payload)

    async def flowing(self) -> None:
        """Wait while the device takes nothing."""
        await self._flowing.wait()

    async def ask(self, method: str, path: str, body: object = None, key: str | None = None) -> httpx2.Response:
        """One request, made again for as long as the server says when to."""
        async with self.answer(method, path, body, key) as answer:
            await self._flowing.wait()
            await answer.aread()
            return answer

    @contextlib.asynccontextmanager
    async def answer(
        self, method: str, path: str, body: object = None, key: str | None = None, cursor: str | None = None
    ) -> AsyncIterator[httpx2.Response]:
        """As `ask`, with the body still to be read."""
        headers = {"content-type": "application/json"} if body is not None else {}
        if key is not None:
            headers["idempotency-key"] = key
        if cursor is not None:
            headers["last-event-id"] = cursor
        written = {name.encode(): value.encode() for name, value in headers.items()}  # a key is UTF-8
        # Not by the client's own encoder: only escapes can carry half a surrogate pair.
        content = None if body is None else json.dumps(body).encode()
        for _ in range(TRIES):
            async with self._http.stream(method, path, headers=written, content=content) as answer:
                if answer.status_code not in (429, 503) or "retry-after" not in answer.headers:
                    yield answer
                    return
                await answer.aread()
                self.refusal.set()
                wait = float(answer.headers["retry-after"])
            await asyncio.sleep(wait)
        raise AssertionError(f"{method} {path} was refused {TRIES} times")

    def _follow(self, frame: dict[str, Any]) -> None:
        """Polls for the changes of a group, in place of a feed."""
        name = frame["conversation"]
        before = self._following.pop(name, None)
        if before is not None:
            before.cancel()
            self._tasks.remove(before)
        if frame["type"] == "follow":
            polling = self._live(follow_by_polls(self, name, frame["after"]), ends=False)
            self._following[name] = task = asyncio.create_task(polling)
            self._tasks.append(task)

    async def _speak(self) -> None:
        while True:
            post = await self._posts.get()
            answer = await self.ask(post.method, post.path, post.body, post.key)
            if not answer.is_success:
                why = problem_in(answer)
                self.frame(encode(Error(why.code, why.title, why.retryable, why.retry_after, post.key)))
            elif post.key is not None:
                self.frame(encode(answer_to(post.key, answer.status_code, answer.content)))

    async def _live(self, work: Awaitable[None], *, ends: bool = True) -> None:
        """Do one side's work; when it is over, all is, unless it only ends by itself."""
        code = CUT
        try:
            await work
        except Over as over:
            self.frame(encode(Bye(over.code, over.retry_after)))
            code = CATALOGUE[Code(over.code)].close
        except httpx2.TransportError:
            pass
        except Exception as failure:
            if not self.ended.done():
                self.ended.set_exception(failure)
        else:
            if not ends:
                return
        self._end(code)

    def _end(self, code: int) -> None:
        if not self.ended.done():
            self.ended.set_result(code)
        for task in self._tasks:
            if task is not asyncio.current_task():
                task.cancel()
        self._closing = asyncio.ensure_future(self._http.aclose())


def problem_in(answer: httpx2.Response) -> Problem:
    """Why a request was refused. It must say so as it should."""
    assert answer.headers["content-type"] == "application/problem+json", f"{answer.status_code} {answer.text}"
    return problem_of(answer.status_code, answer.content)


def check(answer: httpx2.Response) -> None:
    """Raises `Over` if it was refused."""
    if not answer.is_success:
        why = problem_in(answer)
        raise Over(why.code, why.retry_after or 0.0)
