"""Presence, asked for."""

from typing import Annotated

from litestar import Router, get
from litestar.di import NamedDependency, Provide
from litestar.params import QueryParameter

from chinwag.domain.ids import AccountId
from chinwag.flow.ask_presence import ASKED_MAX
from chinwag.flow.online import Online
from chinwag.roles.api.admit import Caller
from chinwag.wire.http import OnlineDevice, Page, PresenceEntry

Presence = NamedDependency[Online]
"""The type of a handler's `presence`."""


@get("/presence", operation_id="getPresence", summary="Who is online", tags=["presence"])
async def get_presence(
    presence: Presence,
    principal: Caller,
    accounts: Annotated[
        list[str],
        QueryParameter(name="account", min_items=1, max_items=ASKED_MAX, description="May be given many times."),
    ],
) -> Page[PresenceEntry]:
    """Whether people are online, in the order asked for.

    Left out are those of whom one may not know: who is no friend, in none of one's conversations, or not there.
    """
    found = await presence.ask(principal.account, [AccountId(account) for account in accounts])
    return Page([PresenceEntry(one.account, one.online, one.last_active_at) for one in found])


@get("/presence/devices", operation_id="listOnlineDevices", summary="My devices online", tags=["presence"])
async def get_online_devices(presence: Presence, principal: Caller) -> Page[OnlineDevice]:
    """Which of one's own devices are online, and since when."""
    online = await presence.devices(principal.account)
    return Page([OnlineDevice(one.device, one.node, one.since) for one in online])


def presence_routes(presence: Online) -> Router:
    """What there is to ask about presence."""
    return Router(
        path="/v1",
        route_handlers=[get_presence, get_online_devices],
        dependencies={"presence": Provide(lambda: presence, sync_to_thread=False)},
    )
