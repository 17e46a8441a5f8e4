"""Every address of the HTTP interface, and what it is made of."""

import msgspec
from litestar import Router

from chinwag.adapters.embedded import Embedded
from chinwag.domain.ids import Snowflake
from chinwag.flow.accept import Accept
from chinwag.flow.access.collaborators import Accounts
from chinwag.flow.access.tickets import Tickets
from chinwag.flow.announce import Announce
from chinwag.flow.clock import system_clock
from chinwag.flow.conversations import Conversations
from chinwag.flow.groups.links import Links
from chinwag.flow.groups.listing import Listing
from chinwag.flow.history import History
from chinwag.flow.marks import MarkFlow
from chinwag.flow.online import Online
from chinwag.flow.states import States
from chinwag.ports.directory import Directory
from chinwag.roles.api.admin import admin_routes
from chinwag.roles.api.app import ApiSettings, account_routes
from chinwag.roles.api.conversations import ConversationServices, conversation_routes
from chinwag.roles.api.gateways import DiscoveryServices, discovery_routes
from chinwag.roles.api.groups import group_routes
from chinwag.roles.api.heard import Heard
from chinwag.roles.api.presence import presence_routes
from chinwag.roles.api.server_info import server_routes
from chinwag.roles.api.sync import SyncServices, sync_routes
from chinwag.roles.budgets import Budgets
from chinwag.wire.server import ServerInfo


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What addresses share with the other roles of this process."""

    accept: Accept
    accounts: Accounts
    announce: Announce
    budgets: Budgets
    heard: Heard
    marks: MarkFlow
    presence: Online
    states: States
    tickets: Tickets


def routes_of(
    stores: Embedded,
    directory: Directory,
    parts: Parts,
    ids: Snowflake,
    frame_bytes: int,
    info: ServerInfo,
    settings: ApiSettings,
) -> list[Router]:
    """All of them. frame_bytes: of the longest message that a POST may bring."""
    routes = [
        server_routes(info),
        account_routes(parts.accounts, settings),
        presence_routes(parts.presence),
        admin_routes(parts.accounts, parts.presence),
        conversation_routes(
            ConversationServices(
                accept=parts.accept,
                conversations=Conversations(stores.message_store, stores.mark_store),
                history=History(stores.message_store, stores.mark_store, parts.states),
                inbox=stores.inbox,
                directory=directory,
                ids=ids,
                clock=system_clock,
                frame_bytes=frame_bytes,
            )
        ),
    ]
    links = Links(
        accept=parts.accept,
        directory=directory,
        store=stores.message_store,
        states=parts.states,
        ids=ids,
        clock=system_clock,
    )
    routes.append(group_routes(links, Listing(directory, stores.inbox, stores.message_store)))
    routes.append(discovery_routes(DiscoveryServices(registry=stores.registry, tickets=parts.tickets)))
    routes.append(
        sync_routes(
            SyncServices(
                announce=parts.announce,
                marks=parts.marks,
                states=parts.states,
                inbox=stores.inbox,
                store=stores.message_store,
                bus=stores.bus,
                heard=parts.heard,
                budgets=parts.budgets,
            )
        )
    )
    return routes
