"""P11: resume equals cold load.

What a device kept through events equals what it loads afresh at the same position. Whoever drives a run writes both as
texts that are equal if and only if the states are.
"""

from collections.abc import Iterator

from prove.index.index import Index
from prove.violation import Violation


def cold_load(index: Index) -> Iterator[Violation]:
    """P11."""
    for state in index.states:
        if state.kept != state.loaded:
            yield Violation(
                "P11",
                f"{state.device} keeps {state.place} as {state.kept!r}; at position {state.position} it loads "
                f"{state.loaded!r}",
            )
