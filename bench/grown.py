"""A group of any size, written straight into a store, as if its members had joined one after the other.

A hundred thousand joinings would take a minute and tell nothing: the rows are the same ones.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Final

import msgspec

from chinwag.domain.conversation import Conversation, GroupSettings, Member, Role, Span
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.member_row import MemberRow, Stay
from chinwag.flow.clock import system_clock
from chinwag.ports.message_store import Commit, MessageStore

WIDE_ABOVE: Final = 500
LARGE_ABOVE: Final = 1_000
HOW: Final = GroupSettings(join="open", large=True)
AT_ONCE: Final = 5_000
"""Members of one commit."""


def grown(name: ConversationId, members: Sequence[AccountId], *, admins: int = 2) -> Conversation:
    """The state of such a group; the first owns it, and the next are admins."""
    wide = len(members) > WIDE_ABOVE
    held = {
        account: Member(_role(place, admins), place + 1)
        for place, account in enumerate(members)
        if not wide or place <= admins
    }
    return Conversation(
        name,
        False,
        held,
        head=len(members),
        at=system_clock(),
        title="All of us",
        settings=HOW,
        shown=1,
        wide=wide,
        count=len(members) if wide else 0,
        large=len(members) > LARGE_ABOVE,
        reads_most=1 if wide else 0,
    )


async def write_group(
    store: MessageStore, name: ConversationId, members: Sequence[AccountId], *, admins: int = 2
) -> AsyncIterator[int]:
    """Write it; how many members are written, after each commit. Raises `Refused(UNAVAILABLE)`."""
    state = grown(name, members, admins=admins)
    for first in range(0, len(members), AT_ONCE):
        some = list(enumerate(members[first : first + AT_ONCE], first + 1))
        commit = Commit(state, [], [], [], [Span(account, name, 1) for _, account in some])
        if state.wide:
            commit = msgspec.structs.replace(
                commit,
                people=[(account, MemberRow((Stay(number, 0, 1),))) for number, account in some],
                joinings=[(number, account, 0) for number, account in some],
                widens=first == 0,
            )
        await store.commit([commit])
        yield first + len(some)


def _role(place: int, admins: int) -> Role:
    if place == 0:
        return Role.OWNER
    return Role.ADMIN if place <= admins else Role.MEMBER
