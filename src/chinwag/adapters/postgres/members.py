"""The members of wide groups on PostgreSQL: what a batch makes of their rows, and what is read of them."""

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from chinwag.adapters import names, stored
from chinwag.adapters.postgres.columns import columns
from chinwag.adapters.postgres.database import Database
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.member_row import MemberRow, Wrote
from chinwag.ports.message_store import Commit, Joining, PersonName

LAST: Final = (1 << 63) - 1
"""The highest number that a row can have."""
ARGUMENTS: Final = 11
"""How many `messages.members_3` wants besides whether all is committed."""

_PEOPLE: Final = """
    SELECT n, p.stays FROM unnest($1::bytea[], $2::bytea[]) WITH ORDINALITY AS w (conversation, account, n)
    JOIN messages.people AS p ON p.conversation = w.conversation AND p.account = w.account"""
_WROTE: Final = """
    SELECT n, p.wrote FROM unnest($1::bytea[], $2::bytea[]) WITH ORDINALITY AS w (conversation, account, n)
    JOIN messages.wrote AS p ON p.conversation = w.conversation AND p.account = w.account"""
JOININGS: Final = "SELECT joined, account, gone FROM messages.joinings_3($1, $2, $3, $4)"
_WIDE_GROUPS: Final = "SELECT conversation FROM messages.wide_groups WHERE conversation > $1 ORDER BY 1 LIMIT $2"
_FORGET_JOININGS: Final = """
    DELETE FROM messages.joinings AS j USING unnest($2::bigint[], $3::bytea[]) AS g (joined, account)
    WHERE j.conversation = $1 AND j.joined = g.joined
        AND j.length = octet_length(g.account) AND j.account = g.account"""
# One row a statement, as one that held two would meet a batch that writes them in the other order.
_FORGET: Final = (
    "DELETE FROM messages.wrote WHERE conversation = $1 AND account = $2",
    "DELETE FROM messages.people WHERE conversation = $1 AND account = $2",
)

Found = TypeVar("Found")


def arguments(commits: Sequence[Commit]) -> tuple[list[object], ...] | None:
    """What `messages.members_3` wants of a batch; None if there is nothing for it, as of most."""
    if not any(one.wrote or one.people or one.joinings or one.widens for one in commits):
        return None
    known, sealed = names.known, stored.sealed
    wrote: list[tuple[bytes, bytes, bytes]] = []
    people: list[tuple[bytes, bytes, bytes]] = []
    joinings: list[tuple[bytes, int, bytes, int]] = []
    wide: list[tuple[bytes]] = []
    for commit in commits:
        conversation = known(commit.state.id)
        wrote += [(conversation, known(account), sealed(row)) for account, row in commit.wrote]
        people += [(conversation, known(account), sealed(row)) for account, row in commit.people]
        joinings += [(conversation, joined, known(account), left) for joined, account, left in commit.joinings]
        if commit.widens:
            wide.append((conversation,))
    return *columns(wrote, 3), *columns(people, 3), *columns(joinings, 4), *columns(wide, 1)


class Members:
    """Reads and forgets them. All calls raise `Refused(UNAVAILABLE)`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def people(self, wanted: Sequence[PersonName]) -> list[MemberRow | None]:
        """As of the port."""
        return await self._of_each(_PEOPLE, stored.member_row, wanted)

    async def wrote(self, wanted: Sequence[PersonName]) -> list[Wrote | None]:
        """As of the port."""
        return await self._of_each(_WROTE, stored.wrote, wanted)

    async def joinings(
        self, conversation: ConversationId, after: tuple[int, AccountId] | None, limit: int
    ) -> list[Joining]:
        """As of the port."""
        joined, account = after or (-1, "")
        rows = await self._database.rows(
            JOININGS, names.known(conversation), min(joined, LAST), names.known(account), limit
        )
        return [(number, AccountId(who.decode()), gone) for number, who, gone in rows]

    async def wide_groups(self, after: ConversationId, limit: int) -> list[ConversationId]:
        """As of the port."""
        rows = await self._database.rows(_WIDE_GROUPS, names.known(after), limit)
        return [ConversationId(name.decode()) for (name,) in rows]

    async def forget_joinings(self, conversation: ConversationId, gone: Sequence[tuple[int, AccountId]]) -> None:
        """As of the port."""
        numbers, accounts = [joined for joined, _ in gone], [names.known(account) for _, account in gone]
        await self._database.rows(_FORGET_JOININGS, names.known(conversation), numbers, accounts)

    async def forget(self, conversation: ConversationId, account: AccountId) -> None:
        """Remove what is kept of one account in one group, but for its joinings."""
        for statement in _FORGET:
            await self._database.rows(statement, names.known(conversation), names.known(account))

    async def _of_each(
        self, statement: str, read: Callable[[bytes], Found], wanted: Sequence[PersonName]
    ) -> list[Found | None]:
        found: list[Found | None] = [None] * len(wanted)
        if wanted:
            groups = [names.known(conversation) for conversation, _ in wanted]
            accounts = [names.known(account) for _, account in wanted]
            for place, row in await self._database.rows(statement, groups, accounts):
                found[place - 1] = read(row)
        return found
