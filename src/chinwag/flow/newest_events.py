"""A list of conversations with the newest events of each, as a new device shows them at first."""

import msgspec

from chinwag.domain.ids import AccountId
from chinwag.domain.views import ConversationPage
from chinwag.flow.history import History

EVENT_BYTES = 1 << 20
"""Bytes of events in one list; conversations after those that filled it come with none."""


async def with_newest(page: ConversationPage, account: AccountId, events: int, history: History) -> ConversationPage:
    """`page` with at most `events` of the newest events of each conversation. Raises `Refused` as reading does."""
    if not events:
        return page
    left = EVENT_BYTES
    views = []
    for view in page.conversations:
        shown = view
        if left > 0:
            newest = (await history.page_before(account, view.id, None, events)).events
            left -= sum(len(bytes(event)) for event in newest)
            if left >= 0:
                shown = msgspec.structs.replace(view, events=newest)
        views.append(shown)
    return ConversationPage(views, page.next)
