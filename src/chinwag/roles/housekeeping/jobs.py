"""Every job of the housekeeping role: what the directory and the inboxes need besides, one entry a job."""

from collections.abc import Sequence
from typing import Final

from chinwag.flow import announcements, create_group, declines, erase, relay, trim
from chinwag.flow.announcements import announce_some
from chinwag.flow.clock import Clock
from chinwag.flow.collecting import collect, references
from chinwag.flow.collecting.collect import Collect
from chinwag.flow.collecting.references import References
from chinwag.flow.create_group import settle_groups
from chinwag.flow.declines import Declines
from chinwag.flow.erase import Erase
from chinwag.flow.erase_texts import EraseTexts
from chinwag.flow.groups import join_by_link, listing
from chinwag.flow.groups.join_by_link import settle_uses
from chinwag.flow.groups.listing import Listing
from chinwag.flow.large import activity, forget_left, heirs
from chinwag.flow.large.activity import Activity
from chinwag.flow.large.forget_left import ForgetLeft
from chinwag.flow.large.heirs import Heirs
from chinwag.flow.media import expire_uploads
from chinwag.flow.openid import expire, places
from chinwag.flow.openid.places import Places
from chinwag.flow.own_commands import OwnCommands
from chinwag.flow.relay import relay_once
from chinwag.flow.search import indexer
from chinwag.flow.search.indexer import Indexer
from chinwag.flow.standing import Job
from chinwag.flow.trim import Trim
from chinwag.ports.bus import WORK
from chinwag.ports.directory import Directory
from chinwag.ports.inbox import Inbox
from chinwag.ports.message_store import MessageStore
from chinwag.ports.scrub import TextScrub
from chinwag.ports.search_index import SearchIndex
from chinwag.ports.upload_store import UploadStore

NAMES: Final = (
    "relay",
    "announcements",
    "listing",
    "search-index",
    "search-scrub",
    "media-references",
    "media-collection",
    "settle-links",
    "settle-groups",
    "trim",
    "declines",
    "openid-places",
    "openid-expiry",
    "upload-expiry",
    "empty-accounts",
    "erase-accounts",
    "erase-texts",
    "large-groups",
    "group-heirs",
    "old-joinings",
)
"""Of all of them."""


def directory_jobs(
    directory: Directory, store: MessageStore, inbox: Inbox, own: OwnCommands, clock: Clock
) -> list[Job]:
    """What rows of the directory ask for, and what keeps its copies true. `own` takes answers while the jobs go."""
    groups = Listing(directory, inbox, store)

    async def relaying() -> bool:
        return await relay_once(directory, inbox) == relay.BATCH

    async def announcing() -> bool:
        return await announce_some(directory, inbox)

    async def listing_groups() -> bool:
        await groups.catch_up()
        return False

    async def settling() -> bool:
        return await settle_uses(directory, store, own, clock()) == join_by_link.BATCH

    async def settling_groups() -> bool:
        return await settle_groups(directory, store, own, clock()) == create_group.BATCH

    return [
        Job(
            name="relay",
            step=relaying,
            wait=directory.wait_for_outbox,
            poll_seconds=relay.POLL_SECONDS,
            failing="account changes wait",
        ),
        Job(
            name="announcements",
            step=announcing,
            wake=WORK,
            poll_seconds=announcements.POLL_SECONDS,
            failing="an announcement waits",
        ),
        Job(
            name="listing",
            step=listing_groups,
            poll_seconds=listing.POLL_SECONDS,
            failing="the listing of groups waits",
        ),
        Job(
            name="settle-links",
            step=settling,
            poll_seconds=join_by_link.SETTLE_SECONDS,
            failing="uses of links are settled later",
        ),
        Job(
            name="settle-groups",
            step=settling_groups,
            poll_seconds=create_group.SETTLE_SECONDS,
            failing="requests for groups are settled later",
        ),
    ]


def search_jobs(keeping: Indexer, index: SearchIndex, clock: Clock, days: int) -> list[Job]:
    """What was said can be found, and what was deleted goes from the index's files, within `days`."""

    async def scrub() -> bool:
        await index.scrub()
        return False

    return [
        Job(
            name="search-index",
            step=keeping.step,
            poll_seconds=indexer.POLL_SECONDS,
            spare_time=True,
            failing="what was said cannot be found yet",
        ),
        Job(
            name="search-scrub",
            step=EraseTexts(scrub, "the search index", clock, days).step,
            poll_seconds=indexer.SCRUB_SECONDS,
            step_seconds=erase.HOUSEKEEPING_MOST,
            failing="what was deleted stays in the files of the search index for now",
        ),
    ]


def media_jobs(keeping: References, collecting: Collect) -> list[Job]:
    """What messages show is noted, and what nobody needs goes."""
    return [
        Job(
            name="media-references",
            step=keeping.step,
            poll_seconds=references.POLL_SECONDS,
            spare_time=True,
            failing="it is not noted yet what new messages show",
        ),
        Job(
            name="media-collection",
            step=collecting.step,
            poll_seconds=collect.POLL_SECONDS,
            failing="media that nobody needs stay for now",
        ),
    ]


def texts_job(scrub: TextScrub, clock: Clock, days: int) -> Job:
    """Texts that were edited away or deleted go from the files, within `days`."""
    return Job(
        name="erase-texts",
        step=EraseTexts(scrub.scrub_texts, "messages", clock, days).step,
        poll_seconds=erase.HOUSEKEEPING_SECONDS,
        step_seconds=erase.HOUSEKEEPING_MOST,
        failing="deleted and edited texts stay in the files for now",
    )


def trimming_job(trimming: Trim) -> Job:
    """Old inbox entries go."""

    async def step() -> bool:
        return await trimming.once() >= trim.ENTRIES

    return Job(
        name="trim",
        step=step,
        pause_seconds=trim.PAUSE_SECONDS,
        poll_seconds=trim.TRIM_SECONDS,
        failing="old inbox entries stay for now",
    )


def declining_job(declining: Declines) -> Job:
    """Conversations learn who takes no messages of whom."""

    async def step() -> bool:
        return await declining.once() == declines.BATCH

    return Job(name="declines", step=step, wake=WORK, poll_seconds=declines.POLL_SECONDS, failing="declines wait")


def places_job(giving: Places) -> Job:
    """Groups at providers make members of conversations, and unmake them."""

    async def step() -> bool:
        return await giving.once() == places.BATCH

    return Job(
        name="openid-places",
        step=step,
        wake=WORK,
        poll_seconds=places.POLL_SECONDS,
        failing="places that groups give or take wait",
    )


def expiry_job(directory: Directory, clock: Clock) -> Job:
    """Log-ins at providers that nobody ended go."""

    async def step() -> bool:
        await expire.expire(directory, clock)
        return False

    return Job(
        name="openid-expiry",
        step=step,
        poll_seconds=expire.POLL_SECONDS,
        failing="log-ins that nobody ended stay for now",
    )


def uploads_job(directory: Directory, store: UploadStore, clock: Clock) -> Job:
    """Uploads that nobody finished go."""

    async def step() -> bool:
        return await expire_uploads.expire_uploads(directory, store, clock)

    return Job(
        name="upload-expiry",
        step=step,
        poll_seconds=expire_uploads.POLL_SECONDS,
        failing="uploads that nobody finished stay for now",
    )


def erasing_jobs(erasing: Erase) -> Sequence[Job]:
    """Closed accounts are emptied at once, and erased once a day."""

    async def emptying() -> bool:
        await erasing.empty_some()
        return False

    async def erasing_daily() -> bool:
        await erasing.daily()
        return False

    return [
        Job(
            name="empty-accounts",
            step=emptying,
            wake=WORK,
            poll_seconds=erase.POLL_SECONDS,
            failing="closed accounts wait",
        ),
        Job(
            name="erase-accounts",
            step=erasing_daily,
            poll_seconds=erase.HOUSEKEEPING_SECONDS,
            step_seconds=erase.HOUSEKEEPING_MOST,
            failing="closed accounts are not erased yet",
        ),
    ]


def wide_jobs(counting: Activity, inheriting: Heirs, forgetting: ForgetLeft) -> Sequence[Job]:
    """Groups of many are delivered as suits who is there, have an owner, and do not remember for ever who has left."""
    return [
        Job(
            name="large-groups",
            step=counting.step,
            poll_seconds=activity.POLL_SECONDS,
            spare_time=True,
            failing="groups are delivered as before for now",
        ),
        Job(
            name="group-heirs",
            step=inheriting.step,
            poll_seconds=heirs.POLL_SECONDS,
            failing="groups without an owner wait",
        ),
        Job(
            name="old-joinings",
            step=forgetting.step,
            poll_seconds=forget_left.POLL_SECONDS,
            spare_time=True,
            failing="joinings of who left stay for now",
        ),
    ]
