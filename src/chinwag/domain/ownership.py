"""Which of the live nodes owns which part of a kind of work: the same answer wherever the same nodes are seen.

Rendezvous hashing: each part goes to the node that draws highest for it. When a node goes, only its own parts move, and
when one comes, it takes its share from all the others alike.
"""

from collections.abc import Collection
from hashlib import blake2b


def owner(kind: str, part: int, nodes: Collection[str]) -> str | None:
    """The owner of `part` (0 and up) of the work `kind` among `nodes`; None if there are none."""
    return max(nodes, key=lambda node: (_draw(kind, part, node), node), default=None)


def owned(kind: str, parts: int, node: str, nodes: Collection[str]) -> frozenset[int]:
    """The parts of `parts` that `node` owns among `nodes`."""
    return frozenset(part for part in range(parts) if owner(kind, part, nodes) == node)


def _draw(kind: str, part: int, node: str) -> bytes:
    return blake2b(f"{kind}\0{part}\0{node}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
