"""Servers that do not heal, or know not what is true now (P12)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from chinwag.flow.deliver import Deliver
from chinwag.ports.bus import SessionChange
from chinwag.roles.housekeeping import jobs
from chinwag.roles.presence.role import PresenceRole
from prove.faults.wrong.wrong import Wrong, replace


async def _for_ever(*_: Any) -> None:
    await asyncio.Event().wait()


def _worker_ends() -> None:
    replace(Deliver, "_recover", lambda _: _for_ever)


def _relay_ends() -> None:
    def a_few(once: Callable[..., Awaitable[int]]) -> Callable[..., Awaitable[int]]:
        done = 0

        async def relay_once(directory: Any, inbox: Any) -> int:
            nonlocal done
            if done >= 3:
                await _for_ever()
            count = await once(directory, inbox)
            done += count
            return count

        return relay_once

    replace(jobs, "relay_once", a_few)


def _never_offline() -> None:
    def wrapped(plain: Callable[..., None]) -> Callable[..., None]:
        def _on_session(self: PresenceRole, signal: Any) -> None:
            if not isinstance(signal, SessionChange) or signal.state == "up":
                plain(self, signal)

        return _on_session

    replace(PresenceRole, "_on_session", wrapped)


HEALING: Final = (
    Wrong("worker-ends", ("P12",), "after a failed commit the worker no longer begins", _worker_ends, "a full disk"),
    Wrong(
        "relay-ends",
        ("P12", "P5", "P11"),
        "after a few account changes no more are posted",
        _relay_ends,
        "account changes",
    ),
    Wrong("never-offline", ("P12",), "nobody is ever offline again", _never_offline, "devices that stay away"),
)
