"""Check the record of a run against the promises: `python -m prove.check RECORD …`."""

import argparse
import sys
from pathlib import Path

from prove.record import NotARecord, read
from prove.verdict import judge

ABOUT = """\
Reads what a run wrote down (each send, each answer, each event as each device saw it, and what everybody could read in
the end) and names each promise that the server broke, P1 to P13, with the messages involved. docs/guarantees.md says
what is promised; prove/promises has one file for each promise; prove/facts says what a record is made of."""

AFTER = """\
It ends with one line: what there was to judge by, and how often each promise was broken. A promise is only as well
proven as that evidence: with probes=0, P8 rests on the inboxes alone.

exit status: 0 nothing was broken; 1 something was; 2 a file is no record

examples:
  python -m prove.check run.record
  python -m prove.synthesise 100000 right.record && python -m prove.check right.record"""


def main(arguments: list[str] | None = None) -> int:
    """The command. Returns its exit status."""
    parser = argparse.ArgumentParser(
        "python -m prove.check",
        description=ABOUT,
        epilog=AFTER,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "record", nargs="+", type=Path, metavar="RECORD", help="a file that prove.record.Recorder wrote"
    )
    status = 0
    for path in parser.parse_args(arguments).record:
        try:
            verdict = judge(read(path))
        except (OSError, NotARecord) as error:
            print(error, file=sys.stderr)
            return 2
        run = verdict.index.run
        print(f"{path}: {run.what}, seed {run.seed}" if run is not None else path)
        print("\n".join(verdict.lines()))
        if not verdict.holds:
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
