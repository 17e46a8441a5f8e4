"""What a commit makes of the rows of who is told of whose presence."""

from typing import Final

from chinwag.adapters import names, stored
from chinwag.adapters.cassandra.statements import Changes, insert
from chinwag.domain.conversation import companions
from chinwag.ports.message_store import Commit

COMPANIONS: Final = insert("companions", "account conversation among", 1)


def companion_changes(commit: Commit, conversation: bytes, at: int) -> Changes:
    """The rows that a commit makes: what everybody has who is in it now, and nobody for who is not. at: the timestamp
    of its rows."""
    if not commit.regrouped:
        return []
    among = companions(commit.state)
    all_of_them, nobody = stored.sealed(among), stored.sealed(())
    return [
        (COMPANIONS, (names.known(one), conversation, all_of_them if one in among else nobody, at))
        for one in commit.regrouped
    ]
