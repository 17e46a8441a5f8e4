"""`make bench`: the figures of Chinwag beside those of the floor, as one table and as bench/results.json.

    python bench/run.py [B1 B2 B3 B4 B5 B6 B7] [--rounds 3] [--scale 1.0] [--data FOLDER]

One table at the end, progress before. B7 needs a million and ten million stored messages: they are written once, when
B7 is asked for by name, and kept; without a name B7 runs if they are there. With a scale below 1 everything is shorter
and smaller: to try it out, not to quote it. `docs/benchmarks.md` says what each figure is.
"""

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from rich.console import Console

import cores
import report
import stored
from course import Course
from report import Report, Result
from room import Room
from trouble import BenchError, full, need_disk, need_open_files, need_room, raise_open_files
from works import chat, group, idle, many_pairs, messages_stored, one_to_one, pages, returning

RESULTS = Path(__file__).with_name("results.json")
WORKS = ("B1", "B2", "B3", "B4", "B5", "B6", "B7")
ROUNDS_MOST = 20
GIGABYTES = 4.0
"""What B1 to B6 write at scale 1, and to spare."""


class Run:
    """All works that are wanted, one after the other. One that fails does not keep the others from their figures."""

    def __init__(self, course: Course, wanted: frozenset[str], sets: stored.Sets) -> None:
        self.results: list[Result] = []
        self.failures: list[str] = []
        self._stage = course
        self._wanted = wanted
        self._sets = sets

    def all(self) -> None:
        """Measure."""
        course = self._stage
        if self._wanted & {"B1", "B2", "B3"}:
            with chat.opened(course) as sides:
                self._one("B1", lambda: one_to_one.measure(course, sides))
                self._one("B2", lambda: many_pairs.measure(course, sides))
                self._one("B3", lambda: group.measure(course, sides))
        self._one("B4", lambda: idle.measure(course))
        self._one("B5", lambda: returning.measure(course))
        self._one("B6", lambda: pages.measure(course))
        self._one("B7", lambda: messages_stored.measure(course, self._sets))

    def _one(self, name: str, work: Callable[[], list[Result]]) -> None:
        if name not in self._wanted:
            return
        try:
            self.results += work()
        except BenchError as error:
            if full(self._stage.folder):
                raise  # the others would fail for that as well
            self.failures.append(str(error))
            self._stage.say(f"{name} has failed: {error}")


def measure(given: argparse.Namespace) -> tuple[Report, list[str]]:
    """Make room, run, and clear up; the report, and what failed. Raises `BenchError` if nothing could be measured."""
    began = time.monotonic()

    def say(text: str) -> None:
        print(f"[{time.monotonic() - began:5.0f} s] {text}", file=sys.stderr, flush=True)

    disk, chosen = need_disk(given.data), cores.choose()
    given.data.mkdir(parents=True, exist_ok=True)
    sets = stored.Sets(given.data, given.scale, say)
    wanted = frozenset(given.works or WORKS)
    if not given.works and not sets.there:
        wanted -= {"B7"}
        say("B7 is left out, as its messages are not there yet: make bench ARGS=B7 writes them, in 10 minutes or so")
    need_room(given.data, GIGABYTES * given.scale)
    allowed = raise_open_files()
    with Room(given.data) as folder, closing(Course(folder, chosen, given.rounds, given.scale, say)) as course:
        if "B4" in wanted:
            need_open_files(idle.sessions(course), allowed)
        run = Run(course, wanted, sets)
        try:
            run.all()
        except Exception as error:
            if full(folder):  # then whatever failed, failed for that
                raise BenchError(
                    f"the disk under {given.data} is full: name a folder on another with --data"
                ) from error
            raise
    machine = report.machine(disk=disk, placed=chosen.note)
    return Report(run.results, machine, report.versions(), given.scale, given.rounds), run.failures


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Measure Chinwag beside the floor. See docs/benchmarks.md.")
    parser.add_argument(
        "works", nargs="*", metavar="B1 … B7", help="which (default: all; B7 if its messages are there)"
    )
    parser.add_argument("--rounds", type=int, default=3, help="turns of each work; the middle one counts")
    parser.add_argument("--scale", type=float, default=1.0, help="below 1: shorter and smaller, not for quoting")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the figures go (bench/results.json)")
    parser.add_argument("--data", type=Path, default=_cache(), help="folder on a disk, to work in (%(default)s)")
    given = parser.parse_args()
    unknown = set(given.works) - set(WORKS)
    if unknown:
        parser.error(f"no such work: {', '.join(sorted(unknown))}; there are {', '.join(WORKS)}")
    if not 1 <= given.rounds <= ROUNDS_MOST or not 0 < given.scale <= 1:
        parser.error(f"--rounds is 1 to {ROUNDS_MOST}, --scale more than 0 and at most 1")
    return given


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "chinwag-bench"


def _asked_to_end(*_: object) -> None:
    raise KeyboardInterrupt


def main() -> int:
    """Measure, print, keep."""
    given = arguments()
    signal.signal(signal.SIGTERM, _asked_to_end)
    try:
        found, failures = measure(given)
    except KeyboardInterrupt:
        print("bench: ended before it was through; no figures", file=sys.stderr)
        return 130
    except (BenchError, OSError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    report.save(found, given.results)
    Console(width=140).print(report.table(found.results))
    for failure in failures:
        print(f"bench: {failure}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
