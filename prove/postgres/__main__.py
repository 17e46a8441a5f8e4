"""Two owners of two partitions post to 100 common accounts in opposite order; nothing may block, be lost or be doubled.

    python -m prove.postgres [--batches 10000] [--accounts 100] [--url postgresql://…]

Starts a PostgreSQL of its own, with every sync, unless --url names a database to make the tables in. Each owner is a
process of its own; one of them is stopped and continued again and again. Exits with 1 if anything is wrong.
"""

import argparse
import sys
import time

from prove.postgres.processes import run
from prove.postgres.server import database


def main() -> int:
    """The command; its exit code."""
    parser = argparse.ArgumentParser(prog="python -m prove.postgres", description=__doc__.splitlines()[0])
    parser.add_argument("--batches", type=int, default=10_000, help="of both owners together (10000)")
    parser.add_argument("--accounts", type=int, default=100, help="who is told everything (100)")
    parser.add_argument("--seed", type=int, default=1, help="of the batches and of the stops (1)")
    parser.add_argument("--url", help="an empty database, in place of one of its own")
    asked = parser.parse_args()
    with database(asked.url) as url:
        began = time.monotonic()
        wrong = run(url, asked.batches // 2, asked.accounts, asked.seed)
        for line in wrong[:20]:
            print(line, file=sys.stderr)
        print(f"{asked.batches} batches in {time.monotonic() - began:.0f} s: {len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
