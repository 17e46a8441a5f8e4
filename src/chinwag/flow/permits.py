"""What the directory has to say about a wish before it may enter the log.

Its verdict is stamped into the command, so that the worker needs no directory. With the directory away these
wishes are refused as `unavailable`; sends in conversations that exist never come here (P14 of docs/guarantees.md).
"""

from collections.abc import Sequence

from chinwag.domain.body import check_title
from chinwag.domain.command import Action, Add, Create
from chinwag.domain.ids import AccountId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.together import Together
from chinwag.ports.directory import Directory

Pair = tuple[AccountId, AccountId]


class Permits:
    """Asks the directory."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
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

    async def create(self, account: AccountId, action: Create) -> None:
        """Whether the accounts that a group begins with exist and do not block its maker. Raises `Refused`."""
        check_title(action.title)
        await self._may_add(account, [one for one in dict.fromkeys(action.members) if one != account])

    async def change(self, account: AccountId, action: Action) -> None:
        """Whether the account that is to be added exists and does not block who adds it. Raises `Refused`."""
        if type(action) is Add:
            await self._may_add(account, [action.account])

    async def _may_add(self, by: AccountId, accounts: list[AccountId]) -> None:
        async with self._directory.reading() as directory:
            for first in range(0, len(accounts), 100):
                asked = accounts[first : first + 100]
                found = await directory.accounts.many(asked)
                active = {one.id for one in found if not one.closed and not one.disabled}
                missing = [one for one in asked if one not in active]
                if missing:
                    raise Refused(Code.NO_ACCOUNT, f"no account {missing[0][:64]!r}")
                if await directory.blocks.against(by, asked):
                    raise Refused(Code.RECIPIENT_REFUSES)
