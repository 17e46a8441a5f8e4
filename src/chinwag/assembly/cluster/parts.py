"""What a process of the postgres profile holds open, as parts: how each is checked, and closed."""

import asyncio
from typing import Final

from chinwag.assembly.cluster.opened import Opened
from chinwag.assembly.figures import Figures
from chinwag.assembly.part import Part
from chinwag.assembly.stores import directory_part
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.standing import Job, StandingWork
from chinwag.roles.observe import Check

FOLLOW_SECONDS: Final = 1.0
"""How soon what other servers did to the keys is noticed."""


def opened_parts(opened: Opened) -> list[Part]:
    """All of them. A part stops before those that it rests on."""
    return [
        Part(
            name="store",
            opened=True,
            stop=opened.stores.close,
            checks=[Check("store", opened.stores.message_store.check)],
        ),
        directory_part(opened.directory),
        Part(name="allowances", opened=True, stop=opened.allowances.close),
        Part(name="registry", opened=True, stop=opened.registry.close),
        _nats_part(opened),
        _keys_part(opened),
    ]


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


def _keys_part(opened: Opened) -> Part:
    """Follows what other servers do to the keys."""

    async def step() -> bool:
        await opened.keys.follow()
        return False

    job = Job(name="follow-keys", step=step, poll_seconds=FOLLOW_SECONDS, failing="the cluster's keys cannot be used")
    tasks: list[asyncio.Task[None]] = []

    async def start() -> None:
        tasks.append(asyncio.create_task(StandingWork(job).run(), name=job.name))

    async def stop() -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    return Part(name="follow-keys", start=start, stop=stop)
