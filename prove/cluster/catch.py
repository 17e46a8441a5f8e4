"""What finds each cluster that is made wrong on purpose: a short storm over it, or a test of the engines."""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import uvloop

from prove.cluster.plan import Harm
from prove.cluster.run import Outcome, Wanted, run
from prove.faults.wrong import PLANTS, STREAMED, command

FEW: Final = ("gateway", "gateway", "api", "delivery", "delivery", "presence", "housekeeping")
"""The processes of a storm that looks for one fault."""
TIMES: Final = 3
"""How often the moment is made to come in which the fault shows."""
ROOT: Final = Path(__file__).parents[2]
PLANTED: Final = "test_what_is_forgotten_is_found"
"""Below `tests/engines`: passes if the test fails that is named by the plant which it is given."""
FOUND: Final = 0


def planted(name: str, seed: int, right: bool = False) -> Wanted:
    """A storm that finds the plant `name` where it is. right: the same over a right server."""
    kinds = frozenset({Harm(PLANTS[name].needs)})
    return Wanted(seed, TIMES, kinds, 12, 5, FEW, () if right else command(name))


def catch(names: Iterable[str], seed: int, say: Callable[[str], None]) -> int:
    """Try each, and print what found it. Returns an exit status: 1 if one was not found."""
    missed = 0
    print(f"{'wrong':<20} {'after s':>8} found by")
    for name in names:
        began = time.monotonic()
        hit, words = _tested(name, say) if name in STREAMED else _stormed(name, seed, say)
        missed += not hit
        print(f"{name:<20} {time.monotonic() - began:>8.0f} {words if hit else f'NOT FOUND ({words})'}", flush=True)
    return 1 if missed else 0


def _stormed(name: str, seed: int, say: Callable[[str], None]) -> tuple[bool, str]:
    outcome = _storm(planted(name, seed), say)
    found = ", ".join(sorted(outcome.broken)) or "nobody"
    hit = bool(outcome.broken & set(PLANTS[name].promises))
    return hit, found if hit else f"{found}; {outcome.stuck}"


def _tested(name: str, say: Callable[[str], None]) -> tuple[bool, str]:
    """Whether the test that is to find it does. A test that was skipped, or is none, has found nothing."""
    test = STREAMED[name].test
    say(f"{name}: tests/engines/{test}")
    command = [sys.executable, "-m", "pytest", "-n", "0", "-q", "-m", "cluster_prove", "-k", f"{PLANTED} and {name}"]
    done = subprocess.run(
        [*command, "tests/engines"], cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    said = (done.stdout + done.stderr).rstrip().splitlines()[-1:] or ["no word"]
    hit = done.returncode == FOUND and said[0].startswith("1 passed")
    return hit, test if hit else f"{test}: {said[0]}"


def _storm(wanted: Wanted, say: Callable[[str], None]) -> Outcome:
    folder = Path(tempfile.mkdtemp(prefix="chinwag-catch-"))
    try:
        return uvloop.run(run(wanted, folder, say))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
