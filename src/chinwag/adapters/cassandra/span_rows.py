"""What a commit makes of the numbers that accounts may read."""

from typing import Final

from chinwag.adapters import names, stored
from chinwag.adapters.cassandra.statements import Changes, insert
from chinwag.domain.refusal import Code, Refused
from chinwag.ports.message_store import Commit

SPAN: Final = insert("spans", "account length conversation first span", 1)
CLOSING: Final = insert("closings", "account conversation first last span", 2)


def span_changes(commit: Commit, conversation: bytes, at: int) -> Changes:
    """The rows that a commit makes. at: their timestamp. Raises `Refused` for an account without a name."""
    changes: Changes = []
    # Of two of one name the later holds: they have one timestamp, and the engine would keep the greater value.
    for span in {(span.account, span.first): span for span in commit.spans}.values():
        account = names.known(span.account)
        if not account:
            raise Refused(Code.BAD_REQUEST, "an account has a name")
        row = stored.sealed(span)
        changes.append((SPAN, (account, len(conversation), conversation, span.first, row, at)))
    for span in commit.spans:
        if span.last is not None:
            row = stored.sealed(span)
            changes.append((CLOSING, (names.known(span.account), conversation, span.first, span.last, row, at)))
    return changes
