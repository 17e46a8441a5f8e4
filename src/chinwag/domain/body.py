"""What a message carries: a tagged union on `type`, and the rules for texts."""

from typing import Final

import msgspec

from chinwag.domain.ids import AccountId, ConversationId, UploadId
from chinwag.domain.look_alike import shows_something, without_hidden
from chinwag.domain.normal_form import LONGEST, normal_form
from chinwag.domain.refusal import Code, Refused

TEXT_CHARACTERS: Final = 99_999
"""A text has fewer than 100,000 characters, counted as Unicode code points."""
TITLE_CHARACTERS: Final = 200
SPACES: Final = 2
"""Spaces that may follow one another in a title."""
DESCRIPTION_CHARACTERS: Final = 1_000
MENTIONS: Final = 100


class Text(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag="text"):
    """A text in any script, kept exactly as written; `mentions` names accounts that it speaks to."""

    text: str
    mentions: tuple[AccountId, ...] = ()


class Sealed(msgspec.Struct, frozen=True, gc=False, tag="sealed"):
    """Reserved: an end-to-end encrypted body, opaque to the server (base64 in JSON)."""

    payload: bytes


class Media(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag="media"):
    """A picture, a video or a file, as the server found it. Whoever may read the message may read it, by the message's
    conversation and number: `id` names its upload, and opens nothing.

    media_type, size (bytes), width and height (pixels), duration (seconds): of the original as it is kept. blur: a
    thumbhash, base64. In a command that nobody has looked at yet, or that changes a caption, media_type is empty.
    """

    id: UploadId
    name: str
    media_type: str
    size: int
    width: int = 0
    height: int = 0
    duration: float = 0.0
    blur: str = ""
    caption: str = ""
    mentions: tuple[AccountId, ...] = ()


class MessageName(msgspec.Struct, frozen=True, gc=False):
    """A message, by its conversation and its number there."""

    conversation: ConversationId
    number: int


class Attach(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag="media"):
    """What is asked for to send media: an upload of one's own that is whole, or the media of a message that one may
    read now (`from`). An edit names neither, and keeps the media. What media it is the server finds."""

    upload: UploadId = UploadId("")
    source: MessageName | None = msgspec.field(name="from", default=None)
    caption: str = ""
    mentions: tuple[AccountId, ...] = ()


Body = Text | Sealed | Media
"""What a message is placed with."""
SentBody = Text | Sealed | Attach
"""What people may send."""


class Gone(msgspec.Struct, frozen=True, gc=False, tag="deleted"):
    """The message was deleted: nothing of what it said is left."""


class Withheld(msgspec.Struct, frozen=True, gc=False, tag="changed"):
    """The message was changed at a time in which whoever reads it was no member: what it says now is not theirs."""


Content = Text | Sealed | Media | Gone | Withheld
"""What a message may be shown with."""


def kind_of(body: Content) -> str:
    """What a body is called on the wire."""
    return _KINDS[type(body)]


_KINDS: Final[dict[type, str]] = {Text: "text", Sealed: "sealed", Media: "media", Gone: "deleted", Withheld: "changed"}


def check_body(body: Body, characters: int = TEXT_CHARACTERS) -> None:
    """Raise `Refused` unless a message may carry `body`."""
    if type(body) is not Text:
        _check_media(body, characters)
        return
    text = body.text
    if not (0 < len(text) <= characters and text.isascii() and "\0" not in text):
        check_text(text, characters)  # most need no second look
    if body.mentions:
        _check_mentions(body.mentions)


def characters_of(body: Content) -> int:
    """How long what it says is."""
    return len(body.text) if type(body) is Text else len(body.caption) if type(body) is Media else 0


def captioned(media: Content, change: Media) -> Media:
    """`media` with what `change` says of it. Raises `Refused` for what is none."""
    if type(media) is not Media:
        raise Refused(Code.UNSUPPORTED, "a message keeps the type of its body")
    return msgspec.structs.replace(media, caption=change.caption, mentions=change.mentions)


def _check_media(body: Body, characters: int) -> None:
    if type(body) is not Media:
        raise Refused(Code.UNSUPPORTED, "only texts and media are taken yet")
    if body.caption:
        check_text(body.caption, characters)
    if body.mentions:
        _check_mentions(body.mentions)


def _check_mentions(mentions: tuple[AccountId, ...]) -> None:
    if len(mentions) > MENTIONS:
        raise Refused(Code.BAD_MENTION, f"at most {MENTIONS} mentions")
    if any(not 0 < len(account) <= 64 or not _is_unicode(account) for account in mentions):
        raise Refused(Code.BAD_MENTION)


def check_text(text: str, characters: int = TEXT_CHARACTERS) -> None:
    """Raise `Refused` unless `text` has 1 to `characters` code points, without NUL or lone surrogates."""
    if 0 < len(text) <= characters and text.isascii() and "\0" not in text:
        return
    if not text:
        raise Refused(Code.TEXT_EMPTY)
    if len(text) > characters:
        raise Refused(Code.TEXT_TOO_LONG, f"{len(text)} characters; at most {characters}")
    if "\0" in text:
        raise Refused(Code.TEXT_NUL)
    if not _is_unicode(text):
        raise Refused(Code.TEXT_SURROGATE)


def check_title(title: str) -> None:
    """Raise `Refused` unless `title` has 1 to 200 characters that show something and hide nothing: no controls, nothing
    that turns the direction, no run of spaces that could push words to another line's beginning."""
    if not 0 < len(title) <= TITLE_CHARACTERS or any(map(_is_control, title)):
        raise Refused(Code.BAD_TITLE)
    if not title.isascii() and (without_hidden(title) != title or not shows_something(title)):
        raise Refused(Code.BAD_TITLE, "it has characters that cannot be seen")
    if not title.strip() or any(len(run) > SPACES for run in _spaces(title)):
        raise Refused(Code.BAD_TITLE, f"it shows nothing, or has more than {SPACES} spaces in a row")
    check_text(title, TITLE_CHARACTERS)


def title_key(title: str) -> str:
    """A title folded for search and order, as names are (Unicode 3.13, D146); bounded, as folding can lengthen it."""
    folded = normal_form("NFKC", title[: TITLE_CHARACTERS * 2], LONGEST).casefold()
    return normal_form("NFKC", folded[:LONGEST], LONGEST)[: TITLE_CHARACTERS * 2]


def check_description(description: str) -> None:
    """Raise `Refused` unless `description` has at most 1,000 characters, of control characters only line breaks."""
    if len(description) > DESCRIPTION_CHARACTERS or not _is_unicode(description):
        raise Refused(Code.BAD_DESCRIPTION)
    if any(_is_control(character) and character != "\n" for character in description):
        raise Refused(Code.BAD_DESCRIPTION)


def _spaces(title: str) -> list[str]:
    """The runs of white space in `title`."""
    return "".join(" " if character.isspace() else "x" for character in title).split("x")


def _is_unicode(text: str) -> bool:
    """Whether `text` can be encoded at all: a lone surrogate cannot."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_control(character: str) -> bool:
    """Whether this is a C0 or C1 control character (Unicode category Cc)."""
    return character < " " or "\x7f" <= character <= "\x9f"
