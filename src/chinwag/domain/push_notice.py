"""What is pushed to a device, where it goes, and what became of it: values that every push service shares."""

from enum import StrEnum
from typing import Final

import msgspec

from chinwag.domain.ids import AccountId, ConversationId

TTL_SECONDS: Final = 86_400
"""How long a push service keeps what it cannot hand over: a day."""
TAG_CHARACTERS: Final = 24
ALSO_MOST: Final = 20
"""Conversations of which one push takes back what is shown."""
AFTER_MOST: Final = 3_600.0
"""The longest that a service may ask to be left alone, in seconds."""


class NoticeKind(StrEnum):
    """What a push asks the device to do. message: show it; clear: take what is shown of the conversation back and set
    the badge; summary: say that several came meanwhile; test: show that pushes arrive."""

    MESSAGE = "message"
    CLEAR = "clear"
    SUMMARY = "summary"
    TEST = "test"


class Also(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A conversation of which a push takes back what is shown (empty: it stands for none), and its tag."""

    conversation: str
    tag: str


class PushNotice(msgspec.Struct, frozen=True, kw_only=True):
    """One push, as whoever decides about pushes wants it; each service says it in its own form.

    tag: `TAG_CHARACTERS` of base64url which stand for the conversation on this device and tell no stranger which one it
    is; a newer push of the same tag replaces an older one that was not handed over. unread and mentions: of the whole
    account, for the badge. title, sender and text: what the account wants shown, or empty. urgent: a direct message or
    a mention, for which a sleeping device may be woken. ttl_seconds: how long the service keeps it. also: all
    conversations of which what is shown is taken back, where there are several: at most `ALSO_MOST`.
    """

    kind: NoticeKind
    account: AccountId
    tag: str
    conversation: ConversationId | None = None
    number: int | None = None
    unread: int = 0
    mentions: int = 0
    title: str = ""
    sender: str = ""
    text: str = ""
    urgent: bool = False
    ttl_seconds: int = TTL_SECONDS
    also: tuple[Also, ...] = ()

    @property
    def says(self) -> tuple[object, ...]:
        """All but how much is unread."""
        return self.kind, self.account, self.conversation, self.number, self.title, self.sender, self.text

    def ids_only(self) -> "PushNotice":
        """The same without words: what is sent after `TooLarge`."""
        return msgspec.structs.replace(self, title="", sender="", text="")

    def __repr__(self) -> str:
        return f"PushNotice({self.kind}, {self.conversation}, {self.number})"


class WebAddress(msgspec.Struct, frozen=True, kw_only=True, tag="web"):
    """A browser's subscription (W3C Push API). endpoint: https, at most 2,048 characters. p256dh: the point on P-256 of
    the browser, 65 bytes uncompressed; auth: 16 bytes. key: the id of the VAPID key that it subscribed with."""

    endpoint: str
    p256dh: bytes
    auth: bytes
    key: str

    def __repr__(self) -> str:
        return "WebAddress()"


class FcmAddress(msgspec.Struct, frozen=True, kw_only=True, tag="fcm"):
    """An app's registration at Firebase Cloud Messaging."""

    token: str

    def __repr__(self) -> str:
        return "FcmAddress()"


class ApnsAddress(msgspec.Struct, frozen=True, kw_only=True, tag="apns"):
    """An app's registration at the Apple Push Notification service. token: in hexadecimal; topic: the app's bundle id;
    sandbox: a build for development. registered_at: when the device named it, milliseconds since 1970."""

    token: str
    topic: str
    sandbox: bool
    registered_at: int

    def __repr__(self) -> str:
        return "ApnsAddress()"


PushAddress = WebAddress | FcmAddress | ApnsAddress


class Delivered(msgspec.Struct, frozen=True):
    """The service has it, and tells the device."""


class Ended(msgspec.Struct, frozen=True):
    """The subscription is over: nothing will ever reach the device by it. It goes, and the device is told."""

    why: str = ""


class TooLarge(msgspec.Struct, frozen=True):
    """The service takes no push of this size: send `ids_only`."""


class Unwanted(msgspec.Struct, frozen=True):
    """The service will never take this push: it is dropped, and the subscription stays."""

    why: str


class Failed(msgspec.Struct, frozen=True):
    """An attempt that came to nothing; another one may. after: the seconds that the service asked to be left alone, at
    most `AFTER_MOST`, or None if it did not say."""

    why: str
    after: float | None = None


class Resting(msgspec.Struct, frozen=True):
    """Nobody is sent anything there for so many seconds: it would do no good. No attempt of this push is used up."""

    why: str
    seconds: float


PushOutcome = Delivered | Ended | TooLarge | Unwanted | Failed | Resting
