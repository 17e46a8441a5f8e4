"""What a client frame is over HTTP, and what the answer to it is as a frame: both transports say the same."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec

from chinwag.wire.conversations import Placed
from chinwag.wire.errors import Problem
from chinwag.wire.frames import Ack, ClientFrame, Error
from chinwag.wire.values import ClientId

_MESSAGE: Final = "/v1/conversations/{conversation}/messages/{number}"
SAID: Final[Mapping[str, tuple[str, str, tuple[str, ...]]]] = {
    "send": ("POST", "/v1/conversations/{conversation}/messages", ("body", "reply_to", "after")),
    "edit": ("PUT", _MESSAGE, ("body", "after")),
    "delete": ("DELETE", _MESSAGE, ("after",)),
    "react": ("PUT", f"{_MESSAGE}/reactions/{{reaction}}", ("after",)),
    "change": ("POST", "/v1/conversations/{conversation}/changes", ("change",)),
    "read": ("POST", "/v1/conversations/{conversation}/read", ("number",)),
    "typing": ("POST", "/v1/conversations/{conversation}/typing", ()),
    "received": ("POST", "/v1/received", ("position",)),
    "watch": ("POST", "/v1/watch", ("conversations",)),
    "ping": ("POST", "/v1/heartbeat", ()),
}
"""What a frame of each type is, where it goes, and which of its fields go in the body (of a DELETE or a reaction, in
the query). `id` goes as Idempotency-Key. A reaction taken back is a DELETE."""


class Request(msgspec.Struct, frozen=True):
    """One request. body: None for none. key: its Idempotency-Key, which is there if an answer is waited for."""

    method: str
    path: str
    body: dict[str, Any] | None
    key: ClientId | None


def request_of(frame: ClientFrame | Mapping[str, Any]) -> Request:
    """The request that says what `frame` says, which may be plain JSON to be wrong on purpose.

    A conversation must be named: `to` is of sockets alone. Raises KeyError for a frame that HTTP has no request for.
    """
    plain = frame if isinstance(frame, Mapping) else msgspec.to_builtins(frame)
    method, address, fields = SAID[plain["type"]]
    body = {field: plain[field] for field in fields if plain.get(field, ...) is not ...}
    path = address.format(
        conversation=plain.get("conversation", ""),
        number=plain.get("number", ""),
        reaction=quote(str(plain.get("reaction", "")), safe=""),
    )
    if plain["type"] == "react" and plain.get("on") is False:
        method = "DELETE"
    if method == "DELETE" or plain["type"] == "react":
        query = urlencode({name: value for name, value in body.items() if value is not None})
        return Request(method, f"{path}?{query}" if query else path, None, plain.get("id"))
    return Request(method, path, body if fields else None, plain.get("id"))


def answer_to(name: ClientId, status: int, content: bytes) -> Ack | Error:
    """The answer to the send or change `name`, as the frame that a socket would have brought."""
    if status < 300:
        placed = msgspec.json.decode(content, type=Placed)
        return Ack(name, placed.conversation, placed.number, placed.sent_at)
    why = problem_of(status, content)
    return Error(why.code, why.title, why.retryable, why.retry_after, name)


def problem_of(status: int, content: bytes) -> Problem:
    """Why a request was refused. What is no problem document counts as a mistake that a retry may help."""
    try:
        return msgspec.json.decode(content, type=Problem)
    except msgspec.DecodeError:
        return Problem("", f"no problem document: {content[:80]!r}", status, "internal", retryable=True)
