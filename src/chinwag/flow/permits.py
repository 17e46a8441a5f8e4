"""What the directory has to say about a wish before it may enter the log.

Its verdict is stamped into the command, so that the worker needs no directory. With the directory away these
wishes are refused as `unavailable`; sends in conversations that exist never come here (P14 of docs/guarantees.md).
"""

from collections.abc import Sequence
from typing import Final

from chinwag.domain.body import check_title
from chinwag.domain.command import Action, Add, Create, Enter, Join
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.additions import Additions
from chinwag.flow.together import Together
from chinwag.ports.directory import Directory
from chinwag.ports.message_store import MessageStore

INTO_MOST: Final = 1_000
"""Conversations that somebody may be in and still be added to a group by others than friends."""

STAYS: Final = 1_000
"""Stays of an account in one group of which a row is kept, at most; where history begins with the joining each has one.
All of them are read with whatever it asks there."""

Pair = tuple[AccountId, AccountId]


class Permits:
    """Asks the directory, and counts who is added how often."""

    def __init__(self, directory: Directory, store: MessageStore, additions: Additions) -> None:
        self._directory = directory
        self._store = store
        self._additions = additions
        # A hundred pairs that begin to talk at once would each wait for a reader of their own.
        self._openings = Together(self._judge)

    async def open_direct(self, account: AccountId, other: AccountId) -> None:
        """Whether `account` may write to `other` for the first time. Raises `Refused`."""
        refused = await self._openings.ask((account, other))
        if refused is not None:
            raise Refused(refused)

    async def _judge(self, pairs: Sequence[Pair]) -> dict[Pair, Code | None]:
        """For each (writer, recipient): why not, or None."""
        verdicts: dict[Pair, Code | None] = {}
        async with self._directory.reading() as directory:
            recipients = list({other for _, other in pairs})
            found = {one.id: one for one in await directory.accounts.many(recipients)}
            for account, other in pairs:
                known = found.get(other)
                if known is None or known.closed or known.disabled:
                    verdict: Code | None = Code.NO_ACCOUNT
                elif await directory.blocks.has(other, account):
                    verdict = Code.RECIPIENT_REFUSES
                elif known.settings.direct_from == "friends":
                    friends = await directory.friends.friends_of(other)
                    verdict = None if account in friends else Code.RECIPIENT_REFUSES
                else:
                    verdict = None
                verdicts[account, other] = verdict
        return verdicts

    async def create(self, account: AccountId, action: Create, *, look: bool = False) -> None:
        """Whether the accounts that a group begins with exist, and may be added by its maker. look: take nothing from
        any budget. Raises `Refused`."""
        check_title(action.title)
        await self._may_add(account, [one for one in dict.fromkeys(action.members) if one != account], look)

    async def change(self, account: AccountId, action: Action, conversation: ConversationId) -> None:
        """Whether the account that is to be added exists and may be added by `account`, and whoever comes has not come
        too often. Raises `Refused`."""
        if type(action) is Add:
            await self._may_come(action.account, conversation)
            await self._may_add(account, [action.account])
        elif type(action) in (Join, Enter):
            await self._may_come(account, conversation)

    async def _may_come(self, account: AccountId, conversation: ConversationId) -> None:
        if len(await self._store.spans(account, conversation)) >= STAYS:
            raise Refused(Code.TOO_MANY, "it has come into that group too often")

    async def _may_add(self, by: AccountId, accounts: list[AccountId], look: bool = False) -> None:
        strangers: list[AccountId] = []
        async with self._directory.reading() as directory:
            friends = set(await directory.friends.friends_of(by)) if accounts else set()
            for first in range(0, len(accounts), 100):
                asked = accounts[first : first + 100]
                found = {one.id: one for one in await directory.accounts.many(asked)}
                for one in asked:
                    account = found.get(one)
                    if account is None or account.closed or account.disabled:
                        raise Refused(Code.NO_ACCOUNT, f"no account {one[:64]!r}")
                    if one not in friends:
                        strangers.append(one)
                        if account.settings.direct_from == "friends":
                            raise Refused(Code.RECIPIENT_REFUSES)
                if await directory.blocks.against(by, asked):
                    raise Refused(Code.RECIPIENT_REFUSES)
        await (self._additions.check if look else self._additions.take)(by, len(accounts), strangers)
        for one in strangers:
            # As often as strangers may add somebody, and no oftener, its memberships are gone through.
            if not look and sum(span.last is None for span in await self._store.memberships(one)) >= INTO_MOST:
                raise Refused(Code.TOO_MANY, "it is in so many conversations that only friends may add it")
