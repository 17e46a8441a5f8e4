"""The listing of open groups: a copy, in the directory, of what conversations say of themselves.

It is kept as a device keeps its state. Every notice of an open group is posted, in the very commit that places it, to
the inbox of `LISTING`; here that inbox is read from where it was left, the groups it names are looked up, and rows and
place go into the directory in one transaction. So nothing is passed over by a crash anywhere between, reading twice
changes nothing, and who looks finds what was acked before, as looking reads on first.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from chinwag.domain.body import title_key
from chinwag.domain.conversation import Conversation
from chinwag.domain.ids import LISTING, ConversationId
from chinwag.flow.together import Together
from chinwag.ports.directory import PAGE_MAX, Directory, ListingMark, OpenGroup, Transaction
from chinwag.ports.inbox import Inbox, Run
from chinwag.ports.message_store import MessageStore

ENTRIES: Final = 500
"""Inbox entries read at a time."""
POLL_SECONDS: Final = 30.0
"""How often the inbox is read if nobody looks: well before its entries are trimmed."""


def card(state: Conversation) -> OpenGroup:
    """What a stranger may see of a group."""
    return OpenGroup(state.id, state.title, state.settings.description, state.member_count, state.head)


class Listing:
    """The listing, read and kept. Several may keep the same one."""

    def __init__(self, directory: Directory, inbox: Inbox, store: MessageStore) -> None:
        self._directory = directory
        self._inbox = inbox
        self._store = store
        self._mark: ListingMark | None = None
        self._catching_up: Together[None, None] = Together(self._to_the_end)

    async def page(self, search: str, after: tuple[str, ConversationId] | None, limit: int) -> list[OpenGroup]:
        """Open groups whose title holds `search`, by title, after that folded title and id; all that was acked before
        is in it. Raises `Refused(UNAVAILABLE)`."""
        await self.catch_up()
        async with self._directory.reading() as directory:
            return await directory.listing.page(search, after, limit)

    async def catch_up(self) -> None:
        """Read the inbox to its end. Raises `Refused(UNAVAILABLE)`; what was read by then is kept."""
        bounds = await self._inbox.bounds(LISTING)
        if self._mark != ListingMark(bounds.epoch, bounds.head):
            # Together: a directory that is away would else keep each of those who wait as long again as the one before.
            await self._catching_up.ask(None)

    async def _to_the_end(self, asked: Sequence[None]) -> Mapping[None, None]:
        bounds = await self._inbox.bounds(LISTING)
        end = ListingMark(bounds.epoch, bounds.head)
        if self._mark != end:
            async with self._directory.reading() as directory:
                mark = await directory.listing.mark()
            if mark.epoch != bounds.epoch or not bounds.floor <= mark.position <= bounds.head:
                # Restored, or not read for as long as entries are kept: what is listed may no longer be true.
                await self._look_again()
                mark = ListingMark(bounds.epoch, bounds.floor)
                async with self._directory.transaction() as transaction:
                    await transaction.listing.advance(mark)
            while mark.position < bounds.head:
                mark = await self._read_on(mark)
            self._mark = mark
        return dict.fromkeys(asked)

    async def _read_on(self, mark: ListingMark) -> ListingMark:
        page = await self._inbox.read(LISTING, mark.position, ENTRIES)
        if not page.entries:
            return ListingMark(mark.epoch, page.bounds.head)
        named = {entry.conversation for entry in page.entries if isinstance(entry, Run)}
        last = page.entries[-1]
        done = ListingMark(mark.epoch, last.position + last.count - 1)
        states = await self._store.states(sorted(named))
        async with self._directory.transaction() as transaction:
            for state in states:
                await _keep(transaction, state)
            await transaction.listing.advance(done)
        return done

    async def _look_again(self) -> None:
        after: ConversationId | None = None
        while True:
            async with self._directory.reading() as directory:
                listed = await directory.listing.conversations(after, PAGE_MAX)
            if not listed:
                return
            states = await self._store.states(listed)
            async with self._directory.transaction() as transaction:
                for name, state in zip(listed, states, strict=True):
                    if state is None:
                        await transaction.listing.remove(name, 1 << 62)
                    await _keep(transaction, state)
            after = listed[-1]


def after_of(group: OpenGroup) -> tuple[str, ConversationId]:
    """What names the place after `group` in the listing."""
    return title_key(group.title), group.conversation


async def _keep(transaction: Transaction, state: Conversation | None) -> None:
    if state is None:
        return
    if state.settings.join == "open" and not state.abandoned:
        await transaction.listing.put(card(state))
    else:
        await transaction.listing.remove(state.id, state.head)
