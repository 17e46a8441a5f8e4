"""Attack a server of one's own in every known way: `python -m prove.attacks`."""

import argparse
import sys

import uvloop

from prove.attacks.attack import Attack, Result
from prove.attacks.collect import collect
from prove.attacks.run import make

ABOUT = """\
Starts a server for each attack on a folder of its own, attacks it while two people chat there, and says what came of it
and what those two felt. docs/defences.md says what must come of each; prove/attacks says how to add one."""

AFTER = """\
exit status: 0 every attack came to what must come of it; 1 one did not; 2 it could not be run

examples:
  python -m prove.attacks                     all of them, some minutes
  python -m prove.attacks --all               those too that need another program: --list says which
  python -m prove.attacks --list              which there are, and what must come of each
  python -m prove.attacks --only pings        one of them; may be given several times
  python -m prove.attacks --scale 0.1         less of everything, as in `make test`

p50, p99 and longest are the milliseconds that messages of the two took meanwhile. `right` and WRONG are by what must
be true; no time makes an attack wrong. `-` is one that could not be made here: its line says what it lacks."""


def main(arguments: list[str] | None = None) -> int:
    """The command. Returns its exit status."""
    attacks = collect()
    given = _parse(arguments)
    if given.list:
        for attack in attacks.values():
            print(f"{attack.name}\n    tries: {attack.tries}\n    must:  {attack.must}")
            if attack.asked_only:
                print(f"    needs: {attack.needs}; made with --all or --only {attack.name}")
        return 0
    if unknown := [name for name in given.only if name not in attacks]:
        print(f"prove: no attack of that name: {', '.join(unknown)}; --list tells which there are", file=sys.stderr)
        return 2
    usual = [attack for attack in attacks.values() if given.all or not attack.asked_only]
    chosen = [attacks[name] for name in given.only] or usual
    print(f"{'attack':26} {'':5} {'p50':>7} {'p99':>7} {'longest':>8}  came to", flush=True)
    results = []
    for attack in chosen:
        results.append(uvloop.run(make(attack, given.scale)))
        print(_line(results[-1]), flush=True)
    wrong = [result.attack for result in results if result.right is False]
    for attack in wrong:
        print(_must(attack))
    return 1 if wrong else 0


def _line(result: Result) -> str:
    verdict = {True: "right", False: "WRONG", None: "-"}[result.right]
    felt = result.felt
    times = f"{felt.p50:7.1f} {felt.p99:7.1f} {felt.longest:8.1f}" if felt else " " * 24
    return f"{result.attack.name:26} {verdict:5} {times}  {result.said}"


def _must(attack: Attack) -> str:
    return f"{attack.name}: {attack.tries}; must: {attack.must}"


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m prove.attacks",
        description=ABOUT,
        epilog=AFTER,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--list", action="store_true", help="say which attacks there are, and make none")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="this one; several times for more")
    parser.add_argument("--all", action="store_true", help="those too that need another program, and time to build it")
    parser.add_argument("--scale", type=float, default=1.0, help="how much of everything to do, 1 being all")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
