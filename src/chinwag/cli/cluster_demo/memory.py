"""What a site takes of the machine's memory, part by part, as the kernel says."""

from collections import defaultdict
from pathlib import Path

from chinwag.cli.cluster_demo.site import Site


def memory_of(site: Site) -> dict[str, int]:
    """Bytes by part (`processes`, `nginx`, and the engines): pages that several share count once over all (PSS).
    Empty where the system does not say."""
    pids = {"processes": [one.pid for one in site.processes]}
    for engine, standing in site.engines.items():
        pids[engine] = [standing.pid]
    if site.wide is not None:
        for kind in ("cassandra", "nats", "zookeeper"):
            pids[kind] = [one.pid for one in site.wide.of(kind)]
    if site.nginx is not None:
        pids["nginx"] = [site.nginx.pid]
    found: dict[str, int] = defaultdict(int)
    for part, numbers in pids.items():
        for pid in numbers:
            for each in (pid, *_children(pid)):
                if taken := _pss(each):
                    found[part] += taken
    return dict(found)


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _pss(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:")), 0)
