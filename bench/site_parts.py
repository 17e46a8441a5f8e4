"""What a site uses, part by part."""

import os
import urllib.request
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
from prometheus_client.parser import text_string_to_metric_families

from chinwag.cli.cluster_demo.site import Site

TICKS = os.sysconf("SC_CLK_TCK")


class Figure(msgspec.Struct, frozen=True):
    """One figure of the results."""

    id: str
    value: float
    unit: str
    note: str = ""


class Spent(NamedTuple):
    """Processor seconds by part, and the servers' own counts (name: sum and number)."""

    cpu: dict[str, float]
    counts: dict[str, float]


def spent_until_now(site: Site) -> Spent:
    """Of all parts since they began."""
    cpu: dict[str, float] = defaultdict(float)
    counts: dict[str, float] = defaultdict(float)
    for process in site.processes:
        cpu[process.name.rpartition("-")[0]] += _cpu([process.pid])
        with urllib.request.urlopen(f"{process.observe}/metrics", timeout=10) as answer:
            for family in text_string_to_metric_families(answer.read().decode()):
                for sample in family.samples:
                    if not sample.labels:
                        counts[sample.name] += sample.value
    for engine, pid in _engines(site):
        cpu[engine] += _cpu([pid, *_children(pid)])
    return Spent(dict(cpu), dict(counts))


def _cpu(pids: Sequence[int]) -> float:
    """Processor seconds of processes, and of those that they have seen end."""
    total = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except FileNotFoundError:
            continue  # it has just ended, and its parent counts it
        total += sum(map(int, fields[11:15]))
    return total / TICKS


def _engines(site: Site) -> Iterator[tuple[str, int]]:
    """Each node's process, by the name of its engine."""
    wide = site.wide.standings() if site.wide is not None else {}
    for name, standing in site.engines.items():
        if name not in wide:
            yield name, standing.pid
    for name, node in wide.items():
        yield name.partition("-")[0], node.pid


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def memory(site: Site) -> float:
    """MB: what all of it takes of the machine (PSS)."""
    pids = [one.pid for one in site.processes]
    for _, pid in _engines(site):
        pids += [pid, *_children(pid)]
    if site.nginx is not None:
        pids += [site.nginx.pid, *_children(site.nginx.pid)]
    return sum(_pss(pid) for pid in pids) / 1e6


def _pss(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:"))
