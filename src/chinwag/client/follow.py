"""Keep a mirror by a client: load it without a race, then let every event through it."""

from typing import Final

from chinwag.client.client import Client
from chinwag.client.errors import ApiError
from chinwag.client.events import LoadAfresh, Received
from chinwag.client.mirror import MESSAGES, Mirror
from chinwag.wire.values import ConversationId

_GONE: Final = frozenset({"no_conversation", "not_member"})


async def load(mirror: Mirror, client: Client, messages: int = 0) -> None:
    """Load all conversations afresh, what one wants of them, and the newest `messages` events of each (at most 100).

    The client's events go on from a cursor that is taken first, so whatever happens meanwhile comes by them too.
    Raises `ApiError`, `Unreachable`, `LoggedOut`.
    """
    await client.cursor()
    await _prefer(mirror, client)
    before: str | None = None
    found = set()
    while True:
        page = await client.conversations(before)
        for view in page.conversations:
            mirror.put(view)
            found.add(view.id)
            if messages:
                newest = await client.history(view.id, limit=messages)
                mirror.keep(view.id, newest.events, newest.head)
        if page.next is None or not page.conversations:
            break
        before = page.next
    for gone in mirror.conversations.keys() - found:
        # Between two pages a conversation may move to the front: what is not on the list is asked for by itself.
        await _load_one(mirror, client, gone)


async def _prefer(mirror: Mirror, client: Client) -> None:
    try:
        for preferred in await client.all_preferences():
            mirror.prefer(preferred)
    except ApiError as error:
        if error.code != "not_found":  # a server of a time before there were any
            raise


async def take(mirror: Mirror, client: Client, event: Received) -> None:
    """Let the mirror take what `Client.events` gave, and load what is needed for that. Raises as `load` does."""
    if isinstance(event, LoadAfresh):
        await _load_again(mirror, client, event)
        return
    shared = mirror.share_read
    missing = mirror.apply(event)
    if mirror.share_read is not shared:
        await load(mirror, client)
    if missing is not None and await _load_one(mirror, client, missing):
        mirror.apply(event)


async def _load_again(mirror: Mirror, client: Client, event: LoadAfresh) -> None:
    if event.cause == "epoch":
        mirror.clear()
    known = {one.id: one.head for one in mirror.conversations.values() if one.messages}
    await load(mirror, client)
    for conversation, head in known.items():
        held = mirror.conversations.get(conversation)
        if held is None or held.head == head:
            continue
        if held.head - head > MESSAGES:
            # None of what is cached would stay.
            held.messages, held.loaded, held.stale = {}, [], set()
            held.reactions, held.late = {}, []
            continue
        after = head
        while changes := (await client.changes(conversation, after)).events:
            for change in changes:
                mirror.apply(change)
            after = changes[-1].number


async def _load_one(mirror: Mirror, client: Client, conversation: ConversationId) -> bool:
    try:
        mirror.put(await client.conversation(conversation))
    except ApiError as error:
        if error.code not in _GONE:
            raise
        mirror.drop(conversation)
        return False
    return True
