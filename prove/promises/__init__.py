"""The promises, one file each: what in a run's record breaks it.

Each check is a function of the gathered facts (`prove.index`) and yields a violation for each thing that is not as
promised. No check believes the server: what a message must be comes from what was sent, who may read it from the
notices that all readers agree on, and when, from the driver's clock.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from prove.index.index import Index
from prove.promises.media_kept import media_kept
from prove.promises.p1_lost import lost
from prove.promises.p2_invented import invented
from prove.promises.p3_one_order import one_order
from prove.promises.p4_own_order import own_order
from prove.promises.p5_convergence import convergence
from prove.promises.p6_same_answer import same_answer
from prove.promises.p7_gaps import gaps
from prove.promises.p8_read_your_writes import read_your_writes
from prove.promises.p9_marks import marks
from prove.promises.p10_removal import removal
from prove.promises.p11_cold_load import cold_load
from prove.promises.p12_comes_back import comes_back
from prove.promises.p13_erased import erased
from prove.promises.told_by_push import told_by_push
from prove.violation import Violation

Check = Callable[[Index], Iterator[Violation]]

CHECKS: Final[Sequence[Check]] = (
    lost,
    invented,
    one_order,
    own_order,
    convergence,
    same_answer,
    gaps,
    read_your_writes,
    marks,
    removal,
    cold_load,
    comes_back,
    erased,
    media_kept,
    told_by_push,
)
"""In the order of the promises; then what several say of media and of pushes."""
