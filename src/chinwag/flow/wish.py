"""What a device asks of a conversation, and what can be told of it by its form alone."""

from typing import Final

import msgspec

from chinwag.domain.body import Text, check_body
from chinwag.domain.command import Action, Add, Create, Delete, Edit, Pin, React, Remove, Send, SetRole
from chinwag.domain.ids import (
    AccountId,
    ClientId,
    ConversationId,
    DeviceId,
    check_account_id,
    check_client_id,
    check_conversation_id,
)
from chinwag.domain.refusal import Code, Refused

_WITH_TEXT: Final = (Send, Edit)

NUMBER_MOST: Final = 1 << 53
"""Above what any conversation reaches, and what JSON numbers hold exactly."""


class Wish(msgspec.Struct, frozen=True, gc=False):
    """What a device asks of a conversation, before it is checked."""

    account: AccountId
    device: DeviceId
    conversation: ConversationId
    id: ClientId
    action: Action


def check_shape(wish: Wish, text_characters: int) -> None:
    """Raise `Refused` for ids, texts and members that are none. text_characters: of the longest text."""
    action = wish.action
    check_client_id(wish.id)
    check_conversation_id(wish.conversation)
    if type(action) is Send:
        if action.after is not None:
            check_client_id(action.after)
        if not 0 <= action.reply_to < NUMBER_MOST:
            raise Refused(Code.BAD_REPLY)
        check_body(action.body, text_characters)
    elif isinstance(action, Edit | Delete | React):
        check_number(action.number)
        if action.after is not None:
            check_client_id(action.after)
        if type(action) is Edit:
            check_body(action.body, text_characters)
    elif type(action) is Pin:
        check_number(action.number)
    elif type(action) is Create:
        for account in action.members:
            check_account_id(account)
    elif isinstance(action, Add | Remove | SetRole):
        check_account_id(action.account)


def check_number(number: int) -> None:
    """Raise `Refused` for what no event's number can be."""
    if not 0 < number < NUMBER_MOST:
        raise Refused(Code.BAD_REQUEST, "no such number")


def characters(wish: Wish) -> int:
    """How long its text is."""
    action = wish.action
    body = action.body if isinstance(action, _WITH_TEXT) else None
    return len(body.text) if type(body) is Text else 0
