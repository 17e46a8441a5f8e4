"""Announcements: what the server says to everybody."""

from litestar import get

from chinwag.flow.accounts.announce import announcements_for
from chinwag.roles.api.admit import Caller
from chinwag.roles.api.answers import AccountVerbs
from chinwag.roles.api.people import After, Limit
from chinwag.wire.admin import AnnouncementView
from chinwag.wire.http import Page


@get("/announcements", operation_id="listAnnouncements", summary="What the server has said", tags=["announcements"])
async def get_announcements(
    accounts: AccountVerbs, principal: Caller, after: After = None, limit: Limit = 50
) -> Page[AnnouncementView]:
    """What was announced to everybody since one's account was made, the newest first."""
    found = await announcements_for(accounts, principal.account, after, limit + 1)
    items = [AnnouncementView(one.id, one.text, one.at) for one in found[:limit]]
    return Page(items, next=items[-1].id if len(found) > limit else None)


HANDLERS = [get_announcements]
