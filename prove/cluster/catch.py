"""Short storms over clusters made wrong on purpose, and what found each."""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import uvloop

from prove.cluster.plan import Harm
from prove.cluster.run import Outcome, Wanted, run
from prove.faults.wrong import PLANTS, command

FEW: Final = ("gateway", "gateway", "api", "delivery", "delivery", "presence", "housekeeping")
"""The processes of a storm that looks for one fault."""
TIMES: Final = 3
"""How often the moment is made to come in which the fault shows."""


def planted(name: str, seed: int, right: bool = False) -> Wanted:
    """A storm that finds the plant `name` where it is. right: the same over a right server."""
    kinds = frozenset({Harm(PLANTS[name].needs)})
    return Wanted(seed, TIMES, kinds, 12, 5, FEW, () if right else command(name))


def catch(names: Iterable[str], seed: int, say: Callable[[str], None]) -> int:
    """Run each, and print what found it. Returns an exit status: 1 if one was not found."""
    missed = 0
    print(f"{'wrong':<20} {'after s':>8} found by")
    for name in names:
        began = time.monotonic()
        outcome = _storm(planted(name, seed), say)
        found = ", ".join(sorted(outcome.broken)) or "nobody"
        hit = outcome.broken & set(PLANTS[name].promises)
        missed += not hit
        words = found if hit else f"NOT FOUND ({found}; {outcome.stuck})"
        print(f"{name:<20} {time.monotonic() - began:>8.0f} {words}", flush=True)
    return 1 if missed else 0


def _storm(wanted: Wanted, say: Callable[[str], None]) -> Outcome:
    folder = Path(tempfile.mkdtemp(prefix="chinwag-catch-"))
    try:
        return uvloop.run(run(wanted, folder, say))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
