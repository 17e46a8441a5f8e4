"""A whole server on embedded stores, in this process: every role, wired, started and stopped."""

import asyncio
import gc
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import structlog

from chinwag.adapters.embedded import Embedded, open_embedded
from chinwag.assembly.around import apart_in, friends_in
from chinwag.assembly.data import accounts_in, open_directory_in, private_folder
from chinwag.assembly.housekeeping import housekeeping_on
from chinwag.assembly.info import info_of
from chinwag.assembly.routes import Parts, routes_of
from chinwag.config import Config
from chinwag.domain.ids import Snowflake
from chinwag.domain.rate import Rate
from chinwag.fail_points import passing
from chinwag.flow.accept import Accept, AcceptRules
from chinwag.flow.access.admission import Admission
from chinwag.flow.access.tickets import Tickets
from chinwag.flow.access.watch_keys import watching_keys
from chinwag.flow.additions import Additions
from chinwag.flow.announce import Announce
from chinwag.flow.clock import system_clock
from chinwag.flow.marks import MarkFlow
from chinwag.flow.online import Online
from chinwag.flow.permits import Permits
from chinwag.flow.standing import StandingWork
from chinwag.flow.states import States
from chinwag.flow.trace import Tracer
from chinwag.life.checkpoint import clear_checkpoint, held_checkpoint
from chinwag.life.folder import refuse_unfinished
from chinwag.life.vitals import Address, Counts, Vitals
from chinwag.life.whole import refuse_half
from chinwag.ports.bus import NodeId
from chinwag.ports.directory import Directory
from chinwag.ports.registry import Node
from chinwag.roles.api.app import ApiSettings, api
from chinwag.roles.api.compress import Compress
from chinwag.roles.api.doorkeeper import Doorkeeper
from chinwag.roles.api.heard import Heard, PollBudget
from chinwag.roles.budgets import BudgetRules, Budgets
from chinwag.roles.control import Control
from chinwag.roles.delivery.delivery import Delivery
from chinwag.roles.figures import Legs, registry_of
from chinwag.roles.gateway.beacon import Beacon
from chinwag.roles.gateway.gateway import Gateway, Services
from chinwag.roles.gateway.rules import GatewayRules
from chinwag.roles.gateway.session import EARLY_BYTES
from chinwag.roles.observe import Check, Observe
from chinwag.roles.port.certificate import Certificate
from chinwag.roles.port.forwarded import Forwarded
from chinwag.roles.port.one_port import OnePort
from chinwag.roles.port.origin import normal_origin, own_origin
from chinwag.roles.port.socket import SocketLimits
from chinwag.roles.presence.role import PresenceRole
from chinwag.roles.web.pages import Pages
from chinwag.roles.web.policy import authorities
from chinwag.roles.web.site import read_site

ROLES: Final = ("gateway", "api", "delivery", "presence")
ANSWER_GRACE: Final = 5.0
"""Seconds that a stop waits for sends under way."""
GRACE: Final = 5.0
"""Seconds that a stop waits for each other part."""
RETURN_WITHIN: Final = 3.0
"""Seconds over which clients are asked to spread their return."""

_log = structlog.get_logger(__name__)


class Server:
    """Every role in one process. Made by `open_server`; `start` it, and `stop` it once."""

    def __init__(self, config: Config, data: Path, embedded: Embedded, directory: Directory, worker: int) -> None:
        limits = config.limits
        stores, bus = embedded, embedded.bus
        node = NodeId(f"n{worker}")
        ids = Snowflake(worker)
        states = States(stores.message_store)
        self._embedded = embedded
        self._node = node
        self._directory = directory
        self._accounts = accounts_in(data, config, directory, bus, ids)
        self._admission = Admission(self._accounts.tokens, directory, bus, system_clock)
        self._budgets = budgets = Budgets(
            BudgetRules(
                requests=Rate(limits.requests_per_second, limits.requests_burst),
                marks=Rate(limits.marks_per_second, limits.marks_burst),
                strangers=Rate(limits.strangers_per_second, limits.strangers_burst),
                account_share=limits.account_share,
            )
        )
        tickets = Tickets(self._accounts.tokens.keys, system_clock, node)
        self._accept = Accept(
            node,
            stores.log,
            bus,
            stores.message_store,
            states,
            Permits(
                directory,
                stores.message_store,
                Additions(
                    Rate(limits.adding_per_second, limits.adding_burst),
                    Rate(limits.added_per_second, limits.added_burst),
                ),
            ),
            AcceptRules(
                text_characters=limits.text_characters,
                group_members=limits.group_members,
                sends=Rate(limits.sends_per_second, limits.sends_burst),
                account_share=limits.account_share,
            ),
            system_clock,
        )
        self._announce = Announce(stores.inbox, bus)
        self._marks = MarkFlow(stores.message_store, stores.mark_store, stores.inbox, states, system_clock)
        self._gateway = Gateway(
            node,
            Services(
                admission=self._admission,
                tickets=tickets,
                budgets=budgets,
                accept=self._accept,
                announce=self._announce,
                marks=self._marks,
                states=states,
                inbox=stores.inbox,
                store=stores.message_store,
                bus=bus,
                questions=stores.questions,
            ),
            GatewayRules(
                heartbeat_seconds=config.presence.heartbeat_seconds,
                idle_seconds=config.presence.offline_seconds + 1.0,
                outbound_bytes=limits.outbound_bytes,
                frames=Rate(
                    limits.frames_per_second + limits.sends_per_second, limits.frames_burst + limits.sends_burst
                ),
                sessions_per_device=config.server.sessions_per_device,
                sessions_per_account=config.server.sessions_per_account,
                origins=frozenset(map(normal_origin, config.server.origins)) | own_origin(config.server.public_url),
                limits=info_of(config).limits,
            ),
            system_clock,
        )
        self._delivery = Delivery(stores.log, stores.message_store, bus)
        self._housekeeping = housekeeping_on(config, stores, directory)
        self._presence = PresenceRole(
            bus,
            stores.mark_store,
            stores.message_store,
            stores.registry,
            friends_in(directory),
            apart=apart_in(directory),
            grace_ms=config.presence.offline_seconds * 1000,
        )
        self._heard = Heard(
            node,
            bus,
            system_clock,
            config.presence.offline_seconds + 1.0,
            PollBudget(Rate(limits.polls_per_second, limits.polls_burst), limits.account_share),
        )
        settings = ApiSettings(
            trusted_proxies=config.server.trusted_proxies,
            origins=config.server.origins,
            public_url=config.server.public_url,
        )
        routes = routes_of(
            stores,
            directory,
            Parts(
                accept=self._accept,
                accounts=self._accounts,
                announce=self._announce,
                budgets=budgets,
                heard=self._heard,
                marks=self._marks,
                presence=Online(stores.questions, lambda _: node),
                states=states,
                tickets=tickets,
            ),
            ids,
            limits.frame_bytes,
            info_of(config),
            settings,
        )
        section = config.server
        certificate = (
            Certificate(section.tls_certificate, section.tls_key)
            if section.tls_certificate is not None and section.tls_key is not None
            else None
        )
        self.http = api(
            self._admission,
            routes,
            settings,
            budgets,
        )
        doorkeeper = Doorkeeper(
            Compress(self.http), self._admission, budgets, self._heard, section.trusted_proxies, section.origins
        )
        self.port = OnePort(
            Pages(doorkeeper, read_site(), Forwarded(section.trusted_proxies), self._authorities)
            if section.web
            else doorkeeper,
            self._gateway.listener,
            host=section.host,
            port=section.port,
            certificate=certificate,
            max_connections=section.max_connections,
            per_address=section.connections_per_address,
            socket_limits=SocketLimits(message=limits.frame_bytes, early=EARLY_BYTES),
            trusted_proxies=section.trusted_proxies,
        )
        self.observe = Observe(
            config.observe.host,
            config.observe.port,
            [Check("delivery", self._delivery.check), Check("housekeeping", self._housekeeping.check, needed=False)],
            registry_of(
                Legs(
                    accept=self._accept,
                    workers=self._delivery.workers,
                    announce=self._announce,
                    marks=self._marks,
                    gateway=self._gateway,
                    heard=self._heard,
                )
            ),
        )
        self._beacon = Beacon(
            stores.registry,
            Node(node, ROLES, url=section.public_url, capacity=section.max_connections, location=section.location),
            lambda: len(self._gateway),
        )
        self._vitals = Vitals(
            stores.engine, data, ROLES, section.max_connections, self._counts, self._address, self.observe.readiness
        )
        tracer = Tracer(stores.message_store, stores.inbox, stores.mark_store, stores.registry, stores.questions)
        self._control = Control(data, self._vitals.status, tracer.trace, lambda: held_checkpoint(stores.engine, data))
        self._config = config
        self._marking: asyncio.Task[None] | None = None
        self._watch = StandingWork(watching_keys(self._accounts.tokens.keys, bus, system_clock))
        self._watching: asyncio.Task[None] | None = None
        self._stop_answering: Callable[[], None] | None = None

    async def start(self) -> None:
        """Serve. Raises `OSError` when a port cannot be had; call `stop` then as well."""
        self._gateway.start()
        self._heard.start()
        self._accept.start()
        self._delivery.start()
        self._housekeeping.start()
        self._marking = asyncio.create_task(self._marks.run(), name="marks")
        self._watching = asyncio.create_task(self._watch.run(), name="keys")
        await self._presence.start()
        self._stop_answering = self._presence.answer(self._embedded.questions, self._node)
        await self.observe.start()
        await self.port.start()
        await self._beacon.start()
        self._vitals.start()
        await self._control.start()
        # What lives now lives until the end: the collector need not look at it again.
        gc.collect()
        gc.freeze()

    async def stop(self) -> None:
        """Say goodbye, finish what is under way, and close. Bounded."""
        await _within(GRACE, "beacon", self._beacon.stop())
        self._vitals.stop()
        if self._watching is not None:
            self._watching.cancel()
        await _within(GRACE, "control", self._control.stop())
        self.port.drain()
        self._gateway.quiesce()
        if self._marking is not None:
            await self._accept.stop(ANSWER_GRACE)
        self._gateway.drain(RETURN_WITHIN)
        self._heard.drain()
        await _within(GRACE, "port", self.port.stop(GRACE))
        passing("stop.drained")
        self._marks.stop()
        if self._marking is not None:
            await _within(GRACE, "marks", self._marking)
        await _within(GRACE, "housekeeping", self._housekeeping.stop())
        await _within(GRACE, "delivery", self._delivery.stop(GRACE))
        if self._stop_answering is not None:
            self._stop_answering()
        await _within(GRACE, "presence", self._presence.stop())
        self._gateway.stop()
        self._heard.stop()
        self._announce.stop()
        self._admission.close()
        await _within(GRACE, "observe", self.observe.stop())
        await _within(GRACE, "stores", self._embedded.close())
        await _within(GRACE, "directory", self._directory.close())

    def _counts(self) -> Counts:
        done = [worker.figures for worker in self._delivery.workers]
        return Counts(
            sessions=len(self._gateway),
            polling_devices=len(self._heard),
            answers_waiting=self._accept.waiting,
            placed=sum(figures.placed for figures in done),
            refused=sum(figures.refused for figures in done),
            repeated=sum(figures.repeated for figures in done),
            failed_commits=sum(figures.failed_commits for figures in done),
            poison=sum(figures.poison for figures in done),
        )

    def _authorities(self) -> frozenset[str]:
        section = self._config.server
        return authorities(section.public_url, section.host, self.port.port)

    def _address(self) -> Address:
        section = self._config.server
        scheme = "https" if section.tls_certificate is not None else "http"
        observe = f"http://{self._config.observe.host}:{self.observe.port}"
        return Address(f"{scheme}://{section.host}:{self.port.port}", observe)


async def open_server(config: Config) -> Server:
    """Open the data folder and put a server together.

    Raises `OSError`, and a `Told` for data that is in use, newer, damaged, half of a restore or not whole.
    """
    data = private_folder(config.data.path)
    refuse_unfinished(data)
    refuse_half(data)
    embedded = await open_embedded(data)
    try:
        passing("start.begun")
        clear_checkpoint(data)
        directory = await open_directory_in(data)
    except BaseException:
        await embedded.close()
        raise
    return Server(config, data, embedded, directory, await embedded.registry.lease_worker())


async def _within(seconds: float, part: str, work: Awaitable[None]) -> None:
    """Wait for one part to stop; one that fails or takes too long does not keep the others from stopping."""
    try:
        async with asyncio.timeout(seconds + 1):
            await work
    except Exception:
        _log.exception("could not stop in time", part=part)
