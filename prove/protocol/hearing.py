"""What comes over HTTP, as the frames that a socket would have brought. Does no I/O."""

from collections.abc import Iterator
from typing import Final

from chinwag.wire.codec import Cursor, decode_server, parse_cursor
from chinwag.wire.frames import Event, Limits, Reset, ServerFrame, Welcome
from chinwag.wire.sync import SyncPage
from chinwag.wire.values import AccountId, DeviceId

HEARTBEAT: Final = 5.0
_NO_LIMITS: Final = Limits(0, 0, 0)


def welcome(cursor: Cursor) -> Welcome:
    """What a socket's `welcome` says. HTTP names no session, so the rest is empty."""
    return Welcome(
        session="",
        account=AccountId(""),
        device=DeviceId(""),
        epoch=cursor.epoch,
        position=cursor.position,
        heartbeat=HEARTBEAT,
        limits=_NO_LIMITS,
    )


def frames_of(page: SyncPage, *, first: bool) -> Iterator[ServerFrame]:
    """What a page of `GET /v1/sync` brings. first: it is the session's first, so a welcome comes before it."""
    end = parse_cursor(page.cursor)
    if first:
        yield welcome(end)
    if page.reset is not None:
        yield Reset(page.reset, end.epoch, end.position)
    assert not page.events or page.events[-1].position == end.position, f"a page ends beside its cursor {page.cursor}"
    yield from page.events
    yield from page.nudges


class EventStream:
    """The server-sent events of `GET /v1/events` (WHATWG HTML, 9.2.6). The server ends its lines with LF alone."""

    def __init__(self) -> None:
        self._rest = b""
        self._begun = False

    def feed(self, data: bytes) -> Iterator[ServerFrame]:
        """The frames that are complete with `data`; a welcome before the first."""
        *blocks, self._rest = (self._rest + data).split(b"\n\n")
        for block in blocks:
            yield from self._block(block)

    def _block(self, block: bytes) -> Iterator[ServerFrame]:
        fields: dict[bytes, bytes] = {}
        for line in block.split(b"\n"):
            field, _, value = line.partition(b":")
            fields[field] = value.removeprefix(b" ")
        at = parse_cursor(fields[b"id"].decode()) if b"id" in fields else None
        if at is not None and not self._begun:
            self._begun = True
            yield welcome(at)
        if data := fields.get(b"data"):
            frame = decode_server(data)
            if isinstance(frame, Event):
                assert at is not None, f"event {frame.position} has no id"
                assert at.position == frame.position, "the id of an event is the cursor after it"
            yield frame
