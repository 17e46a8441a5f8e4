"""`make bench`: the figures of Chinwag beside those of the floor, as one table and as bench/results.json.

    python bench/run.py [B1 B2 B3 B4 B5 B6] [--rounds 3] [--scale 1.0]

One table at the end, progress before. With a scale below 1 everything is shorter: to try it out, not to quote it.
"""

import argparse
import asyncio
import os
import platform
import resource
import shutil
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from works import Bench, Result

RESULTS = Path(__file__).with_name("results.json")
WORKS = ("B1", "B2", "B3", "B4", "B5", "B6")
PACKAGES = ("chinwag", "picows", "uvloop", "msgspec", "rocksdict", "uvicorn", "litestar")


class Report(msgspec.Struct, frozen=True):
    """What results.json holds."""

    results: list[Result]
    machine: dict[str, str]
    versions: dict[str, str]


async def run(folder: Path, wanted: frozenset[str], rounds: int, scale: float) -> list[Result]:
    """All works that are wanted."""
    began = time.monotonic()

    def say(text: str) -> None:
        print(f"[{time.monotonic() - began:5.0f} s] {text}", file=sys.stderr, flush=True)

    bench = Bench(folder, rounds, scale, say)
    results: list[Result] = []
    try:
        if wanted & {"B1", "B2", "B3"}:
            results += await bench.chat(wanted)
        if "B4" in wanted:
            results += await bench.idle()
        if "B5" in wanted:
            results += await bench.returning()
        if "B6" in wanted:
            results += await bench.pages()
    finally:
        bench.close()
    return results


def table(results: list[Result]) -> Table:
    """The results for people."""
    shown = Table("figure", "Chinwag", "floor", "ratio", "")
    for column in shown.columns[1:4]:
        column.justify = "right"
    for each in results:
        value = f"{'at least ' if each.lower_bound else ''}{_number(each.value)} {each.unit}"
        floor = "" if each.floor is None else _number(each.floor)
        shown.add_row(each.id, value, floor, "" if each.ratio is None else f"{each.ratio:.2f}", each.note)
    return shown


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def machine() -> dict[str, str]:
    """What it ran on."""
    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return {
        "processor": names[0].partition(":")[2].strip() if names else platform.machine(),
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description="Measure Chinwag beside the floor.")
    parser.add_argument("works", nargs="*", metavar="B1 … B6", help="which (default: all)")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each work; the middle one counts")
    parser.add_argument("--scale", type=float, default=1.0, help="below 1: shorter and smaller, not for quoting")
    parser.add_argument("--results", type=Path, default=RESULTS)
    given = parser.parse_args()
    unknown = set(given.works) - set(WORKS)
    if unknown:
        parser.error(f"no such work: {', '.join(sorted(unknown))}")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    folder = Path(tempfile.mkdtemp(prefix="chinwag-bench-"))
    try:
        results = asyncio.run(run(folder, frozenset(given.works or WORKS), given.rounds, given.scale))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    report = Report(results, machine(), {name: version(name) for name in PACKAGES})
    given.results.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")
    Console(width=140).print(table(results))


if __name__ == "__main__":
    main()
