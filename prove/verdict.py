"""What the checks found in a run: how often each promise was broken, with examples, and what there was to judge by."""

import gc
from collections import Counter
from collections.abc import Iterable
from typing import Final

from prove.facts import AnyFact
from prove.index.index import Index
from prove.promises import CHECKS
from prove.violation import PROMISES, Violation

EXAMPLES: Final = 10
"""Violations of one promise that are told in words; further ones are counted."""


class Verdict:
    """Of one run. `counts` says how often each promise was broken, `examples` tells the first of each."""

    def __init__(self, index: Index) -> None:
        """Runs all checks."""
        self.index: Final = index
        self.counts: Final[Counter[str]] = Counter()
        self.examples: Final[list[Violation]] = []
        for check in CHECKS:
            for violation in check(index):
                self.counts[violation.promise] += 1
                if self.counts[violation.promise] <= EXAMPLES:
                    self.examples.append(violation)

    @property
    def holds(self) -> bool:
        """Whether no promise was broken."""
        return not self.counts

    @property
    def broken(self) -> set[str]:
        """The promises that were."""
        return set(self.counts)

    def lines(self) -> list[str]:
        """For people: each example, and how many more there are; then the summary."""
        told: list[str] = []
        for promise in PROMISES:
            told += [f"{one.promise}: {one.what}" for one in self.examples if one.promise == promise]
            if self.counts[promise] > EXAMPLES:
                told.append(f"{promise}: and {self.counts[promise] - EXAMPLES} more")
        return [*told, self.summary()]

    def summary(self) -> str:
        """One line: what there was, and how often each promise was broken."""
        facts = self.index.counts
        seen = sum(facts[kind] for kind in ("SeenMessage", "SeenNotice", "SeenMark", "SeenAccount"))
        rows = sum(facts[kind] for kind in ("HistoryMessage", "HistoryNotice", "InboxRow"))
        found = " ".join(f"{promise}={self.counts[promise]}" for promise in PROMISES)
        return (
            f"check: attempted={self.index.sends.count} acked={self.index.sends.acked_once} "
            f"seen={seen} read_at_end={rows} sessions={facts['Began']} faults={facts['Fault']} "
            f"probes={facts['Probed']} states={facts['State']} {found}"
        )


def judge(facts: Iterable[AnyFact]) -> Verdict:
    """Judge a run by its facts, in the order in which they were written."""
    # Millions of values that live until the end: looking for cycles among them would take half of the time.
    collecting = gc.isenabled()
    gc.disable()
    try:
        return Verdict(Index(facts))
    finally:
        if collecting:
            gc.enable()
