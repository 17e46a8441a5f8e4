"""Keep a mirror by a client: load it without a race, then let every event through it."""

from collections.abc import Sequence
from typing import Final

from chinwag.client.client import Client
from chinwag.client.errors import ApiError, LoggedOut
from chinwag.client.events import Fed, FeedBegan, FeedFar, Large, LoadAfresh, Received
from chinwag.client.following import WATCHES
from chinwag.client.mirror import MESSAGES, Mirror
from chinwag.wire.frames import Counts
from chinwag.wire.large import GroupHead
from chinwag.wire.values import ConversationId, Message, Notice

COUNTED: Final = 100
"""Messages whose reactions are asked for at once, at most."""
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
                mirror.keep(view.id, newest.events, newest.head, newest.turn)
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
    elif isinstance(event, Large):
        await _take_large(mirror, client, event)
        await _count_by_page(mirror, client, event.conversation)
    else:
        shared = mirror.share_read
        missing = mirror.apply(event)
        if mirror.share_read is not shared:
            await load(mirror, client)
        if missing is not None and await _reach(mirror, client, missing):
            mirror.apply(event)
        if isinstance(event, Notice):
            await _count_by_page(mirror, client, event.conversation)


def watch(mirror: Mirror, client: Client) -> None:
    """Be told of the large groups of the mirror, when they move: of the latest, if they are too many. To be called when
    it was loaded, and after what `take` took; it costs little where nothing has changed."""
    large = [one.id for one in mirror.by_activity() if one.large and one.role is not None]
    client.watch(large[:WATCHES])


def open_large(mirror: Mirror, client: Client, conversation: ConversationId) -> None:
    """Follow a large group from where the mirror has it: what comes of that is for `take`. Nothing happens with a group
    that is followed already, and with a conversation that is no large group of one's own.

    Raises ValueError if the client follows too many.
    """
    held = mirror.conversations.get(conversation)
    if held is not None and held.large and held.role is not None and not client.follows(conversation):
        client.follow(conversation, held.head)


async def catch_up(mirror: Mirror, client: Client, conversation: ConversationId) -> bool:
    """Take what lies between what the mirror has of a large group and its end, or load it afresh if that is far; False
    if it is not to be seen any more. Raises as `load` does."""
    while (held := mirror.conversations.get(conversation)) is not None:
        try:
            page = await client.changes(conversation, held.head)
        except ApiError as error:
            if error.code not in _GONE:
                raise
            mirror.drop(conversation)
            break
        if page.far:
            return await _load_one(mirror, client, conversation)
        if not page.events:
            await _count_by_page(mirror, client, conversation)
            return True
        if not mirror.take_page(conversation, page):
            return await _load_one(mirror, client, conversation)
    return False


async def recount(
    mirror: Mirror, client: Client, conversation: ConversationId, shown: Sequence[int] | None = None
) -> None:
    """Ask how many have put what on messages of a large group, of which no event tells: of those that are shown, the
    newest that the mirror has, or of some others. At most 100 at once, of more of the last. What cannot be asked now is
    asked when one is told of others."""
    held = mirror.conversations.get(conversation)
    if held is None or not held.large or held.role is None:
        return
    messages = sorted(number for number, one in held.messages.items() if isinstance(one, Message))
    asked = (messages if shown is None else list(shown))[-COUNTED:]
    if not asked:
        return
    try:
        page = await client.reaction_counts(conversation, asked)
    except LoggedOut:
        raise
    except ApiError:
        return
    mirror.recount(conversation, page, all_shown=shown is None)


async def _count_by_page(mirror: Mirror, client: Client, conversation: ConversationId) -> None:
    held = mirror.conversations.get(conversation)
    if held is None or not held.uncounted:
        return
    if held.large or held.role is None:
        held.uncounted = False
        return
    page = await client.history(conversation, limit=COUNTED)
    held.uncounted = False
    mirror.keep(conversation, page.events, page.head, page.turn)


async def _reach(mirror: Mirror, client: Client, conversation: ConversationId) -> bool:
    held = mirror.conversations.get(conversation)
    if held is not None and held.large and held.role is not None:
        return await catch_up(mirror, client, conversation)
    return await _load_one(mirror, client, conversation)


async def _take_large(mirror: Mirror, client: Client, event: Large) -> None:
    match event:
        case GroupHead():
            mirror.moved(event)
        case Fed():
            held = mirror.conversations.get(event.conversation)
            if held is None or event.event.number <= held.head + 1 or await _reach(mirror, client, held.id):
                mirror.apply(event.event)
        case FeedBegan(beyond=True):
            # What is held above the group's end is of another time.
            mirror.drop(event.conversation)
            await _load_one(mirror, client, event.conversation)
        case FeedBegan():
            if event.skips:
                mirror.skip(event.conversation, event.after)
            await recount(mirror, client, event.conversation)
        case Counts():
            if mirror.count(event):
                await recount(mirror, client, event.conversation)
        case FeedFar():
            if await _load_one(mirror, client, event.conversation):
                open_large(mirror, client, event.conversation)
        case _:
            pass  # a feed has ended with what comes by the inbox as well


async def _load_again(mirror: Mirror, client: Client, event: LoadAfresh) -> None:
    if event.cause == "epoch":
        mirror.clear()
    known = {one.id: one.head for one in mirror.conversations.values() if one.messages}
    await load(mirror, client)
    for conversation, head in known.items():
        held = mirror.conversations.get(conversation)
        if held is None or held.head == head or not held.messages:
            continue
        if held.head - head > MESSAGES:
            # None of what is cached would stay.
            held.messages, held.loaded, held.stale = {}, [], set()
            held.reactions, held.late, held.turn = {}, [], 0
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
