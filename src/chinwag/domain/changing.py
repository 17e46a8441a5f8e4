"""A message that is changed after it was sent: who may edit or delete it, and what becomes of the rows it stands in.

A text stands in at most two rows: in the message itself, and in the event of its last edit. The next change takes it
out of that event; after a deletion it stands in none.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from chinwag.domain.body import Gone, Media, captioned, check_body, kind_of
from chinwag.domain.command import Command, Delete, Edit
from chinwag.domain.conversation import Conversation, Position, SendKey
from chinwag.domain.decision import Numbered, Rewrite
from chinwag.domain.events import Deleted, Deletion, Edited, LastEdit, Message
from chinwag.domain.facts import TOLD, Facts, Target
from chinwag.domain.ids import AccountId, ClientId, DeviceId
from chinwag.domain.mentions import changed, mentioned
from chinwag.domain.naming import message_named
from chinwag.domain.pinning import without
from chinwag.domain.refusal import Code, Refused
from chinwag.domain.roles import outranks
from chinwag.domain.sending import check_recipient, check_turn, next_between, writer
from chinwag.domain.wide import member_of, told, told_all

EDITS: Final = 100
"""How often one message may be edited."""
HOUR_MS: Final = 3_600_000
ALWAYS: Final = -1
"""Hours: without an end."""

Told = tuple[tuple[int, AccountId], ...]
"""As in `Target`."""

_replace = msgspec.structs.replace


def edit(
    state: Conversation | None,
    command: Command,
    action: Edit,
    position: Position,
    predecessor: SendKey | None,
    facts: Facts,
) -> Numbered:
    """Give the author's own message another body. Raises `Refused`."""
    state, member = writer(state, command, facts)
    check_recipient(state, command.account)
    check_turn(action.after, predecessor)
    target, message = message_named(state, command.account, member, action.number, facts)
    if target.author != command.account:
        raise Refused(Code.NOT_ALLOWED, "only its author edits a message")
    if kind_of(action.body) != target.body:
        raise Refused(Code.UNSUPPORTED, "a message keeps the type of its body")
    check_body(action.body)
    body = captioned(message.body, action.body) if type(action.body) is Media else action.body
    _check_age(command, target, command.rules.edit_hours)
    if len(target.edits) >= EDITS:
        raise Refused(Code.TOO_MANY_EDITS, f"at most {EDITS} times")
    after = next_between(state, position)
    now = mentioned(state, command.account, body, facts.answered, facts.people)
    spoken = _spoken_to(state, action.number, target, now)
    event = Edited(
        conversation=state.id,
        number=after.head,
        ordinal=after.ordinal,
        sender=command.account,
        device=command.device,
        id=command.id,
        sent_at=command.at,
        shown=after.shown,
        target=action.number,
        body=body if _open_to_all(state, action.number) else None,
        mentioned=now,
    )
    rewrite = Rewrite(
        _replace(message, body=body, mentioned=now, edited=LastEdit(after.head, command.at), deleted=None),
        _replace(target, edits=(*target.edits, after.head), mentioned=now, told=spoken),
    )
    return Numbered(
        after,
        event,
        told(state, command.account, *_present(state, facts, spoken)),
        rewrites=(*_earlier(facts, after.head), rewrite),
        digests=_texts(message, facts),
        mentions=changed(action.number, target.mentioned, now, after.head),
        everyone=told_all(state),
    )


def delete(
    state: Conversation | None,
    command: Command,
    action: Delete,
    position: Position,
    predecessor: SendKey | None,
    facts: Facts,
) -> Numbered:
    """Delete a message: the author's own, or one of somebody of lower rank in the group, or who has gone. Raises
    `Refused`. It takes something away, so it asks for nobody's leave to write."""
    state, member = writer(state, command, facts)
    check_turn(action.after, predecessor)
    target, message = message_named(state, command.account, member, action.number, facts)
    if target.author == command.account:
        _check_age(command, target, command.rules.delete_hours)
    elif state.direct or not outranks(state, command.account, target.author):
        raise Refused(Code.NOT_ALLOWED)
    after = next_between(state, position)
    if action.number in after.pins:
        after = _replace(after, pins=without(after.pins, action.number))
    event = Deleted(
        conversation=state.id,
        number=after.head,
        ordinal=after.ordinal,
        sender=command.account,
        device=command.device,
        id=command.id,
        sent_at=command.at,
        shown=after.shown,
        target=action.number,
    )
    spoken = _spoken_to(state, action.number, target)
    rewrite = Rewrite(
        _replace(
            message, body=Gone(), mentioned=(), edited=None, deleted=Deletion(after.head, command.account, command.at)
        ),
        _replace(target, deleted=after.head),
    )
    return Numbered(
        after,
        event,
        told(state, command.account, *_present(state, facts, ((0, target.author), *spoken))),
        rewrites=(*_earlier(facts, after.head), rewrite),
        digests=_texts(message, facts),
        mentions=changed(action.number, target.mentioned, (), after.head),
        cleared=(action.number,),
        everyone=told_all(state),
    )


def _open_to_all(state: Conversation, number: int) -> bool:
    """Whether everybody who reads this change, now or later, may read message `number`, and so what it says now: who
    came after it may not, nor who joins a group whose history was opened after it."""
    if not state.direct and state.settings.history == "all" and state.history_from > number:
        return False
    if state.wide:
        return state.reads_most <= number
    return all(one.reads_from <= number for one in state.members.values())


def _spoken_to(state: Conversation, number: int, target: Target, now: tuple[AccountId, ...] = ()) -> Told:
    """Whom message `number` of a wide group ever spoke to, with those to whom its next event makes it speak."""
    if not state.wide:
        return ()
    before = target.spoken_to(number)
    known = {one for _, one in before}
    return (*before, *((state.head + 1, one) for one in now if one not in known))[:TOLD]


def _present(state: Conversation, facts: Facts, spoken: Told) -> Iterable[AccountId]:
    """Those of them who are members of a large group now. Of any other all are told in any case."""
    if not state.large:
        return ()
    return (one for _, one in spoken if member_of(state, one, facts.people) is not None)


def _check_age(command: Command, target: Target, hours: int) -> None:
    if hours != ALWAYS and (hours == 0 or command.at - target.sent_at > hours * HOUR_MS):
        raise Refused(Code.TOO_LATE, f"{hours} hours after it was sent at most" if hours else "never on this server")


def _earlier(facts: Facts, number: int) -> tuple[Rewrite, ...]:
    """The event of the last edit, without its body from now on."""
    return () if facts.edit is None else (Rewrite(_replace(facts.edit, body=None, mentioned=(), replaced=number)),)


def _texts(message: Message, facts: Facts) -> tuple[tuple[DeviceId, ClientId], ...]:
    """The commands that brought what the message has said so far."""
    found = [(message.device, message.id)]
    if facts.edit is not None:
        found.append((facts.edit.device, facts.edit.id))
    return tuple(found)
