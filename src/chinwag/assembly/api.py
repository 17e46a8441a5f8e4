"""The api role as a part: the HTTP interface, and the devices that poll and stream."""

from typing import Any

from chinwag.adapters.workshop import ProcessWorkshop
from chinwag.assembly.figures import Figures
from chinwag.assembly.info import info_of
from chinwag.assembly.media import avatars_on
from chinwag.assembly.media_legs import looking_part
from chinwag.assembly.node import Legs
from chinwag.assembly.openid import doors_on
from chinwag.assembly.part import Part
from chinwag.assembly.push import subscriptions_on
from chinwag.assembly.rates import own_share
from chinwag.assembly.routes import routes_of
from chinwag.config import Config
from chinwag.domain.rate import Rate
from chinwag.flow.acquaintances import Acquaintances
from chinwag.flow.clock import system_clock
from chinwag.flow.online import Owner
from chinwag.flow.own_conversations import OwnConversations
from chinwag.flow.people_search import PeopleSearch
from chinwag.flow.search.progress import Reading
from chinwag.flow.search.search import Search
from chinwag.ports import Ports
from chinwag.roles.api.app import ApiSettings, api
from chinwag.roles.api.compress import Compress
from chinwag.roles.api.doorkeeper import Doorkeeper
from chinwag.roles.api.heard import Heard, PollBudget
from chinwag.roles.port.unread import Unread


class Api:
    """The application, and the table of devices without a socket. owner: who keeps an account's presence."""

    def __init__(self, ports: Ports, config: Config, legs: Legs, owner: Owner) -> None:
        section, limits = config.server, config.limits
        self.heard = Heard(
            legs.node,
            ports.bus,
            system_clock,
            config.presence.offline_seconds + 1.0,
            PollBudget(own_share(config, Rate(limits.polls_per_second, limits.polls_burst)), limits.account_share),
        )
        self.search = search_on(ports)
        self.workshop = ProcessWorkshop()
        self.looking = looking_part(ports, config, legs.media, self.workshop)
        self.openid = doors_on(config, legs.accounts)
        settings = ApiSettings(
            trusted_proxies=section.trusted_proxies, origins=section.origins, public_url=section.public_url
        )
        self.http = api(
            legs.admission,
            routes_of(
                ports,
                legs,
                self.heard,
                owner,
                limits.frame_bytes,
                info_of(config),
                people_search_on(ports, config),
                self.search,
                settings,
                self.openid,
                config.media,
                avatars_on(ports, config, legs, self.workshop),
                subscriptions_on(ports, config),
            ),
            settings,
            legs.budgets,
        )
        self.unread = Unread()
        self.app: Any = Doorkeeper(Compress(self.http), legs.admission, legs.budgets, self.heard, settings, self.unread)


def search_on(ports: Ports) -> Search:
    """The search of messages."""
    reading = Reading(ports.search_index, ports.inbox, ports.log.partitions)
    return Search(ports.search_index, ports.message_store, reading.indexed_up_to)


def people_search_on(ports: Ports, config: Config) -> PeopleSearch:
    """The search for people. Where anybody may come in, it shows only whom one knows, unless its owner says else."""
    wanted, limits = config.accounts.people_search, config.limits
    return PeopleSearch(
        ports.directory,
        Acquaintances(OwnConversations(ports.message_store, ports.inbox)).of,
        ports.allowances,
        ports.shown_people,
        everybody=wanted == "everyone" or (wanted == "auto" and config.accounts.sign_up != "open"),
        rate=Rate(limits.searches_per_second, limits.searches_burst),
    )


def api_part(api: Api) -> Part:
    """Drained, its streams and waiting polls have ended; requests are the port's to wait for."""
    heard = api.heard

    async def start() -> None:
        heard.start()

    async def drain() -> None:
        heard.drain()

    async def stop() -> None:
        heard.stop()
        await api.workshop.close()
        if api.openid.web is not None:
            await api.openid.web.close()

    return Part(
        name="api",
        start=start,
        drain=drain,
        stop=stop,
        figures=Figures(
            counters={
                "searches": ("Searches of messages answered.", lambda: api.search.done),
                "searches_late": ("Searches of messages given up, as they took too long.", lambda: api.search.late),
            },
            gauges={
                "polling_devices": ("Devices heard of without a socket.", lambda: len(heard)),
                "streams": ("Streams and waiting polls held open.", lambda: heard.open),
            },
        ),
    )
