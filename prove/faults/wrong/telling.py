"""Servers that tell wrongly: what is stored rightly reaches devices wrongly, or people who must not have it
(P3, P5, P7, P10)."""

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from chinwag.flow import catch_up
from chinwag.flow.access import admission
from chinwag.flow.access.admission import Admission
from chinwag.flow.fan_out import FanOut
from chinwag.flow.sharing import Sharing
from chinwag.ports.inbox import Arrival
from chinwag.roles.gateway.hub import Hub
from chinwag.roles.gateway.outward import Outward
from chinwag.wire.codec import event_frame
from prove.faults.wrong.wrong import Every, Wrong, replace

SELDOM: Final = 20

_NUMBER: Final = re.compile(rb'(^\{"kind":"message",.{1,300}?"number":)(\d+)')


def _swapped() -> None:
    def wrapped(plain: Callable[..., None]) -> Callable[..., None]:
        def _arrived(self: FanOut, arrivals: Sequence[Arrival]) -> None:
            plain(
                self,
                [
                    msgspec.structs.replace(one, events=[one.events[1], one.events[0], *one.events[2:]])
                    if len(one.events) > 1
                    else one
                    for one in arrivals
                ],
            )

        return _arrived

    replace(FanOut, "_arrived", wrapped)


def _given(change: Callable[[Outward, Sequence[bytes]], None]) -> None:
    """Let `change` do one in 20 of the givings of a session; the position moves on as if all was well."""
    seldom = Every(SELDOM)

    def wrapped(plain: Callable[..., None]) -> Callable[..., None]:
        def _give(self: Outward, events: Sequence[bytes]) -> None:
            if seldom():
                change(self, events)
            else:
                plain(self, events)

        return _give

    replace(Outward, "_give", wrapped)


def _dropped() -> None:
    def change(session: Outward, events: Sequence[bytes]) -> None:
        session.position += len(events)

    _given(change)


def _renumbered() -> None:
    def change(session: Outward, events: Sequence[bytes]) -> None:
        for event in events:
            session.position += 1
            session.push(event_frame(session.position, _NUMBER.sub(_next, event, count=1)))

    _given(change)


def _next(found: re.Match[bytes]) -> bytes:
    return b"%b%d" % (found[1], int(found[2]) + 1)


def _doubled() -> None:
    def change(session: Outward, events: Sequence[bytes]) -> None:
        for event in events:
            session.position += 1
            session.push(event_frame(session.position, event))
            session.push(event_frame(session.position, event))

    _given(change)


def _catch_up_skips() -> None:
    seldom = Every(5)

    def wrapped(plain: Callable[..., Any]) -> Callable[..., Any]:
        async def read(inbox: Any, store: Any, account: Any, after: int, *more: Any) -> Any:
            stretch = await plain(inbox, store, account, after, *more)
            if len(stretch.events) > 1 and seldom():
                return msgspec.structs.replace(stretch, events=stretch.events[1:])
            return stretch

        return read

    replace(catch_up, "read", wrapped)


def _cursor_ahead() -> None:
    """A device that comes back begins where its inbox ends, and is not told that it missed anything."""

    async def start(inbox: Any, account: Any, epoch: int | None, position: int) -> catch_up.Start:
        bounds = await inbox.bounds(account)
        return catch_up.Start(bounds.epoch, bounds.head, bounds.head)

    replace(catch_up, "start", lambda _: start)


def _revoked_stays() -> None:
    def wrapped(_: Any) -> Callable[..., None]:
        return lambda *_: None

    replace(Hub, "_revoked", wrapped)
    replace(Outward, "_heed", wrapped)


def _token_accepted() -> None:
    def wrapped(_: Any) -> Callable[..., None]:
        return lambda *_: None

    def judged(plain: Callable[..., Any]) -> Callable[..., Any]:
        def _judged(claims: Any, standing: Any, now: int) -> Any:
            seen = plain(claims, standing, now)
            seen.refused = None
            return seen

        return _judged

    replace(Admission, "_note", wrapped)
    replace(Admission, "_refuse_revoked", wrapped)
    replace(admission, "_judged", judged)


def _read_told() -> None:
    def wrapped(plain: Callable[..., Any]) -> Callable[..., Any]:
        async def keeping(self: Sharing, what: Any, accounts: Any, **how: Any) -> Any:
            return frozenset() if what == "share_read" else await plain(self, what, accounts, **how)

        return keeping

    replace(Sharing, "keeping", wrapped)


def _unknown_told() -> None:
    away = Every(2)

    def wrapped(plain: Callable[..., Any]) -> Callable[..., Any]:
        async def keeping(self: Sharing, what: Any, accounts: Any, **how: Any) -> Any:
            return frozenset() if what == "share_read" and away() else await plain(self, what, accounts, **how)

        return keeping

    replace(Sharing, "keeping", wrapped)


TELLING: Final = (
    Wrong(
        "unknown-told",
        ("P9",),
        "while the directory does not answer whoever is not known is told what is read, and told of",
        _unknown_told,
        "marks",
    ),
    Wrong("read-told", ("P9",), "what is read is told of and to who does not share it", _read_told, "marks"),
    Wrong("swapped", ("P3", "P7"), "two events that arrive together are told in the other order", _swapped),
    Wrong("number-differs", ("P3",), "a message is told with the next number, one time in 20", _renumbered),
    Wrong("live-dropped", ("P7", "P5"), "what arrives is not told to a session, one time in 20", _dropped),
    Wrong("doubled", ("P5", "P7"), "what arrives is told twice to a session, one time in 20", _doubled),
    Wrong(
        "catch-up-skips",
        ("P7", "P5"),
        "a stretch of an inbox in 5 is given without its first event",
        _catch_up_skips,
        "devices that come back",
    ),
    Wrong(
        "cursor-ahead",
        ("P7", "P5"),
        "who comes back begins at the end of its inbox",
        _cursor_ahead,
        "devices that come back",
    ),
    Wrong("revoked-stays", ("P10",), "the gateway hears of no revocation", _revoked_stays, "revoked devices"),
    Wrong("token-accepted", ("P10",), "the token of a revoked device is taken", _token_accepted, "revoked devices"),
)
