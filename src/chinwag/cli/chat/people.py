"""Names for account ids, and who is online, as far as this terminal knows."""

from collections.abc import Iterable
from typing import Final

from chinwag.cli.clean import label
from chinwag.client import ApiError, Client
from chinwag.wire.http import User
from chinwag.wire.values import AccountId, Presence

KNOWN: Final = 5_000
CLOSED: Final = "(closed account)"
NAMELESS: Final = "(no name)"
OWN_WORDS: Final = frozenset({"you"})
"""What this program calls somebody itself: a person of that name gets an @ before it."""
_ASKED: Final = 100


class People:
    """A bounded memory of people."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._names: dict[AccountId, str] = {client.account: shown_name(client.credentials.name)}
        self._online: dict[AccountId, bool] = {}

    def name(self, account: AccountId) -> str:
        """A name that can be printed; the id if the name is not known."""
        return self._names.get(account, f"user {label(account)}")

    def is_online(self, account: AccountId) -> bool:
        """Whether an account was online when last heard of."""
        return self._online.get(account, False)

    def learn(self, user: User) -> AccountId:
        """Remember a user; its id."""
        account = AccountId(user.id)
        if len(self._names) >= KNOWN:
            self._names = {self._client.account: shown_name(self._client.credentials.name)}
        self._names[account] = CLOSED if user.closed else shown_name(user.name)
        return account

    async def meet(self, accounts: Iterable[AccountId]) -> None:
        """Learn the names of those not known yet. Without the server they keep their ids for now."""
        unknown = [account for account in dict.fromkeys(accounts) if account not in self._names]
        try:
            for first in range(0, len(unknown), _ASKED):
                for user in await self._client.users(unknown[first : first + _ASKED]):
                    self.learn(user)
        except ApiError:
            return

    async def find(self, name: str) -> AccountId | None:
        """The account of that name. Raises `ApiError`."""
        user = await self._client.find_user(name)
        return None if user is None else self.learn(user)

    async def look(self, accounts: Iterable[AccountId]) -> None:
        """Ask who is online; signals may have been lost."""
        wanted = [account for account in accounts if account != self._client.account][:_ASKED]
        if wanted:
            for entry in await self._client.presence(wanted):
                self._note(AccountId(entry.account), entry.online)

    def heard(self, presence: Presence) -> bool:
        """A signal came; whether it is news."""
        news = self._online.get(presence.account) != presence.online
        self._note(presence.account, presence.online)
        return news

    def _note(self, account: AccountId, online: bool) -> None:
        if len(self._online) >= KNOWN:
            self._online.clear()
        self._online[account] = online


def shown_name(name: str) -> str:
    """A name as it stands before what its owner says: never empty, never a word of our own."""
    shown = label(name)
    return NAMELESS if not shown else f"@{shown}" if shown.casefold() in OWN_WORDS else shown
