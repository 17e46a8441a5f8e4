"""All that is said in a large group after a number, for those who poll: as a feed gives it, piece by piece."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext

from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.views import EventPage
from chinwag.flow.history import PAGE_BYTES, History
from chinwag.flow.large.feeds import FAR, Feeds
from chinwag.flow.large.numbers import number_of
from chinwag.flow.states import States


async def changes(
    history: History,
    states: States,
    feeds: Feeds,
    account: AccountId,
    conversation: ConversationId,
    after: int,
    limit: int,
    wait: float,
    while_waiting: Callable[[], AbstractAsyncContextManager[object]] = nullcontext,
) -> EventPage:
    """As `History.changes`. With nothing there, and `wait` seconds to spare, the first that comes of a large group.

    Of a large group in which more lies between than a feed gives, only where it is, and that it is `far`. The wait goes
    on inside `while_waiting`. Raises `Refused` as `History.changes` and, if there is something to be waited for,
    `Feeds.beyond` and `while_waiting` do.
    """
    page = await history.changes(account, conversation, after, limit)
    if not page.events and wait > 0:
        async with while_waiting():
            more = await feeds.beyond(account, conversation, min(after, page.head), wait)
        if not more:
            return page
        page = await history.changes(account, conversation, min(after, page.head), limit)
    state = await states.get(conversation)
    return EventPage([], page.head, far=True) if state is not None and state.large and _far(page) else page


def _far(page: EventPage) -> bool:
    if not page.events:
        return False
    first, last = number_of(bytes(page.events[0])), number_of(bytes(page.events[-1]))
    if page.head - first + 1 > FAR:
        return True
    return last < page.head and sum(memoryview(event).nbytes for event in page.events) >= PAGE_BYTES
