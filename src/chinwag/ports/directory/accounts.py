"""Accounts."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from chinwag.domain.account import AccountSettings, NameKey
from chinwag.domain.ids import AccountId
from chinwag.domain.look_alike import LookAlikeKey


class Account(msgspec.Struct, frozen=True):
    """One person or robot. Times are milliseconds since 1970.

    version: rises with every change of the account, its devices and blocks included, and is for its owner alone.
    profile_version: rises with every change of what everybody may see, and with nothing else.
    avatar: the id of its picture; empty: it has none.

    Of a closed account the id stays known, with an empty name and profile, and its name stays taken, so that nobody
    takes a former person's name.
    """

    id: AccountId
    name: str
    display_name: str
    about: str
    settings: AccountSettings
    admin: bool
    created_at: int
    version: int = 1
    profile_version: int = 1
    avatar: str = ""
    disabled: bool = False
    closed: bool = False


class AccountRepository(Protocol):
    """Accounts. Writes to an account that does not exist raise `no_account`."""

    async def create(self, account: Account, key: NameKey, password: str) -> None:
        """Add an account with its password's hash; empty: it has no password, and none can match.

        Raises `name_taken` if any account, also a closed one, has `key`,
        or a name that looks like this one (closed before such were known: only its key is held against it)."""
        ...

    async def get(self, account: AccountId) -> Account | None:
        """One account, also if disabled or closed."""
        ...

    async def named(self, key: NameKey) -> Account | None:
        """The account whose name folds to `key`; a closed one has no name."""
        ...

    async def taken(self, key: NameKey, like: LookAlikeKey) -> bool:
        """Whether `create` would refuse a name with that key and that likeness as taken."""
        ...

    async def many(self, accounts: Sequence[AccountId]) -> list[Account]:
        """Those of `accounts` that exist, in no order. At most `PAGE_MAX` are asked for."""
        ...

    async def page(self, after: AccountId | None, limit: int, search: NameKey | None = None) -> list[Account]:
        """All accounts in the order of their ids as text, after the one named; or those whose name holds `search`."""
        ...

    async def search(self, words: Sequence[str], among: Sequence[AccountId] | None, limit: int) -> list[Account]:
        """Accounts that have for each of `words` (as `domain.search_words.query_words` gives them, one at least) a word
        that begins with it, in the order of the word found by the first, and then of their ids as text; at most
        `PAGE_MAX`.

        among: of these only (at most `PAGE_MAX`). None: of all that let people who do not know them find them, and
        of those the first 1,000 words that begin with `words[0]`. Disabled and closed accounts are never found.
        """
        ...

    async def password(self, account: AccountId) -> str:
        """The password's hash; empty if none can match."""
        ...

    async def set_password(self, account: AccountId, password: str) -> None:
        """Replace the hash. Does not raise the version: the password is nobody's to see."""
        ...

    async def set_profile(self, account: AccountId, display_name: str, about: str) -> Account:
        """Replace the profile; the account as it is then."""
        ...

    async def set_avatar(self, account: AccountId, avatar: str) -> Account:
        """Replace the picture; the account as it is then."""
        ...

    async def set_settings(self, account: AccountId, settings: AccountSettings) -> Account:
        """Replace the settings; the account as it is then."""
        ...

    async def set_disabled(self, account: AccountId, disabled: bool) -> Account:
        """Disable or enable; the account as it is then."""
        ...

    async def set_admin(self, account: AccountId, admin: bool) -> Account:
        """Make it an administrator, or no longer one; the account as it is then."""
        ...

    async def close(self, account: AccountId, at: int) -> Account:
        """Close for ever: profile and password hash are emptied, the name stays taken."""
        ...

    async def touch(self, account: AccountId) -> int:
        """Raise the version for a change kept elsewhere (a device's), and say what it is now."""
        ...
