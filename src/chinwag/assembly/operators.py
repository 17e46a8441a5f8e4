"""What operators see of a server on one folder besides its metrics, as parts: its status, and the control socket."""

from contextlib import suppress
from pathlib import Path

import msgspec

from chinwag.adapters.embedded.engine import Engine
from chinwag.assembly.api import Api
from chinwag.assembly.node import Legs
from chinwag.assembly.part import Part
from chinwag.config import Config
from chinwag.domain.index_status import IndexStatus
from chinwag.domain.refusal import Refused
from chinwag.flow.large.census import census
from chinwag.flow.search.progress import Reading
from chinwag.flow.trace import Tracer
from chinwag.life.checkpoint import held_checkpoint
from chinwag.life.vitals import Address, Counts, Vitals
from chinwag.ports import Ports
from chinwag.roles.control import Control
from chinwag.roles.delivery.delivery import Delivery
from chinwag.roles.gateway.gateway import Gateway
from chinwag.wire.control import Status


def vitals_part(vitals: Vitals) -> Part:
    """Samples for `chinwag status`."""

    async def start() -> None:
        vitals.start()

    async def drain() -> None:
        vitals.stop()

    return Part(name="vitals", start=start, drain=drain, stop=drain)


def control_part(ports: Ports, engine: Engine, vitals: Vitals, data: Path) -> Part:
    """The socket for the operator's commands on this machine."""
    tracer = Tracer(ports.message_store, ports.inbox, ports.mark_store, ports.registry, ports.questions)
    reading = Reading(ports.search_index, ports.inbox, ports.log.partitions)

    async def index(rebuild: bool) -> IndexStatus:
        if rebuild:
            await reading.make_anew()
        return await reading.status()

    async def status() -> Status:
        found = await vitals.status()
        with suppress(Refused):
            found = msgspec.structs.replace(found, search=await reading.status())
        with suppress(Refused):
            async with ports.directory.reading() as directory:
                waiting = await directory.push_jobs.waiting() if await directory.push_subscriptions.any() else None
            found = msgspec.structs.replace(found, pushes_waiting=waiting)
        with suppress(Refused):
            found = msgspec.structs.replace(found, groups=await census(ports.message_store))
        with suppress(Refused):
            async with ports.directory.reading() as directory:
                found = msgspec.structs.replace(found, media=await directory.media_references.status())
        return found

    control = Control(data, status, tracer.trace, index, lambda: held_checkpoint(engine, data))
    return Part(name="control", start=control.start, drain=control.stop, stop=control.stop)


def counts_of(legs: Legs, gateway: Gateway, api: Api, delivery: Delivery) -> Counts:
    """What a process that carries every role can count at once."""
    done = [worker.figures for worker in delivery.workers]
    return Counts(
        sessions=len(gateway),
        polling_devices=len(api.heard),
        answers_waiting=legs.accept.waiting,
        placed=sum(figures.placed for figures in done),
        refused=sum(figures.refused for figures in done),
        repeated=sum(figures.repeated for figures in done),
        failed_commits=sum(figures.failed_commits for figures in done),
        poison=sum(figures.poison for figures in done),
    )


def address_of(config: Config, port: int, observe_port: int) -> Address:
    """Where a server listens."""
    section = config.server
    scheme = "https" if section.tls_certificate is not None else "http"
    return Address(f"{scheme}://{section.host}:{port}", f"http://{config.observe.host}:{observe_port}")
