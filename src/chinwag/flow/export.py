"""Export: what an account may see, or everything, as a stream of lines in a form that outlives the server.

It only reads, page by page. Of stores that stand still (a checkpoint, a server that is stopped) it is of one moment; of
those that go on meanwhile, each account and each conversation is of the moment at which its line is written.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Final

import msgspec

from chinwag.domain.account_friendship import Bond, Friendship
from chinwag.domain.conversation import Conversation, Span
from chinwag.domain.export import (
    FORMAT,
    AccountLine,
    Begin,
    BlockLine,
    ConversationLine,
    DeviceLine,
    End,
    EventLine,
    FriendLine,
    IdentityLine,
    Line,
    MembersLine,
    PreferencesLine,
)
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.refusal import Code, Refused
from chinwag.domain.views import ConversationView, MemberView
from chinwag.flow.as_read import as_read, content
from chinwag.flow.conversations import Conversations
from chinwag.flow.exported_media import ExportedMedia, Save
from chinwag.flow.history import Range, readable
from chinwag.flow.membership_of import all_members
from chinwag.flow.sharing import Sharing
from chinwag.ports.directory import PAGE_MAX, Account, Directory
from chinwag.ports.inbox import Inbox
from chinwag.ports.mark_store import MarkStore
from chinwag.ports.message_store import MessageStore

EVENTS: Final = 500
"""Events read at a time."""

Tell = Callable[[str], None]
"""Takes what is being exported now."""


class _Sender(msgspec.Struct, frozen=True):
    sender: AccountId = msgspec.field(name="from")


_sender: Final = msgspec.json.Decoder(_Sender)


class Export:
    """One export. `version` of the software and `at` stand in its first line."""

    def __init__(
        self,
        directory: Directory,
        store: MessageStore,
        marks: MarkStore,
        inbox: Inbox,
        *,
        version: str,
        at: int,
        tell: Tell,
        save: Save | None = None,
    ) -> None:
        """save: keeps files; None: they are named, and not kept."""
        self._directory = directory
        self._store = store
        self._marks = marks
        self._conversations = Conversations(store, marks, inbox, Sharing(directory).keeping)
        self._version = version
        self._at = at
        self._tell = tell
        self._media = ExportedMedia(directory, save)
        self._lines = 0
        self._named: set[AccountId] = set()

    async def of_account(self, account: AccountId) -> AsyncIterator[Line]:
        """The account, its devices, identities, friends and conversations, the events that it may read, and who is
        named in them.

        Raises `Refused(NO_ACCOUNT)`, also for one that is closed.
        """
        async with self._directory.reading() as directory:
            found = await directory.accounts.get(account)
        if found is None or found.closed:
            raise Refused(Code.NO_ACCOUNT)
        async for line in self._counted(self._of_account(found)):
            yield line

    async def of_everything(self) -> AsyncIterator[Line]:
        """All accounts with devices and friends, then all conversations that anybody has a part in, once each."""
        async for line in self._counted(self._of_everything()):
            yield line

    async def _counted(self, lines: AsyncIterator[Line]) -> AsyncIterator[Line]:
        async for line in lines:
            self._lines += 1
            yield line
        yield End(self._lines)

    async def _of_account(self, account: Account) -> AsyncIterator[Line]:
        yield Begin(FORMAT, self._version, self._at, account.id)
        async for line in self._person(account):
            yield line
        friends = [pair async for pair in self._pairs(account.id)]
        for pair in friends:
            yield _friend(pair, account.id)
        blocks = [block async for block in self._blocks(account.id)]
        for block in blocks:
            yield block
        async for preferred in self._preferences(account.id):
            yield preferred
        others = [pair.other(account.id) for pair in friends] + [block.blocked for block in blocks]
        async for line in self._name(others):
            yield line
        memberships = await self._spans(account.id)
        for done, (name, spans) in enumerate(memberships.items(), 1):
            self._tell(f"conversation {done:,} of {len(memberships):,}")
            state = (await self._store.states([name]))[0]
            ranges = readable(spans, state.head) if state is not None else []
            if state is None or not ranges:
                continue
            view = await self._conversations.view(account.id, name)
            # On stores that go on meanwhile more may be there by now than `ranges` leads to.
            line = _line(view)
            yield msgspec.structs.replace(line, head=min(line.head, state.head))
            if picture := await self._media.picture(view.avatar, conversation=name):
                yield picture
            people = {member.account for member in view.members}
            async for event in self._events(name, ranges, account.id):
                people.add(_sender.decode(event).sender)
                yield EventLine(msgspec.Raw(event))
                if shown := await self._media.shown(event):
                    yield shown
            async for line in self._name(people):
                yield line

    async def _of_everything(self) -> AsyncIterator[Line]:
        yield Begin(FORMAT, self._version, self._at, None)
        count = 0
        async for account in self._accounts():
            count += 1
            self._tell(f"account {count:,}")
            async for line in self._person(account):
                yield line
            async for pair in self._pairs(account.id):
                if pair.low == account.id:
                    yield _friend(pair, account.id)
            async for block in self._blocks(account.id):
                yield block
            async for preferred in self._preferences(account.id):
                yield preferred
        # One entry for each conversation of the server: about 100 bytes.
        seen: set[ConversationId] = set()
        async for account in self._accounts():
            for name in await self._spans(account.id):
                if name in seen:
                    continue
                seen.add(name)
                self._tell(f"conversation {len(seen):,}")
                state = (await self._store.states([name]))[0]
                if state is None or not state.head:
                    continue
                yield await self._whole(state)
                if state.wide:
                    async for members in self._members(state):
                        yield members
                if picture := await self._media.picture(state.avatar, conversation=name):
                    yield picture
                async for event in self._events(name, [(1, state.head)], None):
                    yield EventLine(msgspec.Raw(event))
                    if shown := await self._media.shown(event):
                        yield shown

    async def _whole(self, state: Conversation) -> ConversationLine:
        """A conversation as nobody's in particular. The members of a wide group have lines of their own."""
        for member in () if state.wide else state.members:
            line = _line(await self._conversations.view(member, state.id))
            return msgspec.structs.replace(line, first=1, head=state.head, role=None, read=None)
        return ConversationLine(
            id=state.id,
            kind="direct" if state.direct else "group",
            title=state.title,
            settings=state.settings,
            members=[],
            first=1,
            head=state.head,
        )

    async def _members(self, state: Conversation) -> AsyncIterator[MembersLine]:
        """A group of many, of whom nothing is told but who they are and what they may: 200 bytes each, and at most
        1,000 in a line."""
        async for some in all_members(self._store, state):
            if some:
                yield MembersLine(state.id, [MemberView(account, member.role) for account, member in some])

    async def _person(self, account: Account) -> AsyncIterator[Line]:
        seen = (await self._marks.seen([account.id]))[0]
        self._named.add(account.id)
        yield AccountLine(
            id=account.id,
            name=account.name,
            display_name=account.display_name,
            about=account.about,
            settings=account.settings,
            admin=account.admin,
            created_at=account.created_at,
            last_active_at=seen.last_active_at if seen is not None else None,
            disabled=account.disabled,
            closed=account.closed,
        )
        if picture := await self._media.picture(account.avatar, account=account.id):
            yield picture
        async with self._directory.reading() as directory:
            devices = await directory.devices.of(account.id)
            identities = await directory.identities.of(account.id)
        for device in devices:
            yield DeviceLine(device.id, device.account, device.name, device.created_at, device.last_seen_at)
        for one in identities:
            yield IdentityLine(one.account, one.provider, one.issuer, one.subject, one.linked_at, one.groups)

    async def _name(self, people: Iterable[AccountId]) -> AsyncIterator[AccountLine]:
        """What everybody may see of those of `people` who were not named before."""
        unnamed = sorted(set(people) - self._named)
        self._named.update(unnamed)
        for first in range(0, len(unnamed), PAGE_MAX):
            async with self._directory.reading() as directory:
                found = await directory.accounts.many(unnamed[first : first + PAGE_MAX])
            for one in found:
                yield AccountLine(
                    id=one.id, name=one.name, display_name=one.display_name, about=one.about, closed=one.closed
                )

    async def _accounts(self) -> AsyncIterator[Account]:
        after: AccountId | None = None
        while True:
            async with self._directory.reading() as directory:
                page = await directory.accounts.page(after, PAGE_MAX)
            for account in page:
                yield account
            if not page:
                return
            after = page[-1].id

    async def _pairs(self, account: AccountId) -> AsyncIterator[Friendship]:
        for bond in (Bond.FRIENDS, Bond.REQUESTED):
            after: AccountId | None = None
            while True:
                async with self._directory.reading() as directory:
                    page = await directory.friends.page(account, bond, after, PAGE_MAX)
                for pair in page:
                    yield pair
                if not page:
                    break
                after = page[-1].other(account)

    async def _blocks(self, account: AccountId) -> AsyncIterator[BlockLine]:
        after: AccountId | None = None
        while True:
            async with self._directory.reading() as directory:
                page = await directory.blocks.page(account, after, PAGE_MAX)
            for blocked, at in page:
                yield BlockLine(account, blocked, at)
            if not page:
                return
            after = page[-1][0]

    async def _preferences(self, account: AccountId) -> AsyncIterator[PreferencesLine]:
        after: ConversationId | None = None
        while True:
            async with self._directory.reading() as directory:
                page = await directory.preferences.page(account, after, PAGE_MAX)
            for one in page:
                yield PreferencesLine(account, one.conversation, one.preferences)
            if not page:
                return
            after = page[-1].conversation

    async def _spans(self, account: AccountId) -> dict[ConversationId, list[Span]]:
        spans: dict[ConversationId, list[Span]] = defaultdict(list)
        for span in await self._store.memberships(account):
            spans[span.conversation].append(span)
        return spans

    async def _events(
        self, conversation: ConversationId, ranges: list[Range], reader: AccountId | None
    ) -> AsyncIterator[bytes]:
        """The events of `ranges` as `reader` may see them; None: as they are."""
        for first, last in ranges:
            for begin in range(first, last + 1, EVENTS):
                rows = await self._store.events(conversation, begin, min(last, begin + EVENTS - 1))
                shown = map(content, rows) if reader is None else await as_read(self._store, reader, conversation, rows)
                for event in shown:
                    yield event


def _friend(pair: Friendship, of: AccountId) -> FriendLine:
    return FriendLine(of, pair.other(of), pair.bond, pair.by, pair.at)


def _line(view: ConversationView) -> ConversationLine:
    return ConversationLine(
        id=view.id,
        kind=view.kind,
        title=view.title,
        settings=view.settings,
        members=view.members,
        first=view.first,
        head=view.head,
        role=view.role,
        read=view.read,
    )
