"""Following a large group without a socket: polls for its changes, as frames that a socket would have brought."""

from typing import TYPE_CHECKING, Final

import msgspec
from prove.protocol.requests import problem_of

from chinwag.client.events import decode_numbered
from chinwag.wire.codec import encode
from chinwag.wire.conversations import EventPage
from chinwag.wire.frames import Error, Far, Feed, Followed, Unfollowed
from chinwag.wire.values import ConversationId, DeliveryChanged, Notice

if TYPE_CHECKING:
    from tests.support.http_link import HttpLink

WAIT: Final = 25
"""Seconds that a poll waits for something to come."""


async def follow_by_polls(link: "HttpLink", conversation: str, after: int) -> None:
    """Give what follows number `after`, until the group is small or may not be followed."""
    name, at, wait = ConversationId(conversation), after, 0
    while True:
        answer = await link.ask("GET", f"/v1/conversations/{name}/changes?after={at}&wait={wait}&limit=200")
        if not answer.is_success:
            why = problem_of(answer.status_code, answer.content)
            if not wait:
                link.frame(encode(Error(why.code, why.title, why.retryable, conversation=name, frame="follow")))
            elif why.code == "not_large":
                link.frame(encode(Unfollowed(name, at, "small")))
            else:
                assert why.code == "not_member", why
                link.frame(encode(Unfollowed(name, at, "not_member")))
            return
        page = msgspec.json.decode(answer.content, type=EventPage)
        if page.far:
            link.frame(encode(Far(name, page.head)))
            return
        if not wait:
            at = min(at, page.head)
            link.frame(encode(Followed(name, at)))
        for raw in page.events:
            event = decode_numbered(raw)
            if event.number != at + 1:
                link.frame(encode(Followed(name, event.number - 1)))
            at = event.number
            link.frame(encode(Feed(name, raw)))
            if isinstance(event, Notice) and event.change == DeliveryChanged(large=False):
                link.frame(encode(Unfollowed(name, at, "small")))
                return
        wait = WAIT
