"""What a process of the postgres profile holds open, as parts: how each is checked, and closed."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from chinwag.assembly.cluster.clocks import COMPARE_SECONDS, ComparedClock
from chinwag.assembly.cluster.opened import Opened
from chinwag.assembly.figures import Figures
from chinwag.assembly.part import Part
from chinwag.assembly.stores import directory_part, media_part, search_part
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.standing import Job, StandingWork
from chinwag.ports import Ports
from chinwag.ports.registry import log_duty
from chinwag.roles.observe import Check

FOLLOW_SECONDS: Final = 1.0
"""How soon what other servers did to the keys is noticed."""


def opened_parts(opened: Opened) -> list[Part]:
    """All of them. A part stops before those that it rests on."""
    return [
        *opened.beneath,
        opened.stores,
        directory_part(opened.directory),
        search_part(opened.ports.search_index),
        media_part(opened.ports.media_store),
        Part(name="counts", opened=True, stop=opened.together.close),
        Part(name="registry", opened=True, stop=opened.registry.close),
        _nats_part(opened),
        *opened.beside,
        Part(name="announcer", opened=True, stop=opened.announcer.close),
        Part(name="inbox", opened=True, stop=opened.inbox.close),
        _standing_part(
            Job(
                name="follow-keys",
                step=_once(opened.keys.follow),
                poll_seconds=FOLLOW_SECONDS,
                failing="the cluster's keys cannot be used",
            )
        ),
        _clock_part(opened.clock),
    ]


def log_check(ports: Ports) -> Check:
    """Whether commands find a worker: every partition of the log has an owner."""
    duty = log_duty(ports.log.partitions)

    async def check() -> None:
        if any(ports.registry.owner(duty, part) is None for part in range(duty.parts)):
            raise Refused(Code.UNAVAILABLE, "no delivery process is there", 1.0)

    return Check("log", check)


def _nats_part(opened: Opened) -> Part:
    nats = opened.nats

    async def check() -> None:
        if nats.away_since is not None:
            raise Refused(Code.UNAVAILABLE, "NATS is away", 1.0)

    return Part(
        name="nats",
        opened=True,
        stop=nats.close,
        checks=[Check("nats", check)],
        figures=Figures(
            counters={"nats_lost": ("Publications that went nowhere, or could not be read.", lambda: nats.lost)}
        ),
    )


def _clock_part(clock: ComparedClock) -> Part:
    """With a clock that is off, or that nobody can compare, the process is not ready."""

    async def check() -> None:
        clock.require()

    job = Job(
        name="clock",
        step=_once(clock.compare),
        poll_seconds=COMPARE_SECONDS,
        failing="this machine's clock cannot be compared",
    )
    figures = Figures(
        gauges={"clock_apart_seconds": ("How far this clock is ahead of the database's.", lambda: clock.apart)}
    )
    return msgspec.structs.replace(_standing_part(job), checks=[Check("clock", check)], figures=figures)


def _once(work: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[bool]]:
    async def step() -> bool:
        await work()
        return False

    return step


def _standing_part(job: Job) -> Part:
    """Does its steps for as long as it is started."""
    tasks: list[asyncio.Task[None]] = []

    async def start() -> None:
        tasks.append(asyncio.create_task(StandingWork(job).run(), name=job.name))

    async def stop() -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    return Part(name=job.name, start=start, stop=stop)
