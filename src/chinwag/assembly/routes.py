"""Every address of the HTTP interface, and what it is made of."""

from litestar import Router

from chinwag.assembly.node import Legs
from chinwag.config.media_section import Media
from chinwag.flow.avatars.make import Avatars
from chinwag.flow.clock import system_clock
from chinwag.flow.conversations import Conversations
from chinwag.flow.groups.links import Links
from chinwag.flow.groups.listing import Listing
from chinwag.flow.groups.members import Members
from chinwag.flow.history import History
from chinwag.flow.large.own_large import OwnLarge
from chinwag.flow.media.links import MediaLinks
from chinwag.flow.online import Online, Owner
from chinwag.flow.openid.doors import OpenIdDoors
from chinwag.flow.people_search import PeopleSearch
from chinwag.flow.preferences import OwnPreferences
from chinwag.flow.push.subscriptions import Subscriptions
from chinwag.flow.search.search import Search
from chinwag.ports import Ports
from chinwag.roles.api.admin import admin_routes
from chinwag.roles.api.app import ApiSettings, account_routes
from chinwag.roles.api.avatars import avatar_routes
from chinwag.roles.api.conversations import ConversationServices, conversation_routes
from chinwag.roles.api.gateways import DiscoveryServices, discovery_routes
from chinwag.roles.api.groups import group_routes
from chinwag.roles.api.heard import Heard
from chinwag.roles.api.large import LargeServices, large_routes
from chinwag.roles.api.media import MediaServices, media_routes
from chinwag.roles.api.members import member_routes
from chinwag.roles.api.nudges import Nudges
from chinwag.roles.api.old import OldDevices
from chinwag.roles.api.openid import openid_routes
from chinwag.roles.api.preferences import preference_routes
from chinwag.roles.api.presence import presence_routes
from chinwag.roles.api.push import push_routes
from chinwag.roles.api.reactions import reaction_routes
from chinwag.roles.api.search import search_routes
from chinwag.roles.api.server_info import server_routes
from chinwag.roles.api.sync import SyncServices, sync_routes
from chinwag.roles.api.uploads import upload_routes
from chinwag.wire.server import ServerInfo


def routes_of(
    ports: Ports,
    legs: Legs,
    heard: Heard,
    owner: Owner,
    frame_bytes: int,
    info: ServerInfo,
    people: PeopleSearch,
    search: Search,
    settings: ApiSettings,
    openid: OpenIdDoors,
    media: Media,
    avatars: Avatars,
    subscriptions: Subscriptions,
) -> list[Router]:
    """All of them. owner: of an account's presence. frame_bytes: of the longest message that a POST may bring."""
    presence = Online(ports.questions, owner)
    conversations = ConversationServices(
        accept=legs.accept,
        conversations=Conversations(
            ports.message_store,
            ports.mark_store,
            ports.inbox,
            legs.keeping,
            OwnLarge(ports.message_store, legs.large.old.own),
        ),
        history=History(ports.message_store, ports.mark_store, legs.states, legs.keeping),
        states=legs.states,
        feeds=legs.large.feeds,
        heard=heard,
        inbox=ports.inbox,
        store=ports.message_store,
        directory=ports.directory,
        ids=legs.ids,
        clock=system_clock,
        frame_bytes=frame_bytes,
    )
    routes = [
        server_routes(info),
        account_routes(legs.accounts, people, settings, openid),
        openid_routes(openid),
        presence_routes(presence),
        search_routes(search),
        preference_routes(OwnPreferences(ports.directory, ports.message_store)),
        push_routes(subscriptions),
        admin_routes(legs.accounts, presence),
        conversation_routes(conversations),
        avatar_routes(avatars),
        reaction_routes(conversations),
    ]
    keys = legs.accounts.tokens.keys
    routes.append(upload_routes(legs.media.uploads))
    routes.append(
        media_routes(
            MediaServices(
                shown=legs.media.shown,
                store=ports.media_store,
                links=MediaLinks(keys, system_clock),
                keys=keys,
                admission=legs.admission,
                budgets=legs.budgets,
                public_url=media.public_url,
                direct=media.direct,
            )
        )
    )
    links = Links(
        accept=legs.accept,
        directory=ports.directory,
        store=ports.message_store,
        states=legs.states,
        ids=legs.ids,
        clock=system_clock,
    )
    nudges = Nudges(legs.large.watches, heard)
    routes.append(large_routes(LargeServices(watches=legs.large.watches, heads=legs.large.heads, nudges=nudges)))
    routes.append(group_routes(links, Listing(ports.directory, ports.inbox, ports.message_store)))
    routes.append(member_routes(Members(ports.message_store, legs.states, people)))
    routes.append(discovery_routes(DiscoveryServices(registry=ports.registry, tickets=legs.tickets)))
    routes.append(
        sync_routes(
            SyncServices(
                fan_out=legs.fan_out,
                marks=legs.marks,
                states=legs.states,
                keeping=legs.keeping,
                inbox=ports.inbox,
                store=ports.message_store,
                bus=ports.bus,
                heard=heard,
                nudges=nudges,
                old=OldDevices(legs.large.old, heard),
                budgets=legs.budgets,
            )
        )
    )
    return routes
