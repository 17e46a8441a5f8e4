"""Loading conversations afresh: what a device holds of them when it has no history of its own."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from chinwag.domain.conversation import Conversation, Member, Span
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.marks import Marks, as_shown, read_up_to, unread
from chinwag.domain.mentions import ALL, UNREAD, unread_mentions
from chinwag.domain.refusal import Code, Refused
from chinwag.domain.views import ConversationPage, ConversationView, MemberView
from chinwag.flow.as_read import as_read, sent_at
from chinwag.flow.history import PAGE_BYTES, readable
from chinwag.flow.large.own_large import OwnLarge
from chinwag.flow.membership_of import unseen, writer_of
from chinwag.flow.own_conversations import OwnConversations, last_shown
from chinwag.flow.sharing import Keeping, nobody_keeps, shown_reads
from chinwag.ports.inbox import Inbox
from chinwag.ports.mark_store import MarkStore
from chinwag.ports.message_store import MessageStore

MARKS: Final = 500
"""Members whose marks are shown."""
_AGAIN: Final = 10
"""Times that a membership may change while it is read."""


class Conversations:
    """Lists and views, straight from the stores: what was acked is in them at once (P8 of docs/guarantees.md)."""

    def __init__(
        self,
        store: MessageStore,
        marks: MarkStore,
        inbox: Inbox,
        keeping: Keeping = nobody_keeps,
        large: OwnLarge | None = None,
    ) -> None:
        """keeping: who keeps to itself how far it has read, and is not shown how far others have. large: as in
        `OwnConversations`."""
        self._own = OwnConversations(store, inbox, large)
        self._store = store
        self._marks = marks
        self._keeping = keeping

    async def view(self, account: AccountId, conversation: ConversationId) -> ConversationView:
        """One conversation as `account` sees it. Raises `no_conversation` for a stranger, and `unavailable`."""
        spans = await self._store.spans(account, conversation)
        state = (await self._store.states([conversation]))[0] if spans else None
        head = state.head if state is not None else 0
        if state is None or not readable(spans, head):
            raise await unseen(self._store, conversation, spans, head)
        return await self._view(account, state, spans, told=await shown_reads(self._keeping, account))

    async def page(
        self, account: AccountId, before: str | None, limit: int, members: int | None = None
    ) -> ConversationPage:
        """Conversations, those active of late first (see `OwnConversations`), each with at most `members` others
        (None: all). `before` is the `next` of the page before. A page ends with the conversation that fills it.

        Oneself and, in a direct conversation, the other are always there. Raises `bad_cursor` and `unavailable`.
        """
        found, more = await self._own.page(account, before, limit)
        told = await shown_reads(self._keeping, account)
        views: list[ConversationView] = []
        size = 0
        for count, one in enumerate(found, 1):
            try:
                view = await self._view(account, one.state, one.spans, told=told)
            except Refused as refused:
                if refused.code is not Code.NO_CONVERSATION:  # it was left, and may not be read, just now
                    raise
                continue
            if members is not None and view.kind == "group":
                view = msgspec.structs.replace(view, members=_nearest(view, account, members))
            views.append(view)
            size += len(msgspec.json.encode(view))
            if size >= PAGE_BYTES and count < len(found):
                return ConversationPage(views, one.next)
        return ConversationPage(views, more)

    async def _view(
        self, account: AccountId, state: Conversation, spans: Sequence[Span], *, told: bool
    ) -> ConversationView:
        state, spans, member = await self._of_one_moment(account, state, spans)
        ranges = readable(spans, state.head)
        if not ranges:
            raise Refused(Code.NO_CONVERSATION)
        head = ranges[-1][1]
        if member is None:
            return await self._former(account, state, spans, ranges[0][0], head)
        shown = last_shown(state, ranges)
        if state.wide:  # one's own coming is shown to oneself
            shown = max(shown, member.joined)
            marks = {account: (await self._marks.marks([(state.id, account)]))[0]}
        else:
            marks = await self._marks.of_conversation(state.id, MARKS)
        own = marks.get(account, Marks())
        last = await self._last(account, state.id, shown)
        read = read_up_to(own.read, member)[0]
        return ConversationView(
            id=state.id,
            kind="direct" if state.direct else "group",
            role=member.role,
            title=state.title,
            settings=state.settings,
            members=_members(account, state, marks, told=told),
            first=ranges[0][0],
            head=head,
            ordinal=state.ordinal,
            at=state.at if shown <= state.last_shown else sent_at(last),
            read=read,
            unread=unread(state.ordinal, own.read, member),
            member_count=state.member_count,
            wide=state.wide,
            large=state.large,
            history_from=state.history_from if not state.direct and state.settings.history == "all" else None,
            shown=shown,
            mentions=await self._mentions(account, state.id, read, shown, state.head),
            pins=[number for number in state.pins if number >= ranges[0][0]],
            avatar=state.avatar,
            last=last,
        )

    async def _of_one_moment(
        self, account: AccountId, state: Conversation, spans: Sequence[Span]
    ) -> tuple[Conversation, Sequence[Span], Member | None]:
        """State and spans are read one after the other: where somebody came or went in between, read both again. With
        them the account's present membership."""
        for _ in range(_AGAIN):
            member = await writer_of(self._store, state, account)
            if (member is not None) == any(span.last is None for span in spans):
                return state, spans, member
            spans = await self._store.spans(account, state.id)
            state = (await self._store.states([state.id]))[0] or state
        raise Refused(Code.UNAVAILABLE, "the membership changes all the time", 1.0)

    async def _former(
        self, account: AccountId, state: Conversation, spans: Sequence[Span], first: int, head: int
    ) -> ConversationView:
        """What remains of a conversation to somebody who left or was removed: as it was then."""
        closing = max(spans, key=lambda span: span.last or 0).closing
        if closing is None:
            raise Refused(Code.NO_CONVERSATION)
        mark = (await self._marks.marks([(state.id, account)]))[0].read
        read = max((mark.number, mark.ordinal), (closing.read, closing.read_ordinal))
        if state.wide:  # there a closing knows nothing of what was written
            cell = (await self._store.wrote([(state.id, account)]))[0]
            if cell is not None and cell.number <= head:
                read = max(read, (cell.number, cell.ordinal))
        return ConversationView(
            id=state.id,
            kind="group",
            role=None,
            title=closing.title,
            settings=closing.settings,
            members=[],
            first=first,
            head=head,
            ordinal=closing.ordinal,
            at=closing.at,
            read=read[0],
            unread=closing.ordinal - read[1],
            shown=head,  # its span ends with the notice of its going
            mentions=await self._mentions(account, state.id, read[0], head, head),
            last=await self._last(account, state.id, head),
        )

    async def _mentions(
        self, account: AccountId, conversation: ConversationId, read: int, shown: int, head: int
    ) -> list[int]:
        if read >= shown:
            return []  # as nearly all conversations are, most of the time
        rows = await self._store.mentions([account, ALL], conversation, read, UNREAD)
        return unread_mentions(rows, read, head)

    async def _last(self, account: AccountId, conversation: ConversationId, number: int) -> msgspec.Raw:
        rows = await self._store.events(conversation, number, number) if number else []
        events = await as_read(self._store, account, conversation, rows)
        return msgspec.Raw(events[0]) if events else msgspec.Raw(b"null")


def _nearest(view: ConversationView, account: AccountId, most: int) -> list[MemberView]:
    """Oneself, and the others who have read or written last."""
    own = [member for member in view.members if member.account == account]
    others = [member for member in view.members if member.account != account]
    others.sort(key=lambda member: (member.read, member.read_at, member.delivered), reverse=True)
    return own + others[:most]


def _members(
    account: AccountId, state: Conversation, marks: Mapping[AccountId, Marks], *, told: bool
) -> list[MemberView]:
    """Those whom the state knows, and how far they have read: in a wide group nothing of that."""
    if state.wide:
        return [MemberView(one, member.role) for one, member in state.members.items()]
    return [
        _member_view(one, member, held if one == account else as_shown(held, read=told))
        for one, member in state.members.items()
        for held in [marks.get(one, Marks())]
    ]


def _member_view(account: AccountId, member: Member, marks: Marks) -> MemberView:
    # As devices reckon that keep members by events: nobody is behind its own joining or last message.
    read, _ = read_up_to(marks.read, member)
    return MemberView(
        account,
        member.role,
        read=read,
        read_at=marks.read.at,
        delivered=max(marks.delivered.number, read),
        delivered_at=marks.delivered.at,
    )
