"""What stores share about fan-out."""

from collections.abc import Sequence

from chinwag.ports.message_store import Fanout


def merged(fanouts: Sequence[Fanout]) -> Sequence[Fanout]:
    """Neighbours with one audience made one."""
    if len(fanouts) == 1:
        return fanouts
    merged = [fanouts[0]]
    for fanout in fanouts[1:]:
        before = merged[-1]
        if fanout.first == before.last + 1 and fanout.audience == before.audience:
            merged[-1] = Fanout(before.first, fanout.last, before.audience)
        else:
            merged.append(fanout)
    return merged
