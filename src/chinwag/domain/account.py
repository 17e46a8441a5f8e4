"""Rules for accounts: names, passwords, profiles, settings, and how many of each thing one account may have."""

import hashlib
import unicodedata
from functools import cache
from typing import Final, Literal, NewType

import msgspec

from chinwag.domain.look_alike import is_ignorable, is_overloaded, look_alike_key, shows_something, without_hidden
from chinwag.domain.normal_form import LONGEST, TooLongError, normal_form
from chinwag.domain.quiet_hours import QuietHours
from chinwag.domain.refusal import Code, Refused

NameKey = NewType("NameKey", str)
"""A name folded for comparison: one name in another case or composition has the same key. Two names that only look
alike have not: `look_alike.py`."""

NAME_MIN: Final = 2
NAME_MAX: Final = 32
PASSWORD_MIN: Final = 8
PASSWORD_MAX: Final = 256
PASSWORD_EVER: Final = 1024
"""The longest password that any server may take."""
DISPLAY_NAME_MAX: Final = 64
ABOUT_MAX: Final = 500
DEVICE_NAME_MAX: Final = 64
FRIENDS_MAX: Final = 1000
"""Friends and waiting requests together; it bounds what one change of a profile posts."""
BLOCKS_MAX: Final = 1000
UNCOMPOSED: Final = 4
"""A text may come with so many times its rule's characters, as letters may be typed in parts; one that is longer is
refused unseen."""
RESERVED: Final = frozenset(
    {
        *("you", "me", "myself", "everyone", "everybody", "nobody", "somebody", "anonymous", "unknown"),
        *("operator", "server", "chinwag", "system", "deleted", "closed", "none", "null"),
    }
)
"""Words that programs print for themselves where a name could stand; nothing that looks like one is a name either."""
NO_NAMES_KEY: Final = NameKey("~")
"""The key of all texts that are too long for a name: no name has it."""
ANNOUNCEMENT_MAX: Final = 4_000
DEVICES_MAX: Final = 50
"""Devices logged in at once."""


class AccountSettings(msgspec.Struct, frozen=True):
    """What an account has chosen. A stored value without a field has that field's default."""

    direct_from: Literal["everyone", "friends"] = "everyone"
    """Who may turn to this account unasked: begin a direct conversation with it, or add it to a group."""
    findable: bool = True
    """Whether a search shows it to people who neither are its friends nor share a conversation with it."""
    share_read: bool = True
    """Whether others see how far it has read, and it how far they have."""
    share_last_seen: bool = True
    """Whether others see that it is online and when it last was, and it the same of them."""
    share_typing: bool = True
    """Whether others see that it is writing, and it that they are."""
    push_preview: Literal["", "none", "sender", "text"] = ""
    """How much of a message a push says; empty: all where nobody between can read it, else nothing."""
    quiet_hours: QuietHours | None = None
    """From when to when it wants no pushes."""


def name_of(text: str) -> str:
    """The name that `text` stands for, in Unicode form NFKC: letters, digits, marks that belong to them, `.`, `_`, `-`;
    nothing that cannot be seen, no pile of marks, no word of `RESERVED`. Raises `bad_name`."""
    try:
        name = normal_form("NFKC", text, NAME_MAX * UNCOMPOSED)
    except TooLongError:
        raise Refused(Code.BAD_NAME) from None
    if not NAME_MIN <= len(name) <= NAME_MAX or not name[0].isalnum() or not all(map(_in_name, name)):
        raise Refused(Code.BAD_NAME)
    if is_overloaded(name):
        raise Refused(Code.BAD_NAME, "too many marks stand on one letter")
    if look_alike_key(name) in _reserved():
        raise Refused(Code.BAD_NAME, "programs print that word for themselves")
    return name


def name_key(text: str) -> NameKey:
    """The key by which a name is found: NFKC, case folded, and NFKC again (Unicode 3.13, D146 and UAX 15).

    Takes any text, so that a look-up for an impossible name costs the same as for one that is free.
    """
    try:
        folded = normal_form("NFKC", text, NAME_MAX * UNCOMPOSED).casefold()
    except TooLongError:
        return NO_NAMES_KEY
    return NameKey(normal_form("NFKC", folded[:LONGEST], LONGEST))


def closed_key(key: NameKey) -> NameKey:
    """What keeps the name of a closed account taken without saying it: a digest, which no name can be."""
    return NameKey(f"closed:{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()}")


def password_of(text: str, least: int = PASSWORD_MIN, most: int = PASSWORD_MAX) -> str:
    """The password that `text` stands for, in form NFC, as keyboards differ (RFC 8265, 4.2). `least` and `most`
    are in characters. Raises `bad_password`."""
    try:
        password = normal_form("NFC", text, most * UNCOMPOSED)
    except TooLongError:
        password = ""
    if not least <= len(password) <= most or _has_surrogate(password):
        raise Refused(Code.BAD_PASSWORD, f"a password has {least} to {most} characters")
    return password


def guessed_password(text: str) -> str | None:
    """`text` in the form in which passwords are stored, whatever the rules say today; None for what never was one."""
    try:
        return normal_form("NFC", text, PASSWORD_EVER * UNCOMPOSED)
    except TooLongError:
        return None


def display_name_of(text: str) -> str:
    """A display name: one line that hides nothing, one space between its words; may be empty. Raises `bad_profile`."""
    name = _stripped(text, DISPLAY_NAME_MAX, Code.BAD_PROFILE)
    if any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in name):
        raise Refused(Code.BAD_PROFILE)
    name = " ".join(without_hidden(name).split())
    if len(name) > DISPLAY_NAME_MAX:
        raise Refused(Code.BAD_PROFILE)
    return name if shows_something(name) else ""


def about_of(text: str) -> str:
    """A few words that an account says about itself; lines may break. Raises `bad_profile`."""
    about = _stripped(text, ABOUT_MAX, Code.BAD_PROFILE)
    if len(about) > ABOUT_MAX or any(unicodedata.category(c) in ("Cc", "Cs") and c != "\n" for c in about):
        raise Refused(Code.BAD_PROFILE)
    return about


def announcement_of(text: str) -> str:
    """What the server says to everybody: 1 to 4,000 characters; lines may break. Raises `bad_request`."""
    said = _stripped(text, ANNOUNCEMENT_MAX, Code.BAD_REQUEST)
    if not 0 < len(said) <= ANNOUNCEMENT_MAX or any(
        unicodedata.category(c) in ("Cc", "Cs") and c != "\n" for c in said
    ):
        raise Refused(Code.BAD_REQUEST, f"an announcement has 1 to {ANNOUNCEMENT_MAX} characters, and no controls")
    return said


def device_name_of(text: str) -> str:
    """A device's name for its owner's list: cut and cleaned rather than refused, as programs choose it."""
    printable = "".join(
        c for c in text[: DEVICE_NAME_MAX * UNCOMPOSED] if unicodedata.category(c) not in ("Cc", "Cs", "Zl", "Zp")
    )
    return printable.strip()[:DEVICE_NAME_MAX] or "device"


def _stripped(text: str, most: int, otherwise: Code) -> str:
    if len(text) > most * UNCOMPOSED:
        raise Refused(otherwise)
    return text.strip()


def _in_name(character: str) -> bool:
    # Marks belong to letters in many scripts: without them much of India could not write its names.
    if is_ignorable(character):
        return False
    return character in "._-" or unicodedata.category(character)[0] in "LM" or character.isdecimal()


@cache
def _reserved() -> frozenset[str]:
    return frozenset(look_alike_key(form) for word in RESERVED for form in (word, word.upper(), word.capitalize()))


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= c <= "\udfff" for c in text)
