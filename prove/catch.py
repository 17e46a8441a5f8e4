"""Short storms over servers made wrong on purpose, and what found each: `python -m prove.catch`."""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

import uvloop

from prove.faults.wrong import WRONGS, command
from prove.faults.wrong.filing import FILES
from prove.storm.filers import GROUPS
from prove.storm.plan import Trouble
from prove.storm.run import Outcome, Wanted, run

ABOUT = """\
Runs a short storm over each server that is made wrong on purpose, and says which promises it was found to break. One
that is not found is a hole in the storm or in its checks."""


def main(arguments: list[str] | None = None) -> int:
    """The command. Returns its exit status: 1 if something wrong was not found."""
    parser = argparse.ArgumentParser("python -m prove.catch", description=ABOUT)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"only these: {', '.join(WRONGS)}")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    if unknown := set(given.names) - WRONGS.keys():
        parser.error(f"no server is made wrong like this: {', '.join(sorted(unknown))}")
    missed = 0
    print(f"{'wrong':<20} {'breaks':<13} found by")
    for name in given.names or WRONGS:
        outcome = _storm(name, given.seed)
        found = ", ".join(f"{promise} {count}" for promise, count in sorted(outcome.verdict.counts.items()))
        hit = set(WRONGS[name].promises) & outcome.verdict.broken
        missed += not hit
        print(
            f"{name:<20} {', '.join(WRONGS[name].promises):<13} {found if hit else f'NOT FOUND ({found})'}", flush=True
        )
    return 1 if missed else 0


def _storm(name: str, seed: int) -> Outcome:
    kinds = frozenset({Trouble.KILL, Trouble.DISK})
    folder = Path(tempfile.mkdtemp(prefix="chinwag-catch-"))
    try:
        filers = GROUPS if WRONGS[name].needs == FILES else 0
        return uvloop.run(run(Wanted(seed, 1, kinds, 20, 6, command(name), filers=filers), folder, _hush))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _hush(_: str) -> None:
    """Say nothing on the way."""


if __name__ == "__main__":
    sys.exit(main())
