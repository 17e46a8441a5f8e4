"""The Directory: accounts and all that belongs to them. One file a repository; `directory.py` joins them."""

from chinwag.ports.directory.accounts import Account, AccountRepository
from chinwag.ports.directory.announcements import Announcement, AnnouncementRepository
from chinwag.ports.directory.audit import OPERATOR, Actor, AuditRepository, AuditRow
from chinwag.ports.directory.avatars import Avatar, AvatarRepository
from chinwag.ports.directory.blocks import BlockRepository
from chinwag.ports.directory.created_groups import CreatedGroup, CreatedGroupRepository
from chinwag.ports.directory.declines import DeclineDue, DeclineRepository
from chinwag.ports.directory.devices import Device, DeviceRepository, Standing
from chinwag.ports.directory.directory import Directory, Transaction
from chinwag.ports.directory.erasures import Erasure, ErasureRepository, ErasureStage
from chinwag.ports.directory.friends import FriendRepository
from chinwag.ports.directory.identities import GivenPlace, Identity, IdentityRepository, PlacesDue
from chinwag.ports.directory.invitations import Invitation, InvitationRepository
from chinwag.ports.directory.known_networks import KNOWN_FRESH_MS, KNOWN_MAX, KnownNetworkRepository
from chinwag.ports.directory.links import JoinLink, LinkRepository, LinkUse
from chinwag.ports.directory.listing import ListingMark, ListingRepository, OpenGroup
from chinwag.ports.directory.media_references import MediaReading, MediaReference, MediaReferenceRepository
from chinwag.ports.directory.openid_sessions import OpenIdSession, OpenIdSessionRepository
from chinwag.ports.directory.openid_trips import TRIPS_MAX, Arrival, OpenIdTripRepository, Trip
from chinwag.ports.directory.outbox import Outbox, OutboxRow
from chinwag.ports.directory.paging import PAGE_MAX
from chinwag.ports.directory.preferences import PreferenceRepository
from chinwag.ports.directory.push_jobs import PUSHES, WAITING_MAX, PushJob, PushJobRepository, PushWanted
from chinwag.ports.directory.push_spreads import PushSpreadRepository, Spread
from chinwag.ports.directory.push_subscriptions import PushSubscription, PushSubscriptionRepository
from chinwag.ports.directory.refresh_tokens import RefreshToken, RefreshTokenRepository
from chinwag.ports.directory.uploads import (
    PARTS_MOST,
    Blob,
    BlobRepository,
    MadeFile,
    MadeKind,
    Part,
    Upload,
    UploadRepository,
    UploadState,
    Usage,
)

__all__ = [
    "KNOWN_FRESH_MS",
    "KNOWN_MAX",
    "OPERATOR",
    "PAGE_MAX",
    "PARTS_MOST",
    "PUSHES",
    "TRIPS_MAX",
    "WAITING_MAX",
    "Account",
    "AccountRepository",
    "Actor",
    "Announcement",
    "AnnouncementRepository",
    "Arrival",
    "AuditRepository",
    "AuditRow",
    "Avatar",
    "AvatarRepository",
    "Blob",
    "BlobRepository",
    "BlockRepository",
    "CreatedGroup",
    "CreatedGroupRepository",
    "DeclineDue",
    "DeclineRepository",
    "Device",
    "DeviceRepository",
    "Directory",
    "Erasure",
    "ErasureRepository",
    "ErasureStage",
    "FriendRepository",
    "GivenPlace",
    "Identity",
    "IdentityRepository",
    "Invitation",
    "InvitationRepository",
    "JoinLink",
    "KnownNetworkRepository",
    "LinkRepository",
    "LinkUse",
    "ListingMark",
    "ListingRepository",
    "MadeFile",
    "MadeKind",
    "MediaReading",
    "MediaReference",
    "MediaReferenceRepository",
    "OpenGroup",
    "OpenIdSession",
    "OpenIdSessionRepository",
    "OpenIdTripRepository",
    "Outbox",
    "OutboxRow",
    "Part",
    "PlacesDue",
    "PreferenceRepository",
    "PushJob",
    "PushJobRepository",
    "PushSpreadRepository",
    "PushSubscription",
    "PushSubscriptionRepository",
    "PushWanted",
    "RefreshToken",
    "RefreshTokenRepository",
    "Spread",
    "Standing",
    "Transaction",
    "Trip",
    "Upload",
    "UploadRepository",
    "UploadState",
    "Usage",
]
