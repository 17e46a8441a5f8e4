"""Search for people while somebody types: friends first, then whom one has met, then everybody else who wishes it."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from chinwag.domain.ids import AccountId
from chinwag.domain.rate import Rate
from chinwag.domain.refusal import Code, Refused
from chinwag.domain.search_words import query_words
from chinwag.ports.allowances import Allowance, Allowances
from chinwag.ports.directory import PAGE_MAX, Account, Directory, Transaction
from chinwag.ports.shown_people import DAILY, ShownPeople

FOUND_MAX: Final = 20
"""People in one answer."""
CANDIDATES: Final = PAGE_MAX
"""People of whom it is looked who of them is in a group."""
RATE: Final = Rate(2.0, 40)
"""Searches of one account: one for each pause in typing."""

Met = Callable[[AccountId], Awaitable[Sequence[AccountId]]]
"""Whom somebody has met, the latest first (`Acquaintances.of`)."""
Keep = Callable[[Sequence[AccountId]], Awaitable[Sequence[AccountId]]]
"""Those of some accounts, in their order, that are looked for."""


class PeopleSearch:
    """The search. everybody: whether people who do not know one another find each other by it."""

    def __init__(
        self,
        directory: Directory,
        met: Met,
        allowances: Allowances,
        shown: ShownPeople,
        *,
        everybody: bool,
        rate: Rate = RATE,
    ) -> None:
        self._directory = directory
        self._met = met
        self._allowances = allowances
        self._shown = shown
        self._everybody = everybody
        self._rate = rate

    async def search(self, account: AccountId, text: str) -> list[Account]:
        """At most `FOUND_MAX` people of whose name, or of a word of whose display name, `text` is the beginning.

        Nobody whom `account` blocks, or who blocks it; not itself. Raises `bad_request`, `rate_limited`, `unavailable`.
        """
        return await self._show(account, await self._find(account, text, FOUND_MAX))

    async def search_among(self, account: AccountId, text: str, keep: Keep) -> list[Account]:
        """As `search`, of those whom `keep` leaves of the first `CANDIDATES`; itself is the first of them."""
        found = await self._find(account, text, CANDIDATES, itself=True)
        kept = await keep(list(found)[:CANDIDATES]) if found else ()
        people = {one: found[one] for one in kept}
        itself = people.pop(account, None)  # which counts as nobody whom searches have shown it
        shown = await self._show(account, people)
        return shown if itself is None else [itself, *shown][:FOUND_MAX]

    async def _find(self, account: AccountId, text: str, most: int, itself: bool = False) -> dict[AccountId, Account]:
        """About `most` people, friends first; before them, if it is asked for, the account itself."""
        words = query_words(text)
        if (wait := await self._allowances.take([Allowance("search", account, self._rate)])) > 0:
            raise Refused(Code.RATE_LIMITED, "so many searches", wait)
        met = await self._met(account)
        found: dict[AccountId, Account] = {}
        async with self._directory.reading() as directory:
            if itself:
                found |= {one.id: one for one in await directory.accounts.search(words, [account], 1)}
            friends = sorted(await directory.friends.friends_of(account))
            for known in (friends, met):
                for first in range(0, len(known), PAGE_MAX):
                    if len(found) < most:
                        await self._add(directory, account, words, known[first : first + PAGE_MAX], found)
            if self._everybody and len(found) < most:
                await self._add(directory, account, words, None, found)
        return found

    async def _show(self, account: AccountId, found: dict[AccountId, Account]) -> list[Account]:
        """The first of `found`, as many as may be shown today."""
        shown = await self._shown.show(account, list(found)[:FOUND_MAX])
        if found and not shown.people:
            raise Refused(Code.RATE_LIMITED, f"searches have shown {DAILY} people today", shown.seconds)
        return [found[one] for one in shown.people]

    @staticmethod
    async def _add(
        directory: Transaction,
        account: AccountId,
        words: Sequence[str],
        among: Sequence[AccountId] | None,
        found: dict[AccountId, Account],
    ) -> None:
        some = await directory.accounts.search(words, among, PAGE_MAX)
        ids = [one.id for one in some]
        hidden = await directory.blocks.by(account, ids) | await directory.blocks.against(account, ids) | {account}
        for one in some:
            if one.id not in hidden:
                found.setdefault(one.id, one)
