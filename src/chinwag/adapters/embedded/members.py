"""The rows in which a wide group keeps its members."""

from chinwag.adapters import stored
from chinwag.adapters.embedded import keys
from chinwag.ports.message_store import Commit

Rows = list[tuple[bytes, bytes]]


def members(commit: Commit) -> Rows:
    """What a commit makes of them."""
    conversation, sealed = commit.state.id, stored.sealed
    rows = [(keys.wrote(conversation, account), sealed(wrote)) for account, wrote in commit.wrote]
    rows += [(keys.person(conversation, account), sealed(row)) for account, row in commit.people]
    rows += [(keys.joining(conversation, joined, account), sealed(left)) for joined, account, left in commit.joinings]
    if commit.widens:
        rows.append((keys.wide(conversation), sealed(commit.state.head)))
    return rows
