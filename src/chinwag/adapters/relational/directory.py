"""The Directory on a relational database; what is particular to an engine stands in a file of its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from functools import cached_property
from typing import Final, Protocol

from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from chinwag.adapters.relational.accounts import RelationalAccounts
from chinwag.adapters.relational.announcements import RelationalAnnouncements
from chinwag.adapters.relational.audit import RelationalAudit
from chinwag.adapters.relational.avatars import RelationalAvatars
from chinwag.adapters.relational.blobs import RelationalBlobs
from chinwag.adapters.relational.blocks import RelationalBlocks
from chinwag.adapters.relational.created_groups import RelationalCreatedGroups
from chinwag.adapters.relational.declines import RelationalDeclines
from chinwag.adapters.relational.devices import RelationalDevices
from chinwag.adapters.relational.erasures import RelationalErasures
from chinwag.adapters.relational.friends import RelationalFriends
from chinwag.adapters.relational.identities import RelationalIdentities
from chinwag.adapters.relational.invitations import RelationalInvitations
from chinwag.adapters.relational.known_networks import RelationalKnownNetworks
from chinwag.adapters.relational.links import RelationalLinks
from chinwag.adapters.relational.listing import RelationalListing
from chinwag.adapters.relational.media_references import RelationalMediaReferences
from chinwag.adapters.relational.openid_sessions import RelationalOpenIdSessions
from chinwag.adapters.relational.openid_trips import RelationalOpenIdTrips
from chinwag.adapters.relational.outbox import RelationalOutbox
from chinwag.adapters.relational.preferences import RelationalPreferences
from chinwag.adapters.relational.push_jobs import RelationalPushJobs
from chinwag.adapters.relational.push_spreads import RelationalPushSpreads
from chinwag.adapters.relational.push_subscriptions import RelationalPushSubscriptions
from chinwag.adapters.relational.refresh_tokens import RelationalRefreshTokens
from chinwag.adapters.relational.uploads import RelationalUploads
from chinwag.domain.ids import AccountId, DeviceId
from chinwag.domain.refusal import Code, Refused
from chinwag.fail_points import passing
from chinwag.ports.directory import Transaction

BOUND: Final = 5.0
"""Seconds after which a transaction that has not ended is rolled back."""


class RelationalTransaction:
    """The repositories upon one connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    @cached_property
    def accounts(self) -> RelationalAccounts:
        return RelationalAccounts(self._connection)

    @cached_property
    def devices(self) -> RelationalDevices:
        return RelationalDevices(self._connection)

    @cached_property
    def refresh_tokens(self) -> RelationalRefreshTokens:
        return RelationalRefreshTokens(self._connection)

    @cached_property
    def known_networks(self) -> RelationalKnownNetworks:
        return RelationalKnownNetworks(self._connection)

    @cached_property
    def friends(self) -> RelationalFriends:
        return RelationalFriends(self._connection)

    @cached_property
    def invitations(self) -> RelationalInvitations:
        return RelationalInvitations(self._connection)

    @cached_property
    def created_groups(self) -> RelationalCreatedGroups:
        return RelationalCreatedGroups(self._connection)

    @cached_property
    def outbox(self) -> RelationalOutbox:
        return RelationalOutbox(self._connection)

    @cached_property
    def blocks(self) -> RelationalBlocks:
        return RelationalBlocks(self._connection)

    @cached_property
    def declines(self) -> RelationalDeclines:
        return RelationalDeclines(self._connection)

    @cached_property
    def listing(self) -> RelationalListing:
        return RelationalListing(self._connection)

    @cached_property
    def links(self) -> RelationalLinks:
        return RelationalLinks(self._connection)

    @cached_property
    def audit(self) -> RelationalAudit:
        return RelationalAudit(self._connection)

    @cached_property
    def erasures(self) -> RelationalErasures:
        return RelationalErasures(self._connection)

    @cached_property
    def avatars(self) -> RelationalAvatars:
        return RelationalAvatars(self._connection)

    @cached_property
    def media_references(self) -> RelationalMediaReferences:
        return RelationalMediaReferences(self._connection)

    @cached_property
    def announcements(self) -> RelationalAnnouncements:
        return RelationalAnnouncements(self._connection)

    @cached_property
    def preferences(self) -> RelationalPreferences:
        return RelationalPreferences(self._connection)

    @cached_property
    def identities(self) -> RelationalIdentities:
        return RelationalIdentities(self._connection)

    @cached_property
    def openid_trips(self) -> RelationalOpenIdTrips:
        return RelationalOpenIdTrips(self._connection)

    @cached_property
    def openid_sessions(self) -> RelationalOpenIdSessions:
        return RelationalOpenIdSessions(self._connection)

    @cached_property
    def push_subscriptions(self) -> RelationalPushSubscriptions:
        return RelationalPushSubscriptions(self._connection)

    @cached_property
    def push_jobs(self) -> RelationalPushJobs:
        return RelationalPushJobs(self._connection)

    @cached_property
    def push_spreads(self) -> RelationalPushSpreads:
        return RelationalPushSpreads(self._connection)

    @cached_property
    def uploads(self) -> RelationalUploads:
        return RelationalUploads(self._connection)

    @cached_property
    def blobs(self) -> RelationalBlobs:
        return RelationalBlobs(self._connection)


class Dialect(Protocol):
    """What a database does in its own way."""

    async def begin(self, connection: AsyncConnection, account: AccountId | None, device: DeviceId | None) -> None:
        """Before the first statement of a transaction that writes, as `Directory.transaction`: make it wait for others
        whose outcome it may depend on. Raises `unavailable` if this is not the database that was opened."""
        ...

    async def check(self) -> None:
        """Raise `unavailable` if this is not the database that was opened."""
        ...

    def alone(self, account: AccountId | None, device: DeviceId | None) -> bool:
        """Whether such a transaction runs beside none of this process: it need not take a connection to wait then."""
        ...

    async def scrub(self, turn: asyncio.Lock) -> None:
        """As `Directory.scrub`. turn: to be held while tables are written anew; no transaction of this process runs
        alone then."""
        ...


class RelationalDirectory:
    """`Directory` upon two engines (which may be one), one for writing and one for reading."""

    def __init__(self, writer: AsyncEngine, reader: AsyncEngine, dialect: Dialect) -> None:
        self._writer = writer
        self._reader = reader
        self._dialect = dialect
        self._closed = False
        self._one_at_a_time = asyncio.Lock()
        self._postings = asyncio.Event()
        self._postings.set()  # an earlier process may have left some

    @asynccontextmanager
    async def transaction(
        self, *, account: AccountId | None = None, device: DeviceId | None = None
    ) -> AsyncIterator[Transaction]:
        turn = self._one_at_a_time if self._dialect.alone(account, device) else nullcontext()
        async with self._bounded(), turn, self._writer.begin() as connection:
            await self._dialect.begin(connection, account, device)
            transaction = RelationalTransaction(connection)
            yield transaction
            await self._dialect.check()
        passing("directory.committed")
        if transaction.outbox.added:
            self._postings.set()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Transaction]:
        async with self._bounded(), self._reader.begin() as connection:
            await self._dialect.check()
            yield RelationalTransaction(connection)

    async def wait_for_outbox(self, timeout: float) -> bool:  # noqa: ASYNC109 - the port's wording
        try:
            async with asyncio.timeout(timeout):
                await self._postings.wait()
        except TimeoutError:
            return False
        self._postings.clear()
        return True

    async def scrub(self) -> None:
        if self._closed:
            raise Refused(Code.UNAVAILABLE, "the directory is closed", 1.0)
        await self._dialect.scrub(self._one_at_a_time)

    async def close(self) -> None:
        self._closed = True
        await self._writer.dispose()
        await self._reader.dispose()

    @asynccontextmanager
    async def _bounded(self) -> AsyncIterator[None]:
        """Turn whatever a database away may raise, or not answer, into `unavailable`."""
        if self._closed:
            raise Refused(Code.UNAVAILABLE, "the directory is closed", 1.0)
        try:
            async with asyncio.timeout(BOUND) as bound:
                yield
        except TimeoutError:
            if not bound.expired():
                raise
            raise Refused(Code.UNAVAILABLE, "the directory did not answer in time", 1.0) from None
        except PoolTimeoutError as error:
            raise Refused(Code.UNAVAILABLE, "the directory is busy", 1.0) from error
        except (IntegrityError, ProgrammingError):
            raise  # a mistake of ours, which no retry mends
        except DBAPIError as error:
            raise Refused(Code.UNAVAILABLE, "the directory is away", 1.0) from error
