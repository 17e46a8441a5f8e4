"""Let a device in: who it is, a place for it, and where its inbox goes on for it."""

from typing import Final

import msgspec

from chinwag.domain.refusal import Code, Refused
from chinwag.flow import catch_up
from chinwag.flow.access.admission import Admission, Principal
from chinwag.flow.access.tickets import Tickets
from chinwag.flow.clock import Clock
from chinwag.roles.budgets import WRONG_TOKEN
from chinwag.roles.gateway.common import Common
from chinwag.roles.gateway.outward import Outward
from chinwag.roles.gateway.pace import Pace
from chinwag.roles.gateway.turns import SIGNATURE, WELCOME
from chinwag.wire.codec import encode, parse_cursor
from chinwag.wire.frames import FOLLOW, Hello, Reset, Welcome

SUSPENDED_RETURN: Final = 2.0
"""Seconds after which to try again at a gateway that lets nobody in for now."""


class Welcoming(msgspec.Struct, frozen=True):
    """Answers every `hello` of a gateway."""

    common: Common
    admission: Admission
    tickets: Tickets
    clock: Clock
    pace: Pace

    async def welcome(self, out: Outward, hello: Hello) -> None:
        """Let a device in and begin where its cursor says. Raises `Refused`."""
        common = self.common
        if common.suspended:
            raise Refused(Code.UNAVAILABLE, "this gateway cannot do its work for now", SUSPENDED_RETURN)
        if (wait := self.pace.wait(common.now())) > 0:
            common.figures.put_off += 1
            raise Refused(Code.OVERLOADED, "so many come at once", wait)
        cursor = parse_cursor(hello.cursor) if hello.cursor is not None else None
        principal = await self._admit(hello, out.socket.remote[0])
        if _has_left(out):
            return
        common.hub.attach(out, principal)  # from here on what arrives is noted, and read below
        await common.turns.take(WELCOME)
        epoch, position = (cursor.epoch, cursor.position) if cursor else (None, 0)
        start = await catch_up.start(common.inbox, common.store, out.account, epoch, position)
        if _has_left(out):
            return
        if start.reset is not None:
            # First: a client that keeps the position in `welcome` must know by then that it has to load afresh.
            out.push(encode(Reset(start.reset, start.epoch, start.position)))
        out.push(
            encode(
                Welcome(
                    session=out.id,
                    account=out.account,
                    device=out.device,
                    epoch=start.epoch,
                    position=start.position,
                    heartbeat=common.rules.heartbeat_seconds,
                    limits=common.rules.limits,
                    now=self.clock(),
                )
            )
        )
        if start.reset is None and cursor is not None and cursor.position:
            common.marks.received(out.account, cursor.position)
        common.figures.welcomed += 1
        common.hub.present(out)
        if FOLLOW not in hello.features:
            out.is_old(told=start.reset is not None)
        out.begin(start.epoch, start.position, behind=start.head > start.position)

    async def _admit(self, hello: Hello, address: str) -> Principal:
        try:
            if hello.ticket:
                return await self.admission.admit(self.tickets.redeem(hello.ticket))
            if (known := self.admission.peek(hello.token)) is not None:
                return known
            await self.common.turns.take(SIGNATURE)
            return await self.admission.check(hello.token)
        except Refused as refused:
            if refused.code in WRONG_TOKEN:
                self.common.budgets.stranger(address)
            raise


def _has_left(out: Outward) -> bool:
    """Whether it has begun to close, which may have been during any await."""
    return out.closing
