"""Servers that do not heal, or know not what is true now (P12)."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from chinwag.flow import relay
from chinwag.flow.deliver import Deliver
from chinwag.ports.bus import SessionChange
from chinwag.roles.delivery import delivery
from chinwag.roles.presence.role import PresenceRole
from prove.faults.wrong.wrong import Wrong, replace


async def _for_ever(*_: Any) -> None:
    await asyncio.Event().wait()


def _worker_ends() -> None:
    replace(Deliver, "_recover", lambda _: _for_ever)


def _relay_ends() -> None:
    once = relay.relay_once

    async def a_few(directory: Any, inbox: Any) -> None:
        done = 0
        while done < 3:
            done += await once(directory, inbox)
            await directory.wait_for_outbox(relay.POLL_SECONDS)
        await _for_ever()

    replace(delivery, "relay", lambda _: a_few)


def _never_offline() -> None:
    def wrapped(plain: Callable[..., None]) -> Callable[..., None]:
        def _on_session(self: PresenceRole, signal: Any) -> None:
            if not isinstance(signal, SessionChange) or signal.state == "up":
                plain(self, signal)

        return _on_session

    replace(PresenceRole, "_on_session", wrapped)


HEALING: Final = (
    Wrong("worker-ends", ("P12",), "after a commit that failed the worker begins no more", _worker_ends, "a full disk"),
    Wrong(
        "relay-ends",
        ("P12", "P5", "P11"),
        "after a few account changes no more are posted",
        _relay_ends,
        "account changes",
    ),
    Wrong("never-offline", ("P12",), "nobody is ever offline again", _never_offline, "devices that stay away"),
)
