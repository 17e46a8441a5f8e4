"""A storm over a server on several processes, and the verdict: `python -m prove.cluster`, `make prove-cluster`."""

import argparse
import contextlib
import secrets
import shutil
import sys
import tempfile
from pathlib import Path

import uvloop

from chinwag.engines.errors import EngineError
from prove.cluster.plan import Harm
from prove.cluster.processes import EVERY
from prove.cluster.run import CLUSTER, Outcome, Wanted, line, run

ABOUT = """\
Starts PostgreSQL, NATS and nine processes of a server (two gateways, apis, deliveries and presences, one that keeps
house), lets 80 devices chat through them over every transport while each kind of process and each engine is killed,
stopped, cut off and put out of time, and checks at the end that no promise was broken. docs/proving.md says more."""

AFTER = """\
It ends with how long people waited for their acks by what was done, and with one line: lost (P1), doubled (P6),
reordered (P3, P4) and gaps (P7) count broken promises.

exit status: 0 all promises held; 1 one was broken, or less was done than should have been; 2 it could not be run

examples:
  python -m prove.cluster                        200 harms: an hour or more
  python -m prove.cluster --seed 7 --harms 20    a short one, of that seed
  python -m prove.cluster --kinds kill,stop      nothing but kills and stops of processes
  python -m prove.cluster --roles every,every    two processes that carry every role
  python -m prove.check FOLDER/storm.record      judge a kept record again"""


def main(arguments: list[str] | None = None) -> int:
    """The command. Returns its exit status."""
    given = _parse(arguments)
    seed: int = given.seed if given.seed is not None else secrets.randbelow(1_000_000)
    folder = given.keep or Path(tempfile.mkdtemp(prefix="chinwag-prove-"))
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        print(f"prove-cluster: {folder} is not empty: name another folder", file=sys.stderr)
        return 2
    _say(f"seed {seed}, {given.harms} harms, in {folder}")
    try:
        outcome = uvloop.run(run(Wanted(seed, given.harms, given.kinds, roles=given.roles), folder, _say))
    except EngineError as error:
        print(f"prove-cluster: {error}", file=sys.stderr)
        return 2
    _tell(outcome)
    if not outcome.holds:
        kinds, roles = ",".join(sorted(given.kinds)), ",".join(given.roles)
        print(f"prove-cluster: kept in {folder}: storm.record, and a log of each process")
        print(
            f"prove-cluster: again: make prove-cluster "
            f'ARGS="--seed {seed} --harms {given.harms} --kinds {kinds} --roles {roles}"'
        )
    elif given.keep is None:
        with contextlib.suppress(OSError):
            shutil.rmtree(folder)
    print(line(outcome))
    return 0 if outcome.holds else 1


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m prove.cluster", description=ABOUT, epilog=AFTER, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, help="what the plan is drawn from; drawn itself if not given, and printed")
    parser.add_argument("--harms", type=_count, default=200, help="how often something is done to it (200)")
    parser.add_argument(
        "--kinds",
        type=_kinds,
        default=frozenset(Harm),
        metavar="NAMES",
        help=f"what is done to it ({','.join(Harm)})",
    )
    parser.add_argument(
        "--roles", type=_roles, default=CLUSTER, metavar="NAMES", help=f"of each process ({','.join(CLUSTER)})"
    )
    parser.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="an empty folder for the record and the logs, which are then kept"
    )
    return parser.parse_args(arguments)


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no count")
    return int(text)


def _kinds(text: str) -> frozenset[Harm]:
    try:
        return frozenset(Harm(word) for word in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{error}; there are {', '.join(Harm)}") from None


def _roles(text: str) -> tuple[str, ...]:
    roles = tuple(text.split(","))
    if unknown := sorted({*roles} - {*CLUSTER, EVERY}):
        raise argparse.ArgumentTypeError(f"no roles: {', '.join(unknown)}")
    return roles


def _tell(outcome: Outcome) -> None:
    print("\n".join(outcome.table))
    print("\n".join(outcome.verdict.lines()))
    for what in outcome.short:
        print(f"prove-cluster: too little: {what}")
    if outcome.stuck:
        print(f"prove-cluster: broke off: {outcome.stuck}")


def _say(text: str) -> None:
    print(f"prove-cluster: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
