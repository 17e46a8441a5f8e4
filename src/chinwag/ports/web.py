"""The Web as the server asks it: other people's servers, none of them trusted with much of this one's time."""

from collections.abc import Mapping
from typing import Final, Protocol

import msgspec

ANSWER_BYTES: Final = 256 * 1024
"""The most that is read of an answer."""
ANSWER_SECONDS: Final = 5.0
"""How long one may take, from the name's look-up to its last byte."""


class WebAnswer(msgspec.Struct, frozen=True):
    """An answer, whatever its status. content_type: without parameters, in lower case."""

    status: int
    content_type: str
    body: bytes

    def __repr__(self) -> str:
        return f"WebAnswer({self.status}, {len(self.body)} bytes)"


class AwayError(Exception):
    """No whole answer came: the server is away, took longer than `ANSWER_SECONDS`, said more than `ANSWER_BYTES`, or
    sent its asker elsewhere. The message says which, and holds nothing that it sent."""


class Web(Protocol):
    """Requests to other servers. Each takes `ANSWER_SECONDS` at most, reads `ANSWER_BYTES` at most and follows no
    redirect: where an answer came from is where it was asked for. Nothing is repeated. All raise `AwayError`."""

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> WebAnswer:
        """GET."""
        ...

    async def post(self, url: str, form: Mapping[str, str], headers: Mapping[str, str] | None = None) -> WebAnswer:
        """POST a form (application/x-www-form-urlencoded)."""
        ...

    async def close(self) -> None:
        """Let go of all connections."""
        ...
