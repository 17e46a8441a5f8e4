"""Cut the power of a server under load, and look for what it had confirmed.

    python -m prove.power [--cuts 50] [--seed N] [--without-sync rocksdb|sqlite] [--way bare|torn|whole]

Prints a table and one line; exits with 1 if anything is lost, doubled or otherwise wrong.
"""

import argparse
import asyncio
import secrets
import statistics
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from prove.power.library import NoCompiler, library
from prove.power.proof import WAYS, Outcome, Proof

WORDS = 20


def main() -> int:
    """The command; its exit code."""
    parser = argparse.ArgumentParser(prog="python -m prove.power", description=__doc__.splitlines()[0])
    parser.add_argument("--cuts", type=int, default=50, help="how often the power is cut (50)")
    parser.add_argument("--seed", type=int, default=None, help="of the moments and of what survives")
    parser.add_argument("--acks", type=int, default=600, help="acked messages between two cuts, at most (600)")
    parser.add_argument(
        "--without-sync", choices=("rocksdb", "sqlite"), help="the syncs of this store's commits do nothing"
    )
    parser.add_argument("--people", type=int, choices=range(6, 100, 2), default=10, metavar="N", help="6 to 98 (10)")
    parser.add_argument("--way", choices=("bare", "torn", "whole"), help="what is left of the unsynced (by chance)")
    asked = parser.parse_args()
    seed = secrets.randbelow(1 << 31) if asked.seed is None else asked.seed
    screen = Console(stderr=True, highlight=False)
    try:
        library()
    except NoCompiler as missing:
        screen.print(str(missing), markup=False)
        return 2
    with tempfile.TemporaryDirectory(prefix="chinwag-power-") as folder:
        ways = WAYS if asked.way is None else (asked.way,)
        proof = Proof(Path(folder), seed, asked.acks, asked.without_sync, ways, asked.people)
        try:
            outcome = asyncio.run(proof.run(asked.cuts, lambda line: screen.print(line, markup=False)))
        except BaseException:
            screen.print(proof.server.log()[-5000:], markup=False)
            raise
        finally:
            proof.server.end()
    report(outcome, seed)
    return 1 if outcome.verdict.wrong else 0


def report(outcome: Outcome, seed: int) -> None:
    """The table, the first faults in words, and the line."""
    verdict, dropped = outcome.verdict, outcome.dropped
    ways = ", ".join(f"{way} {count}" for way, count in sorted(outcome.ways.items()))
    table = Table(title=f"{outcome.cuts} power cuts: {ways}; {outcome.in_start} of them in a start")
    for name in ("store", "confirmed", "lost", "doubled", "holes", "unsynced bytes dropped"):
        table.add_column(name, justify="left" if name == "store" else "right")
    lost = verdict.lost_messages + verdict.lost_marks
    table.add_row(
        "RocksDB: messages, marks",
        f"{outcome.acked:,} + {outcome.marks:,}",
        f"{lost:,}",
        str(verdict.doubled),
        str(verdict.holes),
        f"{dropped.rocksdb:,}",
    )
    table.add_row(
        "SQLite: directory", f"{outcome.changes:,}", f"{verdict.lost_changes:,}", "", "", f"{dropped.sqlite:,}"
    )
    console = Console(highlight=False)
    console.print(table)
    for words in verdict.words[:WORDS]:
        console.print("  " + words, markup=False)
    print(
        f"power: cuts={outcome.cuts} acked={outcome.acked} confirmed={outcome.marks + outcome.changes} "
        f"lost={lost + verdict.lost_changes} doubled={verdict.doubled} holes={verdict.holes} other={verdict.other} "
        f"in_flight={outcome.in_flight} keys_tried={outcome.again} start_p50_ms={_p50_ms(outcome.starts)} seed={seed}"
    )


def _p50_ms(seconds: list[float]) -> int:
    return round(statistics.median(seconds) * 1000) if seconds else 0


if __name__ == "__main__":
    sys.exit(main())
