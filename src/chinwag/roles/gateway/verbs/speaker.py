"""What a verb may do with the session that said it."""

from collections.abc import Callable
from typing import Any, Protocol

from chinwag.flow.wish import Wish
from chinwag.roles.gateway.common import Common
from chinwag.roles.gateway.outward import Outward


class Speaker(Protocol):
    """A welcomed session. Verbs raise `Refused`, which it tells its client.

    out: whose device it is, and what it is given.
    """

    common: Common
    out: Outward

    def ask(self, wish: Wish) -> None:
        """Submit a wish of this device; its answer goes to the device. Raises `Refused`."""
        ...

    def typed(self, every: float) -> bool:
        """Whether a typing frame counts now: at most one in `every` seconds does."""
        ...


Verb = Callable[[Speaker, Any], None]
"""Does what a frame says. Each takes the frame that its key in the table names."""
