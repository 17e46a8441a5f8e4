"""A promise that a run broke, in words that name the messages involved."""

from typing import Final

import msgspec

PROMISES: Final = tuple(f"P{number}" for number in range(1, 14))
"""Those that a run's record can break."""


class Violation(msgspec.Struct, frozen=True):
    """One thing that a promise does not allow."""

    promise: str
    what: str
