"""Reads what a batch's commands name of earlier events, all of it together, and makes the facts that `decide` is given.

Most batches name nothing, and read nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from chinwag.domain.command import Command, Delete, Edit, React, Send
from chinwag.domain.conversation import Conversation, Span
from chinwag.domain.events import Edited, Message, NumberedEvent
from chinwag.domain.facts import NOTHING, Facts, Target, named, target_of
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId
from chinwag.domain.reactions import NOTHING_ON, Reacted
from chinwag.flow.as_read import content
from chinwag.flow.draft import Draft
from chinwag.ports.message_store import Changed, EventName, KeyName, MessageStore, ReactionName, Row

Member = tuple[AccountId, ConversationId]

_decode: Final = msgspec.json.Decoder(NumberedEvent).decode


class _Sent(msgspec.Struct, gc=False):
    device: DeviceId
    id: ClientId
    reply_to: int = 0


_sent: Final = msgspec.json.Decoder(_Sent).decode


class Named(NamedTuple):
    """What was read for a batch. keys: of the commands that brought the texts in `rows`."""

    rows: Mapping[EventName, Row] = {}
    spans: Mapping[Member, Sequence[Span]] = {}
    keys: Sequence[KeyName] = ()
    reacted: Mapping[ReactionName, Reacted] = {}

    def facts(self, command: Command, state: Conversation | None, draft: Draft | None) -> Facts:
        """What is known of the event that `command` names, in a conversation at `state`."""
        number = named(command)
        if not number or state is None:
            return NOTHING
        row = self._row(command.conversation, number, draft)
        if row is None or number > state.head:
            return NOTHING
        target, event = _opened(row)
        edits = target.as_of(state.head).edits
        edit = None
        if edits and (last := self._row(command.conversation, edits[-1], draft)) is not None:
            edit = _opened(last)[1]
        spans = list(self.spans.get((command.account, command.conversation), ()))
        if draft is not None:
            spans += [span for span in draft.spans if span.account == command.account]
        message = event if isinstance(event, Message) else None
        if type(command.action) is React:
            return Facts(target, message, None, tuple(spans), None, self._reacted(command, draft))
        answered = None
        if type(command.action) is Edit and message is not None and message.reply_to:
            row = self._row(command.conversation, message.reply_to, draft)
            answered = _opened(row)[0].author if row is not None else None
        return Facts(target, message, edit if isinstance(edit, Edited) else None, tuple(spans), answered)

    def _reacted(self, command: Command, draft: Draft | None) -> Reacted:
        number, account = named(command), command.account
        row = draft.reactions.get((number, account)) if draft is not None else None
        return row or self.reacted.get((command.conversation, number, account), NOTHING_ON)

    def _row(self, conversation: ConversationId, number: int, draft: Draft | None) -> Row | None:
        row = draft.row(number) if draft is not None else None
        return row if row is not None else self.rows.get((conversation, number))


async def read_named(
    store: MessageStore,
    commands: Sequence[Command],
    state: Callable[[ConversationId], Conversation | None],
) -> Named:
    """Read what `commands` name, as far as it is stored. `state`: before the first of them."""
    # Most are sends that answer nothing: those are told apart first, without a call for each.
    naming = [one for one in commands if type(one.action) is not Send or one.action.reply_to]
    naming = [one for one in naming if named(one)]
    if not naming:
        return NONE
    rows = await _rows(store, {(command.conversation, named(command)) for command in naming})
    edits = {
        (conversation, row.target.edits[-1])
        for (conversation, _), row in rows.items()
        if isinstance(row, Changed) and row.target.edits
    }
    changing = {(one.conversation, named(one)) for one in naming if isinstance(one.action, Edit | Delete)}
    sent = {name: _sent(content(row)) for name, row in rows.items() if name in changing}
    answered = {(name[0], one.reply_to) for name, one in sent.items() if one.reply_to}
    rows |= await _rows(store, (edits | answered) - rows.keys())
    # Whichever command of the batch they were read for.
    sent |= {name: _sent(content(rows[name])) for name in edits if name in rows}
    keys = [KeyName(name[0], one.device, one.id) for name, one in sent.items()]
    below = {
        (command.account, command.conversation): None
        for command in naming
        if not _reads(state(command.conversation), command)
    }
    spans = {(account, conversation): await store.spans(account, conversation) for account, conversation in below}
    reacting = {(one.conversation, named(one), one.account) for one in naming if type(one.action) is React}
    return Named(rows, spans, keys, await _reacted(store, reacting) if reacting else {})


NONE: Final = Named()
"""Of a batch that names nothing."""


async def _rows(store: MessageStore, names: set[EventName]) -> dict[EventName, Row]:
    wanted = list(names)
    found = await store.rows(wanted) if wanted else []
    return {name: row for name, row in zip(wanted, found, strict=True) if row is not None}


async def _reacted(store: MessageStore, names: set[ReactionName]) -> dict[ReactionName, Reacted]:
    wanted = list(names)
    found = await store.reacted(wanted)
    return {name: row for name, row in zip(wanted, found, strict=True) if row is not None}


def _reads(state: Conversation | None, command: Command) -> bool:
    """Whether the account's present membership reaches the number, so that no other span counts."""
    member = state.members.get(command.account) if state is not None else None
    return member is not None and member.reads_from <= named(command)


def _opened(row: Row) -> tuple[Target, NumberedEvent]:
    if isinstance(row, Changed):
        return row.target, _decode(row.event)
    event = _decode(row)
    return target_of(event), event
