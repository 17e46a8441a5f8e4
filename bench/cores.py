"""Which cores the server and the generators stay on."""

import os
from pathlib import Path

import msgspec


class Cores(msgspec.Struct, frozen=True):
    """One core for the server; the generators have one each, as many as there are others."""

    server: int
    generators: tuple[int, ...]
    note: str


def choose(most_generators: int = 2) -> Cores:
    """Of the cores that this process may use: the server's alone, then the generators', never two halves of one.

    Without a second core all share one, and the note says so.
    """
    mine = sorted(os.sched_getaffinity(0))
    server = mine[0]
    whole = [core for core in mine[1:] if core not in _halves(server)]
    others: list[int] = []
    for core in whole:
        if not any(core in _halves(chosen) for chosen in others):
            others.append(core)
    if others:
        chosen = tuple(others[:most_generators])
        return Cores(server, chosen, f"server on {server}, generator on {', '.join(map(str, chosen))}")
    if len(mine) > 1:
        return Cores(server, (mine[1],), f"server on {server}, generator on {mine[1]}: two halves of one core")
    return Cores(server, (server,), "server and generator share one core: no figure means much")


def _halves(core: int) -> frozenset[int]:
    """The hardware threads of the core that `core` belongs to."""
    path = Path(f"/sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list")
    try:
        text = path.read_text().strip()
    except OSError:
        return frozenset({core})
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return frozenset(found)
