"""The transports beside the socket: short and long polls, server-sent events, and POSTs for what clients say.

They read the same inbox with the same cursor, and their posts take the same way.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Final

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, HeaderParameter, JSONBody, QueryParameter
from litestar.response import Stream

from chinwag.domain.ids import ConversationId, check_conversation_id
from chinwag.domain.refusal import Code, Refused
from chinwag.flow import afresh, catch_up
from chinwag.flow.access.admission import Principal
from chinwag.flow.fan_out import FanOut
from chinwag.flow.follow import Follower
from chinwag.flow.heed import ends_session
from chinwag.flow.marks import MarkFlow
from chinwag.flow.sharing import Keeping
from chinwag.flow.states import States
from chinwag.flow.typing import tell_typing
from chinwag.ports.bus import Bus
from chinwag.ports.inbox import Inbox
from chinwag.ports.message_store import MessageStore
from chinwag.roles.api.admit import Caller
from chinwag.roles.api.heard import WAIT_MOST, Heard
from chinwag.roles.api.nudges import Nudges
from chinwag.roles.api.old import OldDevices
from chinwag.roles.budgets import Budgets
from chinwag.wire.codec import Cursor, encode, event_frame, parse_cursor, signal_frame
from chinwag.wire.frames import Bye, Event, Reset
from chinwag.wire.sync import PostRead, PostReceived, SyncPage

EVENTS: Final = 100
EVENTS_MOST: Final = 500
COMMENT_SECONDS: Final = 10.0
"""A stream that has nothing to say says a comment this often, so that both ends notice a dead connection."""

After = Annotated[str | None, QueryParameter(description="The cursor; none: begin at the head.")]
Follows = Annotated[
    bool, QueryParameter(name="follow", description="Whether the client watches and follows large groups.")
]


class SyncServices(msgspec.Struct, frozen=True, kw_only=True):
    """The legs of the way that these addresses call."""

    fan_out: FanOut
    marks: MarkFlow
    states: States
    keeping: Keeping
    inbox: Inbox
    store: MessageStore
    bus: Bus
    heard: Heard
    nudges: Nudges
    old: OldDevices
    budgets: Budgets


Sync = NamedDependency[SyncServices]
"""The dependency `sync`."""


def sync_routes(services: SyncServices) -> Router:
    """Every transport that is not a socket."""
    return Router(
        path="/v1",
        route_handlers=[get_sync, get_events, post_heartbeat, post_received, post_read, post_typing],
        dependencies={"sync": Provide(lambda: services, sync_to_thread=False)},
    )


@get("/sync", operation_id="sync", summary="Poll for events", tags=["transports"])
async def get_sync(
    sync: Sync,
    principal: Caller,
    after: After = None,
    wait: Annotated[
        float, QueryParameter(ge=0, le=WAIT_MOST, description="Seconds to wait if there is nothing.")
    ] = 0.0,
    limit: Annotated[int, QueryParameter(ge=1, le=EVENTS_MOST, description="Events at most.")] = EVENTS,
    follows: Follows = False,
) -> SyncPage:
    """What lies after the cursor. With `wait` 0 a short poll, else a long one. Counts as a heartbeat.

    Asking with a cursor says that everything up to it is safe on the device.
    """
    sync.heard.poll(principal)
    cursor = parse_cursor(after) if after is not None else None
    start = await _start(sync, principal, cursor)
    begins = start.reset is not None or cursor is None
    sync.old.came(principal, follows, begins)
    if begins:
        return SyncPage(str(Cursor(start.epoch, start.position)), [], reset=start.reset)
    with Follower(sync.fan_out, principal.account, principal.device) as follower:
        stretch = await catch_up.read(sync.inbox, sync.store, principal.account, start.position, limit)
        if not stretch.events and wait > 0:
            with sync.heard.held(principal):
                stretch = await _wait(sync, follower, start, wait, limit)
        sync.nudges.passed(principal.device, stretch.events)
        sync.old.passed(principal.device, stretch.events)
    if stretch.bounds.epoch != start.epoch:
        position = await afresh.afresh(sync.inbox, sync.store, principal.account, stretch.bounds)
        return SyncPage(str(Cursor(stretch.bounds.epoch, position)), [], reset="epoch")
    if sync.old.take(principal.device):
        position = await afresh.again(sync.inbox, sync.store, principal.account, start.epoch, start.position)
        return SyncPage(str(Cursor(start.epoch, position)), [], reset="old")
    page = catch_up.within(stretch)
    events = [Event(page.position + index, msgspec.Raw(event)) for index, event in enumerate(page.events)]
    position = start.position + len(events)
    more = position < stretch.bounds.head
    # What has passed by then may have ended a watch.
    nudges = [] if more else sync.nudges.take(principal.device)
    return SyncPage(str(Cursor(start.epoch, position)), events, more=more, nudges=nudges)


async def _wait(
    sync: SyncServices, follower: Follower, start: catch_up.Start, seconds: float, limit: int
) -> catch_up.Stretch:
    """Wait for the first event after `start`, a nudge, a new epoch, or that an old client is to load afresh; signals
    do not end the wait."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    device = follower.device
    with sync.nudges.waking(device, follower.wake), sync.old.waking(device, follower.wake):
        while True:
            nudged = sync.nudges.waits_for(device) or sync.old.waits_for(device)
            woken = nudged or await follower.wait(max(0.0, end - loop.time()))
            stretch = await catch_up.read(sync.inbox, sync.store, follower.account, start.position, limit)
            if stretch.events or nudged or not woken or stretch.bounds.epoch != start.epoch:
                return stretch


@get(
    "/events",
    operation_id="streamEvents",
    summary="A stream of events",
    tags=["transports"],
    media_type="text/event-stream",
)
async def get_events(
    sync: Sync,
    principal: Caller,
    last_event_id: Annotated[
        str | None, HeaderParameter(name="Last-Event-ID", description="The cursor to go on from.")
    ] = None,
    after: After = None,
    follows: Follows = False,
) -> Stream:
    """Server-sent events: `event`, `signal`, `reset` and `bye`, with the frames of the socket as data.

    The id of an event is the cursor after it. The stream ends when no heartbeat or poll of
    the device came for as long as a socket may be silent.
    """
    sync.heard.poll(principal)
    given = last_event_id if last_event_id is not None else after
    cursor = parse_cursor(given) if given is not None else None
    start = await _start(sync, principal, cursor)
    sync.old.came(principal, follows, start.reset is not None or cursor is None)
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return Stream(_events(sync, principal, start), media_type="text/event-stream", headers=headers)


async def _events(sync: SyncServices, principal: Principal, start: catch_up.Start) -> AsyncIterator[bytes]:
    """The stream. It reads the inbox at the pace at which the connection takes it, so nothing queues here."""
    epoch, position = start.epoch, start.position
    try:
        with sync.heard.held(principal), Follower(sync.fan_out, principal.account, principal.device) as follower:
            nudges, old = sync.nudges, sync.old
            if start.reset is not None:
                yield _line("reset", str(Cursor(epoch, position)), encode(Reset(start.reset, epoch, position)))
            else:
                yield b"id: %s\n: welcome\n\n" % str(Cursor(epoch, position)).encode()
            while True:
                stretch = await catch_up.read(sync.inbox, sync.store, principal.account, position)
                if stretch.bounds.epoch != epoch:
                    epoch = stretch.bounds.epoch
                    position = await afresh.afresh(sync.inbox, sync.store, principal.account, stretch.bounds)
                    yield _line("reset", str(Cursor(epoch, position)), encode(Reset("epoch", epoch, position)))
                    continue
                for event in stretch.events:
                    position += 1
                    yield _line("event", f"{epoch}.{position}", event_frame(position, event))
                    _heed(event, principal)
                nudges.passed(principal.device, stretch.events)
                old.passed(principal.device, stretch.events)
                if stretch.events:
                    continue
                if position < stretch.bounds.floor:
                    # What came next was given up, as it is older than what is kept (P7 of docs/guarantees.md).
                    position = await afresh.afresh(sync.inbox, sync.store, principal.account, stretch.bounds)
                    yield _line("reset", str(Cursor(epoch, position)), encode(Reset("old", epoch, position)))
                    continue
                if old.take(principal.device):
                    position = await afresh.again(sync.inbox, sync.store, principal.account, epoch, position)
                    yield _line("reset", str(Cursor(epoch, position)), encode(Reset("old", epoch, position)))
                    continue
                for signal in follower.signals():
                    yield _line("signal", None, signal_frame(signal))
                for nudge in nudges.take(principal.device):
                    yield _line("nudge", None, encode(nudge))
                device, wake = principal.device, follower.wake
                with nudges.waking(device, wake), old.waking(device, wake):
                    waits = nudges.waits_for(device) or old.waits_for(device)
                    woken = waits or await follower.wait(COMMENT_SECONDS)
                if not woken:
                    yield b": still here\n\n"
    except Refused as refused:
        yield _line("bye", None, encode(Bye(refused.code, refused.retry_after or 0.0)))


def _heed(event: bytes, principal: Principal) -> None:
    """A change of the own account may end the stream, though the Bus has not. Raises `Refused` (`revoked`)."""
    if ends_session(event, principal.account, principal.device):
        raise Refused(Code.REVOKED)


def _line(kind: str, cursor: str | None, data: bytes) -> bytes:
    """One server-sent event (WHATWG HTML, 9.2). JSON holds no line breaks."""
    name = b"id: %s\n" % cursor.encode() if cursor is not None else b""
    return b"%bevent: %b\ndata: %b\n\n" % (name, kind.encode(), data)


@post("/heartbeat", operation_id="heartbeat", summary="Here I am", tags=["transports"], status_code=204)
async def post_heartbeat(sync: Sync, principal: Caller) -> None:
    """Keeps a device online that streams, or that polls seldom."""
    sync.heard.beat(principal)


@post("/received", operation_id="received", summary="What is safe on this device", tags=["transports"], status_code=204)
async def post_received(data: JSONBody[PostReceived], sync: Sync, principal: Caller) -> None:
    """Moves the delivered mark."""
    bounds = await sync.inbox.bounds(principal.account)
    if not 0 <= data.position <= bounds.head:
        raise Refused(Code.BAD_REQUEST, "that position is not in the inbox yet")
    sync.marks.received(principal.account, data.position)


@post(
    "/conversations/{conversation:str}/read",
    operation_id="read",
    summary="I have read",
    tags=["messages"],
    status_code=202,
)
async def post_read(conversation: FromPath[str], data: JSONBody[PostRead], sync: Sync, principal: Caller) -> None:
    """Moves the read mark. Repeat it until its `read` event comes back."""
    check_conversation_id(ConversationId(conversation))
    if not 0 <= data.number < 1 << 53:
        raise Refused(Code.BAD_REQUEST, "no such number")
    sync.budgets.marks.take(principal.account, principal.device)
    sync.marks.read(principal.account, ConversationId(conversation), data.number)


@post(
    "/conversations/{conversation:str}/typing",
    operation_id="typing",
    summary="I am writing",
    tags=["messages"],
    status_code=202,
)
async def post_typing(conversation: FromPath[str], sync: Sync, principal: Caller) -> None:
    """Tells the other members, now."""
    check_conversation_id(ConversationId(conversation))
    sync.budgets.typing.take(principal.account, principal.device)
    await tell_typing(
        sync.states, sync.bus, principal.account, principal.device, ConversationId(conversation), sync.keeping
    )


async def _start(sync: SyncServices, principal: Principal, cursor: Cursor | None) -> catch_up.Start:
    epoch, position = (cursor.epoch, cursor.position) if cursor is not None else (None, 0)
    start = await catch_up.start(sync.inbox, sync.store, principal.account, epoch, position)
    if cursor is not None and start.reset is None and position:
        sync.marks.received(principal.account, position)
    return start
