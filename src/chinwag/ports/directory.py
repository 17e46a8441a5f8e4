"""The Directory: accounts, devices, friends, invitations, and the outbox of what changed about them."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol

import msgspec

from chinwag.domain.account import NameKey, Settings
from chinwag.domain.account_friendship import Bond, Friendship
from chinwag.domain.ids import AccountId, ConversationId, DeviceId
from chinwag.ports.directory_admin import AnnouncementRepository, AuditRepository
from chinwag.ports.directory_blocks import BlockRepository, RefusalRepository
from chinwag.ports.directory_erasure import ErasureRepository
from chinwag.ports.directory_groups import LinkRepository, ListingRepository

PAGE_MAX: Final = 200
"""The most rows that one call lists."""


class Account(msgspec.Struct, frozen=True):
    """One person or robot. Times are milliseconds since 1970. `version` rises with every change of the account,
    its devices included. Of a closed account the id stays known, with an empty name and profile, and its name stays
    taken, so that nobody takes a former person's name.
    """

    id: AccountId
    name: str
    display_name: str
    about: str
    settings: Settings
    admin: bool
    created_at: int
    version: int = 1
    disabled: bool = False
    closed: bool = False


class Device(msgspec.Struct, frozen=True):
    """One log-in of an account. Revoked is for ever: who logs in again is a new device."""

    id: DeviceId
    account: AccountId
    name: str
    created_at: int
    last_seen_at: int
    revoked_at: int | None = None


class Standing(msgspec.Struct, frozen=True):
    """All that decides whether a device may act, read at once."""

    account: AccountId
    device: DeviceId
    revoked: bool
    disabled: bool
    closed: bool
    admin: bool


class RefreshToken(msgspec.Struct, frozen=True):
    """A device's refresh token, as SHA-256 digests only: the one that counts, and the one before it."""

    device: DeviceId
    digest: bytes
    previous: bytes | None
    expires_at: int


class Invitation(msgspec.Struct, frozen=True):
    """A code with which people may sign up, as its SHA-256 digest."""

    digest: bytes
    uses_left: int
    expires_at: int
    created_by: AccountId | None
    created_at: int


class Posting(msgspec.Struct, frozen=True):
    """One account change on its way to one inbox. `payload` is the JSON of an `AccountChange`."""

    id: int
    account: AccountId
    payload: bytes
    version: int


class AccountRepository(Protocol):
    """Accounts. Writes to an account that does not exist raise `no_account`."""

    async def create(self, account: Account, key: NameKey, password: str) -> None:
        """Add an account with its password's hash. Raises `name_taken` if any account, also a closed one, has `key`."""
        ...

    async def get(self, account: AccountId) -> Account | None:
        """One account, also if disabled or closed."""
        ...

    async def named(self, key: NameKey) -> Account | None:
        """The account whose name folds to `key`; a closed one has no name."""
        ...

    async def many(self, accounts: Sequence[AccountId]) -> list[Account]:
        """Those of `accounts` that exist, in no order. At most `PAGE_MAX` are asked for."""
        ...

    async def page(self, after: AccountId | None, limit: int, search: NameKey | None = None) -> list[Account]:
        """All accounts in the order of their ids as text, after the one named; or those whose name holds `search`."""
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

    async def set_settings(self, account: AccountId, settings: Settings) -> Account:
        """Replace the settings; the account as it is then."""
        ...

    async def set_disabled(self, account: AccountId, disabled: bool) -> Account:
        """Disable or enable; the account as it is then."""
        ...

    async def set_admin(self, account: AccountId, admin: bool) -> Account:
        """Make it an administrator, or one no more; the account as it is then."""
        ...

    async def close(self, account: AccountId, at: int) -> Account:
        """Close for ever: profile and password hash are emptied, the name stays taken."""
        ...

    async def touch(self, account: AccountId) -> int:
        """Raise the version for a change kept elsewhere (a device's), and say what it is now."""
        ...


class DeviceRepository(Protocol):
    """Devices of accounts."""

    async def create(self, device: Device) -> None:
        """Add a device. Its account must exist (`no_account`)."""
        ...

    async def get(self, device: DeviceId) -> Device | None:
        """One device, also if revoked."""
        ...

    async def standings(self, devices: Sequence[DeviceId]) -> dict[DeviceId, Standing]:
        """Whether each of up to `PAGE_MAX` devices may act, in one read; those that do not exist are left out."""
        ...

    async def of(self, account: AccountId) -> list[Device]:
        """An account's devices that are not revoked, newest first, at most `PAGE_MAX`."""
        ...

    async def revoke(self, device: DeviceId, at: int) -> bool:
        """Revoke, and forget its refresh token. False if it was revoked before or does not exist."""
        ...

    async def revoke_all(self, account: AccountId, at: int, but: DeviceId | None = None) -> list[DeviceId]:
        """Revoke every device of an account except `but`; those that it revoked."""
        ...

    async def seen(self, device: DeviceId, at: int) -> None:
        """Note when the device was last here. Only moves forward."""
        ...


class RefreshTokenRepository(Protocol):
    """One refresh token per device that is not revoked."""

    async def of(self, device: DeviceId) -> RefreshToken | None:
        """The device's token. Until the transaction ends no other one changes it."""
        ...

    async def put(self, token: RefreshToken) -> None:
        """Add or replace the device's token."""
        ...


class FriendRepository(Protocol):
    """Pairs of accounts; see `domain/account_friendship.py` for how they move."""

    async def pair(self, one: AccountId, other: AccountId) -> Friendship:
        """The pair as it is; strangers if nothing is stored. Until the transaction ends no other one changes it."""
        ...

    async def put(self, pair: Friendship) -> None:
        """Store the pair."""
        ...

    async def page(self, account: AccountId, bond: Bond, after: AccountId | None, limit: int) -> list[Friendship]:
        """The account's pairs with that bond, in the order of the other's id as text, after the one named."""
        ...

    async def count(self, account: AccountId) -> int:
        """Friends and waiting requests of an account, both ways."""
        ...

    async def friends_of(self, account: AccountId) -> list[AccountId]:
        """All friends of an account (bounded by `FRIENDS_MAX`), in no order."""
        ...

    async def friends_of_each(self, accounts: Sequence[AccountId]) -> dict[AccountId, list[AccountId]]:
        """`friends_of` each of up to `PAGE_MAX` accounts, in one read."""
        ...


class InvitationRepository(Protocol):
    """Codes for signing up."""

    async def create(self, invitation: Invitation) -> None:
        """Add an invitation."""
        ...

    async def use(self, digest: bytes, now: int) -> bool:
        """Take one use; False if there is no such code, none is left, or it has expired."""
        ...

    async def page(self, after: bytes | None, limit: int) -> list[Invitation]:
        """All invitations, also the used-up and expired, the newest first, after the one of that digest."""
        ...

    async def revoke(self, digest: bytes) -> bool:
        """Let nobody use it any more; False if there is no such one."""
        ...


class CreatedGroupRepository(Protocol):
    """Which group a device's request made, so that the request sent again gives the same group."""

    async def remember(self, device: DeviceId, key: str, conversation: ConversationId, at: int) -> ConversationId:
        """The conversation of (device, key): `conversation`, unless an earlier call named another one."""
        ...


class Outbox(Protocol):
    """Account changes that are not yet in inboxes. A row is there until `done`, also through a restart."""

    async def add(self, account: AccountId, payload: bytes, version: int) -> None:
        """Leave a posting for an account's inbox; it is there if, and only if, the transaction commits."""
        ...

    async def pending(self, limit: int) -> list[Posting]:
        """The oldest postings, by rising id. Ids rise in each account's order of changes."""
        ...

    async def done(self, ids: Sequence[int]) -> None:
        """Forget postings that are in their inboxes."""
        ...


class Transaction(Protocol):
    """What one transaction sees and changes."""

    @property
    def accounts(self) -> AccountRepository: ...
    @property
    def devices(self) -> DeviceRepository: ...
    @property
    def refresh_tokens(self) -> RefreshTokenRepository: ...
    @property
    def friends(self) -> FriendRepository: ...
    @property
    def invitations(self) -> InvitationRepository: ...
    @property
    def created_groups(self) -> CreatedGroupRepository: ...
    @property
    def outbox(self) -> Outbox: ...
    @property
    def blocks(self) -> BlockRepository: ...
    @property
    def refusals(self) -> RefusalRepository: ...
    @property
    def listing(self) -> ListingRepository: ...
    @property
    def links(self) -> LinkRepository: ...
    @property
    def audit(self) -> AuditRepository: ...
    @property
    def erasures(self) -> ErasureRepository: ...
    @property
    def announcements(self) -> AnnouncementRepository: ...


class Directory(Protocol):
    """Accounts and what belongs to them, with transactions. Not on the way of a message (P14).

    Atomicity: what happens inside one `transaction()` is stored altogether when the block ends, durably, or, if the
    block raises or the commit fails, not at all. Isolation: a transaction decides upon what is there when it commits;
    two that would decide differently after one another never both commit.

    Failures: with the database away, full, replaced under the server, or slower than the adapter's bound (seconds),
    every call, the begin and the end of a transaction included, raises `unavailable`. A failed commit may, rarely,
    have been stored (the answer was lost), so verbs are written such that a retry is harmless or refused by name.
    When the database is back, all works again without a hand.
    """

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Read and write. Keep the block short and wait for nothing else in it: on SQLite one runs at a time,
        and one that takes longer than the bound is rolled back (`unavailable`)."""
        ...

    def reading(self) -> AbstractAsyncContextManager[Transaction]:
        """Read one consistent state; runs beside transactions. To write in it raises, and changes nothing."""
        ...

    async def wait_for_outbox(self, timeout: float) -> bool:  # noqa: ASYNC109 - the wait is the point
        """Return True as soon as this process has committed postings since the last call (at once if it has, and
        for the first call), False after `timeout` seconds. For one relay; another process's rows show by polling."""
        ...

    async def scrub(self) -> None:
        """As `Scrub.scrub`. Transactions wait meanwhile, up to their bound."""
        ...

    async def close(self) -> None:
        """Let go of the database. Every later call raises `unavailable`."""
        ...
