"""The Directory as a whole, and what one transaction of it sees."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from chinwag.domain.ids import AccountId, DeviceId
from chinwag.ports.directory.accounts import AccountRepository
from chinwag.ports.directory.announcements import AnnouncementRepository
from chinwag.ports.directory.audit import AuditRepository
from chinwag.ports.directory.avatars import AvatarRepository
from chinwag.ports.directory.blocks import BlockRepository
from chinwag.ports.directory.created_groups import CreatedGroupRepository
from chinwag.ports.directory.declines import DeclineRepository
from chinwag.ports.directory.devices import DeviceRepository
from chinwag.ports.directory.erasures import ErasureRepository
from chinwag.ports.directory.friends import FriendRepository
from chinwag.ports.directory.identities import IdentityRepository
from chinwag.ports.directory.invitations import InvitationRepository
from chinwag.ports.directory.known_networks import KnownNetworkRepository
from chinwag.ports.directory.links import LinkRepository
from chinwag.ports.directory.listing import ListingRepository
from chinwag.ports.directory.media_references import MediaReferenceRepository
from chinwag.ports.directory.openid_sessions import OpenIdSessionRepository
from chinwag.ports.directory.openid_trips import OpenIdTripRepository
from chinwag.ports.directory.outbox import Outbox
from chinwag.ports.directory.preferences import PreferenceRepository
from chinwag.ports.directory.push_jobs import PushJobRepository
from chinwag.ports.directory.push_spreads import PushSpreadRepository
from chinwag.ports.directory.push_subscriptions import PushSubscriptionRepository
from chinwag.ports.directory.refresh_tokens import RefreshTokenRepository
from chinwag.ports.directory.uploads import BlobRepository, UploadRepository


class Transaction(Protocol):
    """What one transaction sees and changes."""

    @property
    def accounts(self) -> AccountRepository: ...
    @property
    def devices(self) -> DeviceRepository: ...
    @property
    def refresh_tokens(self) -> RefreshTokenRepository: ...
    @property
    def known_networks(self) -> KnownNetworkRepository: ...
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
    def declines(self) -> DeclineRepository: ...
    @property
    def listing(self) -> ListingRepository: ...
    @property
    def links(self) -> LinkRepository: ...
    @property
    def audit(self) -> AuditRepository: ...
    @property
    def erasures(self) -> ErasureRepository: ...
    @property
    def avatars(self) -> AvatarRepository: ...
    @property
    def media_references(self) -> MediaReferenceRepository: ...
    @property
    def announcements(self) -> AnnouncementRepository: ...
    @property
    def preferences(self) -> PreferenceRepository: ...
    @property
    def identities(self) -> IdentityRepository: ...
    @property
    def openid_trips(self) -> OpenIdTripRepository: ...
    @property
    def openid_sessions(self) -> OpenIdSessionRepository: ...
    @property
    def push_subscriptions(self) -> PushSubscriptionRepository: ...
    @property
    def push_jobs(self) -> PushJobRepository: ...
    @property
    def push_spreads(self) -> PushSpreadRepository: ...
    @property
    def uploads(self) -> UploadRepository: ...
    @property
    def blobs(self) -> BlobRepository: ...


class Directory(Protocol):
    """Accounts and what belongs to them, with transactions. Not on the way of a message (P14 of docs/guarantees.md).

    Atomicity: what happens inside one `transaction()` is stored altogether when the block ends, durably, or, if the
    block raises or the commit fails, not at all. Isolation: a transaction decides upon what is there when it commits;
    two that would decide differently after one another never both commit.

    Failures: with the database away, full, replaced under the server, or slower than the adapter's bound (seconds),
    every call, the begin and the end of a transaction included, raises `unavailable`. A failed commit may, rarely,
    have been stored (the answer was lost), so verbs are written such that a retry is harmless or refused by name.
    When the database is back, all works again without a hand.
    """

    def transaction(
        self, *, account: AccountId | None = None, device: DeviceId | None = None
    ) -> AbstractAsyncContextManager[Transaction]:
        """Read and write. Keep the block short and wait for nothing else in it: one runs at a time, and one that
        takes longer than the bound is rolled back (`unavailable`).

        account, or device for the account that it belongs to: the block reads and changes nothing but what belongs to
        that account. Where the engine can, such blocks of several accounts run side by side. For what happens often:
        log-ins and refreshes.
        """
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
