"""A storm over a real server that is killed again and again, and the verdict: `python -m prove`, `make prove`."""

import argparse
import sys
from typing import Final

import uvloop

from prove import arguments
from prove.faults.disk import NoDiskError
from prove.faults.wrong import LARGE, WRONGS
from prove.faults.wrong import command as wrong_command
from prove.storm.filers import GROUPS
from prove.storm.outcome import line
from prove.storm.plan import Trouble
from prove.storm.run import Wanted, run

NAME: Final = "prove"
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
  python -m prove                          200 kills: half an hour or more, most of it starting servers
  python -m prove --seed 7 --kills 20      a short one, of that seed
  python -m prove --faults kill,disk       nothing but kills and full disks
  python -m prove --kills 20 --large       with groups that become large and small again
  python -m prove --kills 3 --wrong swapped    see that a fault is found
  python -m prove --keep /tmp/storm        keep the record and the server's log
  python -m prove.check /tmp/storm/storm.record    judge a kept record again"""


def main(given_arguments: list[str] | None = None) -> int:
    """The command. Returns its exit status."""
    given = _parse(given_arguments)
    seed, say = arguments.seed(given), arguments.say(NAME)
    try:
        folder = arguments.folder(given)
        say(f"seed {seed}, {given.kills} kills, in {folder}")
        command = wrong_command(given.wrong) if given.wrong else ()
        wanted = Wanted(
            seed, given.kills, given.faults, command=command, filers=GROUPS, large=given.large or given.wrong in LARGE
        )
        outcome = uvloop.run(run(wanted, folder, say))
    except arguments.NotEmptyError as error:
        print(f"{NAME}: {error}", file=sys.stderr)
        return 2
    except NoDiskError as error:
        print(f"{NAME}: {error}\n{NAME}: or leave it out: --faults kill,drain,stop,fds,clock", file=sys.stderr)
        return 2
    arguments.told(NAME, outcome.table, outcome.verdict.lines(), outcome.short, outcome.stuck)
    if not outcome.holds:
        kinds = ",".join(sorted(given.faults))
        print(f"{NAME}: kept in {folder}: storm.record, data.log")
        more = " --large" * given.large + (f" --wrong {given.wrong}" if given.wrong else "")
        print(f'{NAME}: again: make prove ARGS="--seed {seed} --kills {given.kills} --faults {kinds}{more}"')
    else:
        arguments.discard(given, folder)
    print(line(outcome.plan, outcome.tally, outcome.verdict))
    return 0 if outcome.holds else 1


def _parse(given: list[str] | None) -> argparse.Namespace:
    parser = arguments.parser("python -m prove", ABOUT, AFTER)
    parser.add_argument("--kills", type=arguments.count, default=200, help="how often the server is killed (200)")
    parser.add_argument(
        "--faults",
        type=arguments.kinds(Trouble),
        default=frozenset(Trouble),
        metavar="NAMES",
        help=f"what is done to it ({','.join(Trouble)})",
    )
    parser.add_argument("--large", action="store_true", help="the two biggest groups become large and small again")
    parser.add_argument(
        "--wrong",
        choices=[*WRONGS, *LARGE],
        metavar="NAME",
        help="run it on a server made wrong (python -m prove.faults.wrong)",
    )
    return parser.parse_args(given)


if __name__ == "__main__":
    sys.exit(main())
