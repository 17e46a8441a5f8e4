"""Where one message is, member by member: stored, posted, announced, delivered, read. For operators."""

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec

from chinwag.domain.conversation import Conversation
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.marks import Marks
from chinwag.domain.mentions import ALL
from chinwag.domain.refusal import Code, Refused
from chinwag.domain.tracing import MemberTrace, SessionAt, Trace
from chinwag.flow.as_read import content
from chinwag.flow.membership_of import all_members, members_of
from chinwag.ports.inbox import Inbox, Run
from chinwag.ports.mark_store import MarkStore
from chinwag.ports.message_store import MessageStore
from chinwag.ports.questions import FollowersHere, Questions, SessionsHere
from chinwag.ports.registry import Registry

LOOKED_AT: Final = 20_000
"""Entries of each inbox, the newest ones, that are looked through for the message."""
PAGE: Final = 1_000
TRACED: Final = 1_000
"""Members that are told of, those who came first."""


class _Event(msgspec.Struct, frozen=True):
    kind: str
    sent_at: int
    sender: AccountId = msgspec.field(name="from")
    mentioned: tuple[AccountId, ...] = ()


class Tracer:
    """Follows messages through the stores and the sessions of all gateways."""

    def __init__(
        self, store: MessageStore, inbox: Inbox, marks: MarkStore, registry: Registry, questions: Questions
    ) -> None:
        self._store = store
        self._inbox = inbox
        self._marks = marks
        self._registry = registry
        self._questions = questions

    async def trace(self, conversation: ConversationId, number: int) -> Trace:
        """Where event `number` is. Never its text. Raises `Refused`: `no_conversation`, `no_message`,
        and `unavailable` if a gateway does not say whom it holds."""
        state = (await self._store.states([conversation]))[0]
        if state is None:
            raise Refused(Code.NO_CONVERSATION)
        events = await self._store.events(conversation, number, number)
        if not events:
            raise Refused(Code.NO_MESSAGE)
        event = msgspec.json.decode(content(events[0]), type=_Event)
        readers = await self._readers(state, number, event)
        marks = await self._marks.marks([(conversation, account) for account in readers])
        members = [
            await self._member(account, conversation, number, held)
            for account, held in zip(readers, marks, strict=True)
        ]
        return Trace(
            conversation,
            number,
            state.head,
            event.kind,
            event.sender,
            event.sent_at,
            members,
            large=state.large,
            followers=await self._followers(conversation) if state.large else None,
        )

    async def _readers(self, state: Conversation, number: int, event: _Event) -> Sequence[AccountId]:
        """The members who may read it; of a large group those whose inboxes it came to."""
        if state.large:
            named = [(state, one) for one in dict.fromkeys((event.sender, *event.mentioned)) if one != ALL]
            members = await members_of(self._store, named)
            inside = [(one, member) for (_, one), member in zip(named, members, strict=True) if member is not None]
            return [one for one, member in inside if member.reads_from <= number]
        found: list[AccountId] = []
        async for some in all_members(self._store, state):
            found += [one for one, member in some if member.reads_from <= number]
        return found[:TRACED]

    async def _member(self, account: AccountId, conversation: ConversationId, number: int, marks: Marks) -> MemberTrace:
        position = await self._position(account, conversation, number)
        sessions = await self._sessions(account) if position is not None else ()
        return MemberTrace(
            account=account,
            position=position,
            sessions=[one for one in sessions if position is not None and one.position >= position],
            behind=[one for one in sessions if position is not None and one.position < position],
            delivered=marks.delivered.number >= number,
            delivered_at=marks.delivered.at if marks.delivered.number >= number else 0,
            read=marks.read.number >= number,
            read_at=marks.read.at if marks.read.number >= number else 0,
        )

    async def _sessions(self, account: AccountId) -> Sequence[SessionAt]:
        gateways = await self._registry.nodes("gateway")
        found = await asyncio.gather(*(self._questions.ask(node.id, SessionsHere(account)) for node in gateways))
        return [session for some in found for session in some]

    async def _followers(self, conversation: ConversationId) -> int:
        gateways = await self._registry.nodes("gateway")
        return sum(
            await asyncio.gather(*(self._questions.ask(node.id, FollowersHere(conversation)) for node in gateways))
        )

    async def _position(self, account: AccountId, conversation: ConversationId, number: int) -> int | None:
        bounds = await self._inbox.bounds(account)
        after = max(bounds.floor, bounds.head - LOOKED_AT)
        while after < bounds.head:
            page = await self._inbox.read(account, after, PAGE)
            if not page.entries:
                break
            for entry in page.entries:
                after = entry.position + entry.count - 1
                inside = isinstance(entry, Run) and entry.conversation == conversation
                if inside and isinstance(entry, Run) and entry.first <= number < entry.first + entry.count:
                    return entry.position + number - entry.first
        return None
