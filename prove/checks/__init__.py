"""The promises, one file each: what in a run's record breaks it.

Each check is a function of the gathered facts (`prove.index`) and yields a violation for each thing that is not as
promised. No check believes the server: what a message must be comes from what was sent, who may read it from the
notices that all readers agree on, and when, from the driver's clock.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from prove.checks.p1_lost import lost
from prove.checks.p2_invented import invented
from prove.checks.p3_one_order import one_order
from prove.checks.p4_own_order import own_order
from prove.checks.p5_convergence import convergence
from prove.checks.p6_same_answer import same_answer
from prove.checks.p7_gaps import gaps
from prove.checks.p8_read_your_writes import read_your_writes
from prove.checks.p9_marks import marks
from prove.checks.p10_removal import removal
from prove.checks.p11_cold_load import cold_load
from prove.checks.p12_comes_back import comes_back
from prove.index.index import Index
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
)
"""In the order of the promises."""
