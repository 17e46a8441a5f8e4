"""`edit`, `delete`, `react`: reserved in protocol 1, not taken yet."""

from chinwag.domain.refusal import Code, Refused
from chinwag.roles.gateway.verbs.speaker import Speaker
from chinwag.wire.frames import Delete, Edit, React


def reserved(_session: Speaker, _frame: Edit | Delete | React) -> None:
    """Refuse with a code that says so."""
    raise Refused(Code.UNSUPPORTED)
