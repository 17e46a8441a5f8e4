"""A storm over a real server that is killed again and again, and the verdict: `python -m prove`, `make prove`."""

import argparse
import contextlib
import secrets
import shutil
import sys
import tempfile
from pathlib import Path

import uvloop

from prove.faults.disk import NoDiskError
from prove.faults.wrong import WRONGS
from prove.faults.wrong import command as wrong_command
from prove.storm.outcome import line
from prove.storm.plan import Trouble
from prove.storm.run import Outcome, Wanted, run

ABOUT = """\
Starts a real server on a folder of its own, lets 80 devices chat over every transport while it is killed, stopped,
starved and put out of time, and checks at the end that none of its promises was broken. docs/proving.md says what is
done, what is checked and what this does not show."""

AFTER = """\
It ends with one line: lost (P1), doubled (P6), reordered (P3, P4) and gaps (P7) count broken promises; recovery is the
time from the death of a server to the first ack of the next one. What the seed draws is the plan: who is there, who
does what, what goes wrong and when. Machines have their own time, so two runs of a seed are alike, not the same.

exit status: 0 all promises held; 1 one was broken, or less was done than should have been; 2 it could not be run

examples:
  python -m prove                          200 kills, in about 15 minutes
  python -m prove --seed 7 --kills 20      a short one, of that seed
  python -m prove --faults kill,disk       nothing but kills and full disks
  python -m prove --kills 3 --wrong swapped    see that a fault is found
  python -m prove --keep /tmp/storm        keep the record and the server's log
  python -m prove.check /tmp/storm/storm.record    judge a kept record again"""


def main(arguments: list[str] | None = None) -> int:
    """The command. Returns its exit status."""
    given = _parse(arguments)
    seed: int = given.seed if given.seed is not None else secrets.randbelow(1_000_000)
    folder = given.keep or Path(tempfile.mkdtemp(prefix="chinwag-prove-"))
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        print(f"prove: {folder} is not empty: name another folder", file=sys.stderr)
        return 2
    _say(f"seed {seed}, {given.kills} kills, in {folder}")
    try:
        command = wrong_command(given.wrong) if given.wrong else ()
        outcome = uvloop.run(run(Wanted(seed, given.kills, given.faults, command=command), folder, _say))
    except NoDiskError as error:
        print(f"prove: {error}\nprove: or leave it out: --faults kill,drain,stop,fds,clock", file=sys.stderr)
        return 2
    _tell(outcome)
    if not outcome.holds:
        kinds = ",".join(sorted(given.faults))
        print(f"prove: kept in {folder}: storm.record, data.log")
        wrong = f" --wrong {given.wrong}" if given.wrong else ""
        print(f'prove: again: make prove ARGS="--seed {seed} --kills {given.kills} --faults {kinds}{wrong}"')
    elif given.keep is None:
        with contextlib.suppress(OSError):
            shutil.rmtree(folder)
    print(line(outcome.plan, outcome.tally, outcome.verdict))
    return 0 if outcome.holds else 1


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m prove", description=ABOUT, epilog=AFTER, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, help="what the plan is drawn from; drawn itself if not given, and printed")
    parser.add_argument("--kills", type=_count, default=200, help="how often the server is killed (200)")
    kinds = ",".join(Trouble)
    parser.add_argument(
        "--faults", type=_kinds, default=frozenset(Trouble), metavar="NAMES", help=f"what is done to it ({kinds})"
    )
    parser.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="an empty folder for the record and the log, which are then kept"
    )
    parser.add_argument(
        "--wrong", choices=WRONGS, metavar="NAME", help="run it on a server made wrong (python -m prove.faults.wrong)"
    )
    return parser.parse_args(arguments)


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no count")
    return int(text)


def _kinds(text: str) -> frozenset[Trouble]:
    try:
        return frozenset(Trouble(word) for word in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{error}; there are {', '.join(Trouble)}") from None


def _tell(outcome: Outcome) -> None:
    print("\n".join(outcome.table))
    print("\n".join(outcome.verdict.lines()))
    for what in outcome.short:
        print(f"prove: too little: {what}")
    if outcome.stuck:
        print(f"prove: broke off: {outcome.stuck}")


def _say(text: str) -> None:
    print(f"prove: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
