"""One storm as a whole: a folder, a server, the plan of a seed, the run, and the verdict on its record."""

import contextlib
import logging
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final

import msgspec
from prove.faults import soon
from prove.faults.at_point import SERVING
from prove.faults.clock import clock_file
from prove.faults.disk import Disk, small_disk
from prove.process import ServerProcess
from prove.record import Recorder, read
from prove.storm.crowd import OFFLINE_SECONDS, STUCK_SECONDS
from prove.storm.filers import PEOPLE, PHONES, SETTINGS, Filers
from prove.storm.outcome import large_undone, shortcomings, table
from prove.storm.people import TOKEN_MINUTES, settle
from prove.storm.plan import Plan, Trouble, make_plan
from prove.storm.storm import Storm
from prove.storm.tally import Tally
from prove.storm.tides import sizes_of
from prove.storm.troubles import Troubles
from prove.storm.world import Stuck
from prove.verdict import Verdict, judge
from tests.support.push_receiver import push_receiver

ROOMY: Final = tuple(
    flag
    for kind in ("sends", "frames", "requests", "marks", "polls", "adding", "added")
    for flag in (f"--limits-{kind}-per-second", "100000", f"--limits-{kind}-burst", "1000000")
)
"""The server's limits on single devices, out of the way: it is its promises that are tried here."""
LONG: Final = ("--accounts-access-token-minutes", str(TOKEN_MINUTES))
SOON: Final = ("--presence-heartbeat-seconds", "3", "--presence-offline-seconds", "8")
"""An account without devices is offline soon, so that this can be waited for, but later than any server is stopped."""


class Wanted(msgspec.Struct, frozen=True):
    """What is to be run. command: what stands before `serve`, where it is not the plain server. offline_seconds: how
    long to wait at the end until nobody who is gone is told as online. stuck_seconds: how long without acks, or without
    coming to rest, until it is given up. filers: groups in which people beside the crowd
    send files and are pushed to. large: the two biggest groups are large at times."""

    seed: int
    kills: int
    kinds: frozenset[Trouble] = frozenset(Trouble)
    accounts: int = 40
    groups: int = 15
    command: tuple[str, ...] = ()
    offline_seconds: float = OFFLINE_SECONDS
    stuck_seconds: float = STUCK_SECONDS
    filers: int = 0
    large: bool = False


class Outcome(msgspec.Struct, frozen=True):
    """What came of it. stuck: why it did not come to its end, "" if it did; short: what it should have done besides."""

    plan: Plan
    tally: Tally
    verdict: Verdict
    short: list[str]
    table: list[str]
    stuck: str = ""

    @property
    def holds(self) -> bool:
        """Whether no promise was broken, in a run that did all that it should."""
        return self.verdict.holds and not self.short and not self.stuck


async def run(wanted: Wanted, folder: Path, say: Callable[[str], None]) -> Outcome:
    """Run a storm in `folder`, which is left with the record and the server's log. Raises `NoDiskError`."""
    plan = make_plan(wanted.seed, wanted.kills, wanted.kinds, SERVING, wanted.accounts, wanted.groups)
    record = folder / "storm.record"
    # Every kill cuts connections that are being written to; that is no news here.
    logging.getLogger("aiofastnet").setLevel(logging.ERROR)
    stuck = ""
    async with _disk(folder / "data", wanted.kinds) as disk, push_receiver() as receiver:
        data = folder / "data"
        seen = disk.seen if disk is not None else data
        each = 1 + PHONES
        people = await settle(seen, plan, clock_file(data), wanted.filers * PEOPLE, each)
        settings = SETTINGS if wanted.filers else {}
        sizes = sizes_of(wanted.accounts) if wanted.large else None
        flags = (*ROOMY, *SOON, *LONG, *(() if sizes is None else sizes.flags))
        server = ServerProcess(data, *flags, command=_command(wanted, disk), environment=settings)
        with Recorder(record, wanted.seed, f"a storm of {wanted.kills} kills") as recorder:
            crowd, beside = people[: len(plan.devices)], people[len(plan.devices) :]
            storm = Storm(plan, crowd, Troubles(server, disk), plan.troubles, recorder, say, sizes)
            of_one = PEOPLE * each
            storm.beside = [
                Filers(storm.world, beside[at : at + of_one], receiver, at // of_one)
                for at in range(0, len(beside), of_one)
            ]
            storm.world.offline_seconds, storm.world.stuck_seconds = wanted.offline_seconds, wanted.stuck_seconds
            try:
                await storm.run()
            except (Stuck, TimeoutError, AssertionError) as failure:
                stuck = str(failure) or type(failure).__name__
    say("checking the record")
    began = time.monotonic()
    verdict = judge(read(record))
    say(f"checked in {time.monotonic() - began:.0f} s")
    return Outcome(
        plan,
        storm.tally,
        verdict,
        [*shortcomings(plan, storm.tally, SERVING), *large_undone(storm.tally, wanted.large)],
        table(plan, storm.tally, SERVING),
        stuck,
    )


@contextlib.asynccontextmanager
async def _disk(folder: Path, kinds: frozenset[Trouble]) -> AsyncIterator[Disk | None]:
    if Trouble.DISK not in kinds:
        yield None
        return
    async with small_disk(folder) as disk:
        yield disk


def _command(wanted: Wanted, disk: Disk | None) -> tuple[str, ...]:
    plain = wanted.command or (
        soon.command() if wanted.filers or wanted.large else (sys.executable, "-m", "chinwag.cli")
    )
    return plain if disk is None else disk.inside(*plain)
