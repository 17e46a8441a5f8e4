"""What a device makes of the reactions that a page has, and of those in a large group, of which no event tells."""

from typing import Final

from chinwag.client.membership import Mirrored
from chinwag.client.reactions import OnMessage
from chinwag.wire.conversations import ReactionCountPage
from chinwag.wire.frames import Counts
from chinwag.wire.values import AccountId, Message

AHEAD: Final = 500
"""Messages of which reactions are kept, where those come before the messages do."""


def of_page(held: Mirrored, message: Message, head: int, turn: int, account: AccountId) -> None:
    """Take what is on a message of a page of history, as of event `head`; of a large group's, as of `turn`."""
    if turn:
        if held.large:  # else it has become small since, and another page is to come
            held.reactions.setdefault(message.number, OnMessage(head)).load(message.reactions, turn)
        return
    known = held.reactions.get(message.number)
    if known is not None and (known.turn or known.number >= head):
        return
    loaded = OnMessage(head, {one.reaction: one for one in message.reactions})
    for event in held.late:
        if event.target == message.number:
            loaded.take(event, account)
    held.reactions[message.number] = loaded


def tell(held: Mirrored, told: Counts) -> bool:
    """Take what followers are told. Whether some was not told before it."""
    if not held.large:
        return False
    for one in told.messages:
        if one.number > held.head and len(held.reactions) < AHEAD:
            held.reactions.setdefault(one.number, OnMessage(0))  # the message is on its way
        known = held.reactions.get(one.number)
        if known is not None and not _is_deleted(held, one.number):
            known.tell(one.reactions, told.turn)
    if told.before > held.turn:
        return True
    held.turn = max(held.turn, told.turn)
    return False


def load(held: Mirrored, page: ReactionCountPage, all_shown: bool) -> None:
    """Take the answer to what was asked. all_shown: of all that is on the screen."""
    if not held.large or not page.turn:
        return  # of what events tell
    for one in page.messages:
        if one.number in held.messages and not _is_deleted(held, one.number):
            held.reactions.setdefault(one.number, OnMessage(0)).load(one.reactions, page.turn)
    if all_shown:
        held.turn = max(held.turn, page.turn)


def _is_deleted(held: Mirrored, number: int) -> bool:
    message = held.messages.get(number)
    return isinstance(message, Message) and message.deleted is not None
