"""P1, P10 and P13 of media: what was acked is read by exactly those who may read the message, as long as it stands."""

from collections.abc import Iterator
from typing import Final

from prove.index.index import Index
from prove.violation import Violation

FOUND: Final = 200


def media_kept(index: Index) -> Iterator[Violation]:
    """P1, P10, P13."""
    for fact, sent, may, deleted in index.media.asked:
        what = f"{fact.reader} asked for the media of {fact.number} of {fact.conversation}"
        if fact.status != FOUND:
            if sent is not None and may and not deleted:
                yield Violation("P1", f"{what}, which stands there and which it may read, and got {fact.status}")
        elif deleted:
            yield Violation("P13", f"{what}, which was deleted, and got them")
        elif not may:
            yield Violation("P10", f"{what}, which it may not read, and got them")
        elif sent is not None and fact.hash != sent.hash:
            yield Violation("P1", f"{what}, and got something else than was sent")
