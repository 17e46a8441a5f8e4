"""Reads what a batch's commands name of earlier events, all of it together, and makes the facts that `decide` is given.

Most batches name nothing, and read nothing.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from chinwag.domain.body import Sealed
from chinwag.domain.command import Add, Command, Delete, Edit, Enter, Heir, Join, React, Remove, Send, SetRole
from chinwag.domain.conversation import Conversation, Span
from chinwag.domain.events import Edited, Message, NumberedEvent
from chinwag.domain.facts import NO_ROWS, NOTHING, Facts, Target, named, target_of
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId
from chinwag.domain.member_row import MemberRow
from chinwag.domain.reactions import NOTHING_ON, Reacted
from chinwag.domain.wide import member_of
from chinwag.flow.as_read import content
from chinwag.flow.counting import NOTHING_COUNTED, Counts, read_counts
from chinwag.flow.draft import Draft
from chinwag.ports.message_store import Changed, EventName, KeyName, MessageStore, ReactionName, Row

Member = tuple[AccountId, ConversationId]

ENTERING: Final = (Add, Join, Enter)
"""Actions with which somebody may come in."""
TOGETHER: Final = 1_000
"""Rows of members that are read at a time."""

_decode: Final = msgspec.json.Decoder(NumberedEvent).decode


class _Sent(msgspec.Struct, gc=False):
    device: DeviceId
    id: ClientId
    reply_to: int = 0


_sent: Final = msgspec.json.Decoder(_Sent).decode


class Named(NamedTuple):
    """What was read for a batch. keys: of the commands that brought the texts in `rows`. counts: of the messages of
    wide groups to which somebody reacts."""

    rows: Mapping[EventName, Row] = {}
    spans: Mapping[Member, Sequence[Span]] = {}
    keys: Sequence[KeyName] = ()
    reacted: Mapping[ReactionName, Reacted] = {}
    people: Mapping[ConversationId, dict[AccountId, MemberRow]] = {}
    counts: Counts = NOTHING_COUNTED

    def facts(self, command: Command, state: Conversation | None, draft: Draft | None) -> Facts:
        """What is known of the event that `command` names, in a conversation at `state`."""
        number = named(command)
        people = self.people.get(command.conversation, NO_ROWS)
        nothing = Facts(people=people) if people else NOTHING
        if not number or state is None:
            return nothing
        row = self._row(command.conversation, number, draft)
        if row is None or number > state.head:
            return nothing
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
            return Facts(target, message, None, tuple(spans), None, self._reacted(command, draft), people)
        answered = None
        if type(command.action) is Edit and message is not None and message.reply_to:
            row = self._row(command.conversation, message.reply_to, draft)
            answered = _opened(row)[0].author if row is not None else None
        # An edit that its log has lost may have left a number that is another event's by now.
        last_edit = edit if isinstance(edit, Edited) and edit.target == number else None
        return Facts(target, message, last_edit, tuple(spans), answered, people=people)

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
    wide: Collection[ConversationId] = (),
) -> Named:
    """Read what `commands` name, as far as it is stored. `state`: before the first of them. wide: the conversations
    that are, and others."""
    # Most are sends that answer nothing: those are told apart first, without a call for each.
    naming = [one for one in commands if type(one.action) is not Send or one.action.reply_to]
    entering = [one.conversation for one in naming if type(one.action) in ENTERING] if naming else []
    naming = [one for one in naming if named(one)]
    in_wide = [one for one in commands if one.conversation in wide] if wide else []
    if not naming and not in_wide and not entering:
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
    people: dict[ConversationId, dict[AccountId, MemberRow]] = {one: {} for one in entering}
    if in_wide:
        people.update(await _people(store, in_wide, rows))
    below = {
        (command.account, command.conversation): None
        for command in naming
        if not _reads(state(command.conversation), command, people.get(command.conversation, NO_ROWS))
    }
    spans = {(account, conversation): await store.spans(account, conversation) for account, conversation in below}
    reacting = {(one.conversation, named(one), one.account) for one in naming if type(one.action) is React}
    if not reacting:
        return Named(rows, spans, keys, {}, people)
    reacted = await _reacted(store, reacting)
    # Of those that are wide, or may be with this batch.
    counts = await read_counts(store, state, {one[:2] for one in reacting if one[0] in people})
    return Named(rows, spans, keys, reacted, people, counts)


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


async def _people(
    store: MessageStore, commands: Sequence[Command], rows: Mapping[EventName, Row]
) -> dict[ConversationId, dict[AccountId, MemberRow]]:
    """The rows of all whom these commands in wide groups concern."""
    wanted = list(dict.fromkeys((one.conversation, account) for one in commands for account in _concerned(one, rows)))
    people: dict[ConversationId, dict[AccountId, MemberRow]] = {one.conversation: {} for one in commands}
    for first in range(0, len(wanted), TOGETHER):
        some = wanted[first : first + TOGETHER]
        for (conversation, account), row in zip(some, await store.people(some), strict=True):
            if row is not None:
                people[conversation][account] = row
    return people


def _concerned(command: Command, rows: Mapping[EventName, Row]) -> Iterator[AccountId]:
    """Whose membership the decision may ask for: who asks, whom it names, and whom the message that it names concerns.

    Of a message that this batch places the sender and those whom it names are among those of its own command."""
    action = command.action
    yield command.account
    if isinstance(action, Add | Remove | SetRole | Heir):
        yield action.account
    if isinstance(action, Send | Edit) and not isinstance(action.body, Sealed):
        yield from action.body.mentions
    row = rows.get((command.conversation, named(command)))
    if row is None:
        return
    target, event = _opened(row)
    yield target.author
    yield from (one for _, one in target.spoken_to(0))
    if isinstance(event, Message) and event.reply_to:
        answered = rows.get((command.conversation, event.reply_to))
        if answered is not None:
            yield _opened(answered)[0].author


def _reads(state: Conversation | None, command: Command, people: Mapping[AccountId, MemberRow]) -> bool:
    """Whether the account's present membership reaches the number, so that no other span counts."""
    member = member_of(state, command.account, people) if state is not None else None
    return member is not None and member.reads_from <= named(command)


def _opened(row: Row) -> tuple[Target, NumberedEvent]:
    if isinstance(row, Changed):
        return row.target, _decode(row.event)
    event = _decode(row)
    return target_of(event), event
