"""Pushes: who gets one, when, and what it says, as pure functions. Times are milliseconds since 1970.

A push waits as one job for a device and a conversation: the newest message counts. Whether it is sent is decided when
it is due, by what is so then.
"""

import base64
import hashlib
import hmac
from collections.abc import Collection, Sequence
from typing import Final, Literal

import msgspec

from chinwag.domain.account import AccountSettings
from chinwag.domain.body import Gone, Media, Text
from chinwag.domain.conversation import Conversation, Member
from chinwag.domain.events import Message
from chinwag.domain.ids import AccountId, ConversationId, DeviceId
from chinwag.domain.mentions import ALL
from chinwag.domain.preferences import Preferences
from chinwag.domain.push_notice import (
    TAG_CHARACTERS,
    TTL_SECONDS,
    Also,
    ApnsAddress,
    FcmAddress,
    PushAddress,
    PushNotice,
    WebAddress,
)
from chinwag.domain.quiet_hours import quiet_until

BURST_MS: Final = 1_000
"""How long a push waits: what is written meanwhile needs no other."""
DELAYS_MS: Final = (0, 10_000, 90_000)
"""How long each attempt waits after the one before."""
ATTEMPTS: Final = len(DELAYS_MS)
OLD_MS: Final = TTL_SECONDS * 1000
"""Nobody is pushed what was written longer ago."""
LOOK_MS: Final = 60_000
"""From one look at whether what a device shows was read or deleted to the next."""
SHOWN_MS: Final = 7 * 86_400_000
"""What was shown longer ago is not taken back any more."""
CLEAR_EVERY_MS: Final = 60_000
"""From one push that only takes back to the next to the same device, at least."""
PREVIEW_CHARACTERS: Final = 200
"""Of a text, in a push."""
SUMMARY: Final = ConversationId("~summary")
"""Stands for all conversations that quiet hours held back."""
TEST: Final = ConversationId("~test")
"""Stands for the push that somebody asked for to see that it arrives."""

Preview = Literal["none", "sender", "text"]
Kind = Literal["web", "fcm", "apns"]
KINDS: Final[tuple[Kind, ...]] = ("web", "fcm", "apns")


class Way(msgspec.Struct, frozen=True, gc=False):
    """How a message is meant for somebody: whether it speaks to them, and whether it is written to them alone."""

    mention: bool
    direct: bool

    @property
    def urgent(self) -> bool:
        """Whether a sleeping device may be woken for it."""
        return self.mention or self.direct


def kind_of(address: PushAddress) -> Kind:
    """The kind of service that an address is one of."""
    match address:
        case WebAddress():
            return "web"
        case FcmAddress():
            return "fcm"
        case ApnsAddress():
            return "apns"


def concerns(message: Message, account: AccountId, member: Member, read: int) -> bool:
    """Whether a message may be pushed to `account` at all, whose present membership is `member`: it was one then, did
    not write it, and has not read up to it; and something is left of it."""
    return (
        message.sender != account
        and message.number > max(read, member.joined, member.wrote)
        and not isinstance(message.body, Gone)
    )


def way_of(message: Message, account: AccountId, state: Conversation) -> Way:
    """How a message is meant for `account`."""
    return Way(account in message.mentioned or ALL in message.mentioned, state.direct)


def wanted(preferences: Preferences, way: Way, now: int, *, large: bool = False) -> bool:
    """Whether an account wants to hear of such a message in a conversation. large: in a large group, where nobody is
    told of all that is said who has not chosen that."""
    if preferences.muted_until > now or preferences.notify == "none":
        return False
    return way.mention or (preferences.wants_every if large else preferences.notify == "all")


def held_until(settings: AccountSettings, way: Way, now: int) -> int | None:
    """Until when quiet hours hold such a push back; None: they do not."""
    quiet = settings.quiet_hours
    if quiet is None or (quiet.mentions and way.mention) or (quiet.direct and way.direct):
        return None
    return quiet_until(quiet, now)


def wait_until(
    since: int, device: DeviceId, connected: Collection[DeviceId], unread_ms: int, gone_ms: int, now: int
) -> int | None:
    """When a push of what is unread since `since` goes, by which devices of its account are connected: 0 at once, later
    if one of them may show the message first, None never. gone_ms: after so long a device that is away without having
    said so does not count as connected any more: until then it may have missed the message."""
    if not connected:
        return 0
    if unread_ms and device not in connected:
        return 0 if now >= since + unread_ms else since + unread_ms
    sure = since + max(unread_ms, gone_ms)
    return sure if now < sure else None


def preview_of(settings: AccountSettings, address: PushAddress) -> Preview:
    """How much a push may say: by what its account chose, else all where nobody between can read it, else nothing."""
    if settings.push_preview:
        return settings.push_preview
    return "text" if isinstance(address, WebAddress) else "none"


def shown_text(message: Message) -> str:
    """What a push says of a message, as it is now: nothing of what is sealed or gone."""
    match message.body:
        case Text(text=text) | Media(caption=text):
            line = " ".join(text.split())
            return line if len(line) <= PREVIEW_CHARACTERS else line[: PREVIEW_CHARACTERS - 1] + "…"
        case _:
            return ""


def tag_of(secret: bytes, account: AccountId, conversation: ConversationId) -> str:
    """What stands for a conversation where strangers see it: they do not learn which one it is."""
    digest = hmac.digest(secret, f"{account}\n{conversation}".encode("utf-8", "surrogatepass"), hashlib.sha256)
    return base64.urlsafe_b64encode(digest)[:TAG_CHARACTERS].decode()


def clear_of(notices: Sequence[PushNotice], now: int) -> PushNotice:
    """The push that takes back what each of these does, which are to one device. One of a single conversation has its
    tag, so that what was not handed over yet is never seen. One of several has a tag of its own: with that of any of
    them, the next push there would take the place of all that this one takes back, if it waits that long."""
    first, *others = sorted(notices, key=lambda one: one.conversation is None)
    if not others:
        return first
    also = tuple(Also(one.conversation or "", one.tag) for one in (first, *others))
    digest = hashlib.sha256("\n".join([str(now), *(one.tag for one in also)]).encode()).digest()
    tag = base64.urlsafe_b64encode(digest)[:TAG_CHARACTERS].decode()
    return msgspec.structs.replace(first, tag=tag, also=also)


def again_at(attempt: int, after: float | None, now: int) -> int | None:
    """When to try again after `attempt` attempts failed, the last one at `now`; None: no more. after: the seconds that
    the service asked to be left alone."""
    if attempt >= ATTEMPTS:
        return None
    return now + max(DELAYS_MS[attempt], round((after or 0.0) * 1000))
