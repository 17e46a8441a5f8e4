"""A storm over a server on several processes, and the verdict: `python -m prove.cluster`, `make prove-cluster`."""

import argparse
import math
import sys
from typing import Final

import uvloop

from chinwag.engines.errors import EngineError
from prove import arguments
from prove.cluster.catch import catch, planted
from prove.cluster.plan import KINDS, MOMENTS, Harm
from prove.cluster.processes import EVERY
from prove.cluster.run import CLUSTER, Wanted, line, run
from prove.faults.wrong import PLANTS, STREAMED

NAME: Final = "prove-cluster"
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
  python -m prove.cluster --kinds crowd --harms 2 --sessions 1000    a gateway killed with 1,000 idle sessions
  python -m prove.cluster --roles every,every    two processes that carry every role
  python -m prove.cluster --profile cassandra    over three nodes each of Cassandra, NATS and ZooKeeper
  python -m prove.cluster --plant NAME           see that a fault is found: a short storm over a server with it
  python -m prove.cluster --catch                the same for all of them, as a table
  python -m prove.cluster --catch --profile cassandra    for those of that profile: the test that fails over each
  python -m prove.check FOLDER/storm.record      judge a kept record again"""


def main(given_arguments: list[str] | None = None) -> int:
    """The command. Returns its exit status."""
    given = _parse(given_arguments)
    seed, say = arguments.seed(given), arguments.say(NAME)
    if given.catch:
        return catch(STREAMED if given.profile == "cassandra" else (*PLANTS, *STREAMED), seed, say)
    if given.plant in STREAMED:
        return catch([given.plant], seed, say)
    nodes = given.nodes if given.profile == "cassandra" else 0
    wanted = Wanted(
        *(seed, given.harms, given.kinds, given.accounts, given.groups),
        roles=given.roles,
        sessions=given.sessions,
        nodes=nodes,
        seconds=given.seconds,
    )
    if given.plant:
        wanted = planted(given.plant, seed)
    try:
        folder = arguments.folder(given)
        say(f"seed {seed}, {wanted.harms} harms, in {folder}")
        outcome = uvloop.run(run(wanted, folder, say))
    except (EngineError, arguments.NotEmptyError) as error:
        print(f"{NAME}: {error}", file=sys.stderr)
        return 2
    arguments.told(NAME, outcome.table, outcome.verdict.lines(), outcome.short, outcome.stuck)
    if not outcome.holds:
        print(f"{NAME}: kept in {folder}: storm.record, and a log of each process")
        print(f'{NAME}: again: make prove-cluster PROFILE={given.profile} ARGS="--seed {seed} {_again(given)}"')
    else:
        arguments.discard(given, folder)
    print(line(outcome))
    return 0 if outcome.holds else 1


def _again(given: argparse.Namespace) -> str:
    """What must be said to have the same storm, its seed and profile aside."""
    if given.plant:
        return f"--plant {given.plant}"
    kinds, roles = ",".join(sorted(given.kinds)), ",".join(given.roles)
    nodes = f" --nodes {given.nodes}" if given.profile == "cassandra" else ""
    size = f"--accounts {given.accounts} --groups {given.groups}"
    return f"--harms {given.harms} --kinds {kinds} --roles {roles} {size}{nodes}"


def _parse(given: list[str] | None) -> argparse.Namespace:
    parser = arguments.parser("python -m prove.cluster", ABOUT, AFTER)
    parser.add_argument("--harms", type=arguments.count, default=200, help="how often something is done to it (200)")
    parser.add_argument("--profile", choices=KINDS, default="postgres", help="which engines it runs on (postgres)")
    parser.add_argument(
        "--nodes", type=int, choices=(1, 3), default=3, help="of each engine of the cassandra profile (3)"
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=math.inf,
        help="begin no further harm so long after the start of the storm, whatever is left of the plan",
    )
    parser.add_argument("--accounts", type=arguments.count, default=40, help="who chat, with two devices each (40)")
    parser.add_argument("--groups", type=arguments.count, default=15, help="in so many groups (15)")
    parser.add_argument(
        "--kinds",
        type=arguments.kinds(Harm),
        metavar="NAMES",
        help=f"what is done to it ({','.join(Harm)})",
    )
    parser.add_argument(
        "--roles", type=_roles, default=CLUSTER, metavar="NAMES", help=f"of each process ({','.join(CLUSTER)})"
    )
    parser.add_argument(
        "--sessions",
        type=arguments.count,
        default=200,
        help="of the idle crowd that is at a gateway when it is killed (200)",
    )
    parser.add_argument(
        "--plant",
        choices=(*PLANTS, *STREAMED),
        metavar="NAME",
        help="run it on a server made wrong (python -m prove.faults.wrong), or the test that is to find it",
    )
    parser.add_argument("--catch", action="store_true", help="do so for each server made wrong, and say what found it")
    found = parser.parse_args(given)
    able = KINDS[found.profile]
    if found.kinds is None:
        found.kinds = able
    if unable := sorted(found.kinds - able):
        parser.error(f"{', '.join(unable)}: not on {found.profile}")
    twice = [role for role in ("gateway", "delivery") if sum(one in (role, EVERY) for one in found.roles) < 2]
    if twice and (moments := sorted(found.kinds & MOMENTS)):
        parser.error(f"{', '.join(moments)} need two processes of the roles {', '.join(twice)}")
    return found


def _roles(text: str) -> tuple[str, ...]:
    roles = tuple(text.split(","))
    if unknown := sorted({*roles} - {*CLUSTER, EVERY}):
        raise argparse.ArgumentTypeError(f"no roles: {', '.join(unknown)}")
    return roles


if __name__ == "__main__":
    sys.exit(main())
