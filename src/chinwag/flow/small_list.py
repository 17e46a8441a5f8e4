"""A list of conversations cut to what a new device shows at first: few members of each, and their newest events."""

import msgspec

from chinwag.domain.ids import AccountId
from chinwag.domain.views import ConversationPage, ConversationView, MemberView
from chinwag.flow.history import History

EVENT_BYTES = 1 << 20
"""Bytes of events in one list; conversations after those that filled it come with none."""


async def small_list(
    page: ConversationPage, account: AccountId, members: int | None, events: int, history: History
) -> ConversationPage:
    """`page` with at most `members` others in each conversation (None: all) and its newest `events` events.

    Oneself and, in a direct conversation, the other are always there. Raises `Refused` as reading does.
    """
    if members is None and not events:
        return page
    left = EVENT_BYTES
    views = []
    for view in page.conversations:
        shown = view if members is None else msgspec.structs.replace(view, members=_nearest(view, account, members))
        if events and left > 0:
            newest = (await history.page_before(account, view.id, None, events)).events
            left -= sum(len(bytes(event)) for event in newest)
            if left >= 0:
                shown = msgspec.structs.replace(shown, events=newest)
        views.append(shown)
    return ConversationPage(views, page.next)


def _nearest(view: ConversationView, account: AccountId, most: int) -> list[MemberView]:
    """Oneself, and the others who have read or written last."""
    if view.kind == "direct":
        return view.members
    own = [member for member in view.members if member.account == account]
    others = [member for member in view.members if member.account != account]
    others.sort(key=lambda member: (member.read, member.read_at, member.delivered), reverse=True)
    return own + others[:most]
