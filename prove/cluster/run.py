"""One storm over a cluster as a whole: engines, processes, the plan of a seed, the run, and the verdict."""

import asyncio
import logging
import math
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Final

import msgspec

from prove.cluster.engines import ProofEngines
from prove.cluster.entrance import Entrance
from prove.cluster.harms import Harms
from prove.cluster.moments import Moments
from prove.cluster.pauses import pauses, staying
from prove.cluster.pauses import table as pauses_table
from prove.cluster.people import settle
from prove.cluster.plan import KINDS, MOMENTS, Harm, PlannedHarm, make_harms
from prove.cluster.processes import ROLES, AnyEngines, Credentials, Processes
from prove.cluster.wide import WideProofEngines
from prove.record import Recorder, read
from prove.storm.plan import Plan, make_plan
from prove.storm.run import LONG, ROOMY, SOON
from prove.storm.storm import Storm
from prove.storm.tally import Tally
from prove.storm.world import Stuck
from prove.verdict import Verdict, judge
from prove.violation import Violation

INBOX_SECONDS: Final = 120.0
"""On the cassandra profile what was acked is on its way to inboxes then; with an engine away for as long as that is."""
CLUSTER: Final = (*ROLES, *ROLES, "housekeeping")


class Wanted(msgspec.Struct, frozen=True):
    """What is to be run. roles: of each process; command: what stands before `serve`, if not the plain server.
    sessions: of the idle crowd that is at a gateway when that is killed. nodes: of each engine of the cassandra
    profile, PostgreSQL aside; 0: it is the postgres profile. seconds: after which no further harm is begun."""

    seed: int
    harms: int
    kinds: frozenset[Harm] = KINDS["postgres"]
    accounts: int = 40
    groups: int = 15
    roles: tuple[str, ...] = CLUSTER
    command: tuple[str, ...] = ()
    sessions: int = 200
    nodes: int = 0
    seconds: float = math.inf


class Outcome(msgspec.Struct, frozen=True):
    """What came of it. stuck: why it did not come to its end, "" if it did. moments: what was found broken by those who
    looked at a moment themselves. left: harms that were not begun, as the time for that was over."""

    plan: Plan
    harms: tuple[PlannedHarm, ...]
    tally: Tally
    verdict: Verdict
    table: list[str]
    stuck: str = ""
    moments: list[Violation] = []
    left: int = 0

    @property
    def short(self) -> Iterator[str]:
        """What it should have done and has not: then it proves less than it says."""
        done = self.tally.troubles.total()
        wanted = len(self.harms) - self.left
        if done < wanted or (self.left and not done):
            yield f"{done} of {wanted} harms were done and overcome"

    @property
    def holds(self) -> bool:
        """Whether no promise was broken, in a run that did all that it should."""
        return not self.broken and not self.stuck and not any(self.short)

    @property
    def broken(self) -> set[str]:
        """The promises and checks that named something."""
        return self.verdict.broken | {one.promise for one in self.moments}


async def run(wanted: Wanted, folder: Path, say: Callable[[str], None]) -> Outcome:
    """Run a storm in `folder`, which is left with the record and the processes' logs. Raises `EngineError`."""
    plan = make_plan(wanted.seed, wanted.harms, frozenset(), (), wanted.accounts, wanted.groups)
    harms = make_harms(wanted.seed, wanted.harms, wanted.kinds, len(wanted.roles), wanted.nodes)
    record = folder / "storm.record"
    # Every kill cuts connections that are being written to; that is no news here.
    logging.getLogger("aiofastnet").setLevel(logging.ERROR)
    async with _engines(wanted.nodes) as engines:
        credentials = Credentials(folder / "credentials", engines)
        await asyncio.to_thread(credentials.make)
        wanting = 2 * sum(harm.kind in MOMENTS for harm in harms)
        idle = wanted.sessions if any(harm.kind is Harm.CROWD for harm in harms) else 0
        people, beside = await settle(credentials, plan, wanting + idle)
        witnesses, sessions = beside[:wanting], beside[wanting:]
        flags = (*ROOMY, *SOON, *LONG)
        async with (
            Processes.made(folder, engines, credentials, flags, wanted.command, wanted.roles) as processes,
            Entrance(lambda: processes.urls("gateway"), lambda: processes.urls("api")).open() as entrance,
        ):
            with Recorder(record, wanted.seed, f"a storm of {wanted.harms} harms over a cluster") as recorder:
                moments = Moments(processes, credentials.bus, iter(witnesses), sessions)
                hands = Harms(processes, engines, entrance, moments)
                storm = Storm(plan, people, hands, harms, recorder, say)
                storm.enough = wanted.seconds
                storm.world.inbox_seconds = INBOX_SECONDS if wanted.nodes else 0.0
                stuck = await _blow(storm)
    shutil.rmtree(folder / "credentials")
    say("checking the record")
    began = time.monotonic()
    verdict = judge(read(record))
    say(f"checked in {time.monotonic() - began:.0f} s")
    stay = staying(plan, (person.device for person in people))
    told = [*_table(storm.tally, record, stay), *moments.lines()]
    return Outcome(plan, harms, storm.tally, verdict, told, stuck, moments.found, storm.left)


def _engines(nodes: int) -> AbstractAsyncContextManager[AnyEngines]:
    return WideProofEngines.running(nodes) if nodes else ProofEngines.running()


async def _blow(storm: Storm[PlannedHarm]) -> str:
    """Why it did not come to its end; "" if it did."""
    try:
        await storm.run()
    except (Stuck, TimeoutError, AssertionError, OSError) as failure:
        return str(failure) or type(failure).__name__
    return ""


def _table(tally: Tally, record: Path, stay: frozenset[str]) -> Iterator[str]:
    yield from pauses_table(pauses(read(record), stay))
    yield (
        f"answers {tally.answers}, refusals {tally.refused}, retries {tally.retries}, sessions {tally.sessions}, "
        f"resets {tally.resets}, events {tally.events}, group changes {tally.changes}, probes {tally.probes}"
    )


def line(outcome: Outcome) -> str:
    """The one line. reordered: P3 and P4; doubled: P6."""
    counts, tally = outcome.verdict.counts, outcome.tally
    return (
        f"prove-cluster: harms={tally.troubles.total()} attempted={tally.attempted} acked={tally.acked} "
        f"lost={counts['P1']} doubled={counts['P6']} reordered={counts['P3'] + counts['P4']} gaps={counts['P7']} "
        f"seed={outcome.plan.seed}"
    )
