"""What a device asks of a conversation, and what can be told of it by its form alone."""

from typing import Final

import msgspec

from chinwag.domain.body import Attach, Body, Media, SentBody, characters_of, check_body
from chinwag.domain.command import Action, Add, Create, Delete, Edit, Pin, React, Remove, Send, SetRole
from chinwag.domain.ids import (
    AccountId,
    ClientId,
    ConversationId,
    DeviceId,
    UploadId,
    check_account_id,
    check_client_id,
    check_conversation_id,
)
from chinwag.domain.refusal import Code, Refused

_WITH_TEXT: Final = (Send, Edit)

NUMBER_MOST: Final = 1 << 53
"""Above what any conversation reaches, and what JSON numbers hold exactly."""


UPLOAD_CHARACTERS: Final = 64
"""The longest id of an upload."""


class Wish(msgspec.Struct, frozen=True, gc=False):
    """What a device asks of a conversation, before it is checked. attach: which media a send is to have, as long as
    nobody has looked at it; then its body is `unseen`. digest: of what was asked, where the action no longer tells."""

    account: AccountId
    device: DeviceId
    conversation: ConversationId
    id: ClientId
    action: Action
    attach: Attach | None = None
    digest: bytes = b""


def unseen(attach: Attach) -> Media:
    """The body of a send of media that nobody has looked at yet, and of an edit, which only changes the caption."""
    source = attach.source
    name = attach.upload if source is None else UploadId(f"{source.conversation}/{source.number}")
    return Media(name, "", "", 0, caption=attach.caption, mentions=attach.mentions)


def in_command(body: SentBody) -> Body:
    """A body as a command has it."""
    return unseen(body) if isinstance(body, Attach) else body


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
        if wish.attach is not None:
            _check_attach(wish.attach)
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


def _check_attach(attach: Attach) -> None:
    source = attach.source
    if source is None:
        if not 0 < len(attach.upload) <= UPLOAD_CHARACTERS:
            raise Refused(Code.NO_UPLOAD)
    elif attach.upload:
        raise Refused(Code.BAD_REQUEST, "give one of upload and from")
    else:
        check_conversation_id(source.conversation)
        check_number(source.number)


def check_number(number: int) -> None:
    """Raise `Refused` for what no event's number can be."""
    if not 0 < number < NUMBER_MOST:
        raise Refused(Code.BAD_REQUEST, "no such number")


def characters(wish: Wish) -> int:
    """How long its text is."""
    action = wish.action
    return characters_of(action.body) if isinstance(action, _WITH_TEXT) else 0
