"""Somebody who is in nobody's record: what it says and hears is looked at by the moment that needs it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

from chinwag.wire.frames import Bye, Event, ServerFrame, Welcome
from chinwag.wire.values import AccountId, ConversationId, Text, direct_id
from prove.cluster.people import Witness
from prove.storm.http_connection import Answer, Asking
from prove.storm.links import Link
from prove.storm.people import Person

PATIENCE: Final = 60.0
"""Seconds for what must come sooner or later."""
LOOK: Final = 0.02
LATER: Final = (408, 429, 500, 502, 503)


class Heard:
    """A session of a witness."""

    def __init__(self, person: Person) -> None:
        self.token = person.token
        self.welcome_at: float | None = None
        """When it was welcome, of `time.monotonic`."""
        self.events: list[bytes] = []
        self.code = ""
        self.ended_at: float | None = None
        """When it ended, of `time.monotonic`."""
        self.link: Link | None = None

    def frame(self, link: Link, frame: ServerFrame) -> None:
        """Something came."""
        self.link = link
        if isinstance(frame, Welcome):
            self.welcome_at = time.monotonic()
        elif isinstance(frame, Event):
            self.events.append(bytes(frame.event))
        elif isinstance(frame, Bye):
            self.code = frame.code

    def ended(self, link: Link) -> None:
        """The connection is gone."""
        self.ended_at = time.monotonic()

    @property
    def welcome(self) -> bool:
        """Whether it is in."""
        return self.welcome_at is not None

    def cut(self) -> None:
        """End it without a word."""
        if self.link is not None:
            self.link.cut()

    def has(self, words: str) -> bool:
        """Whether a message with these words came."""
        return any(words.encode() in event for event in self.events)


async def asked(url: str, method: str, path: str, person: Person, body: object = None, key: str = "") -> Answer | None:
    """One request to one process; None if it ended without an answer."""
    asking = Asking(lambda: url)
    try:
        return await asking.ask(method, path, person.token, body=body, key=key or None)
    except TimeoutError:
        return None
    finally:
        asking.close()


async def surely(ask: Callable[[], Awaitable[Answer | None]]) -> Answer:
    """The answer that stands, of as many tries as it takes. Raises TimeoutError."""
    async with asyncio.timeout(PATIENCE):
        while True:
            answer = await ask()
            if answer is not None and answer.status not in LATER:
                return answer
            await asyncio.sleep(0.1)


def between(one: Witness, other: Witness) -> ConversationId:
    """Their direct conversation."""
    return direct_id(AccountId(one[0].account), AccountId(other[0].account))


async def write(url: str, one: Witness, other: Witness, words: str) -> Answer | None:
    """Send the other a message; its id is what it says."""
    path = f"/v1/conversations/{between(one, other)}/messages"
    return await asked(url, "POST", path, one[0], {"body": Text(words)}, words)


async def until(true: Callable[[], object], seconds: float) -> bool:
    """Whether it came to be so in time."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(LOOK)
    return True
