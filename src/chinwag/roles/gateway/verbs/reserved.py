"""`edit`, `delete`, `react`: reserved in protocol 1, not taken yet."""

from typing import TYPE_CHECKING

from chinwag.domain.refusal import Code, Refused
from chinwag.wire.frames import Delete, Edit, React

if TYPE_CHECKING:
    from chinwag.roles.gateway.session import Session


def reserved(_session: "Session", _frame: Edit | Delete | React) -> None:
    """Refuse with a code that says so."""
    raise Refused(Code.UNSUPPORTED)
