"""Who is pushed, when, and what a push says."""

import msgspec
import pytest

from chinwag.domain import push
from chinwag.domain.account import AccountSettings
from chinwag.domain.body import Body, Content, Gone, Sealed, Text, Withheld
from chinwag.domain.conversation import Conversation, Member, Role
from chinwag.domain.events import Message
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId
from chinwag.domain.preferences import Preferences
from chinwag.domain.push_notice import ApnsAddress, FcmAddress, WebAddress
from chinwag.domain.quiet_hours import QuietHours

ANN, BEN, CEM = AccountId("1"), AccountId("2"), AccountId("3")
GROUP = ConversationId("g~1")
HELLO = Text("hello")
PHONE, LAPTOP = DeviceId("p"), DeviceId("l")
WEB = WebAddress(endpoint="https://push.example/1", p256dh=b"", auth=b"", key="k")
FCM = FcmAddress(token="t")
NIGHT = QuietHours(start="22:00", end="07:00", zone="UTC", mentions=True, direct=False)
MIDNIGHT = 1_800_000_000_000 - 1_800_000_000_000 % 86_400_000
PLAIN, SPOKEN, ALONE = push.Way(False, False), push.Way(True, False), push.Way(False, True)


def state(direct: bool = False, joined: int = 1, wrote: int = 0) -> Conversation:
    members = {ANN: Member(Role.OWNER), BEN: Member(Role.MEMBER, joined=joined, wrote=wrote)}
    return Conversation(GROUP, direct, members, head=20)


def message(number: int = 9, sender: AccountId = ANN, body: Content = HELLO, **more: object) -> Message:
    return msgspec.structs.replace(
        Message(
            conversation=GROUP,
            number=number,
            ordinal=number,
            sender=sender,
            device=LAPTOP,
            id=ClientId("x"),
            sent_at=5,
            body=body,
        ),
        **more,
    )


def test_a_message_concerns_members_who_were_there_and_did_not_write_it() -> None:
    assert push.concerns(message(), BEN, state().members[BEN], 0)
    assert not push.concerns(message(), ANN, state().members[ANN], 0), "its author"
    assert not push.concerns(message(), BEN, state(joined=9).members[BEN], 0), "who came with it or later"
    assert push.concerns(message(), BEN, state(joined=8).members[BEN], 0)
    assert not push.concerns(message(), BEN, state().members[BEN], 9), "who has read it"
    assert not push.concerns(message(), BEN, state(wrote=10).members[BEN], 0), "who has answered"
    assert not push.concerns(message(body=Gone()), BEN, state().members[BEN], 0), "anybody, once it is deleted"


@pytest.mark.parametrize(
    ("preferences", "way", "wanted"),
    [
        (Preferences(), PLAIN, True),
        (Preferences(notify="mentions"), PLAIN, False),
        (Preferences(notify="mentions"), SPOKEN, True),
        (Preferences(notify="none"), SPOKEN, False),
        (Preferences(muted_until=101), SPOKEN, False),
        (Preferences(muted_until=100), PLAIN, True),
    ],
)
def test_an_account_hears_of_what_it_wants(preferences: Preferences, way: push.Way, wanted: bool) -> None:
    assert push.wanted(preferences, way, 100) is wanted


def test_one_is_spoken_to_by_name_and_with_all() -> None:
    assert push.way_of(message(mentioned=(BEN,)), BEN, state()) == SPOKEN
    assert push.way_of(message(mentioned=(AccountId("*"),)), BEN, state()) == SPOKEN
    assert push.way_of(message(mentioned=(CEM,)), BEN, state()) == PLAIN
    assert push.way_of(message(), BEN, state(direct=True)) == ALONE


@pytest.mark.parametrize(
    ("quiet", "way", "held"),
    [
        (NIGHT, PLAIN, True),
        (NIGHT, SPOKEN, False),
        (NIGHT, ALONE, True),
        (msgspec.structs.replace(NIGHT, mentions=False), SPOKEN, True),
        (msgspec.structs.replace(NIGHT, direct=True), ALONE, False),
        (None, PLAIN, False),
    ],
)
def test_quiet_hours_hold_back_what_may_not_pass(quiet: QuietHours | None, way: push.Way, held: bool) -> None:
    settings = AccountSettings(quiet_hours=quiet)
    assert push.held_until(settings, way, MIDNIGHT) == (MIDNIGHT + 7 * 3_600_000 if held else None)
    assert push.held_until(settings, way, MIDNIGHT + 8 * 3_600_000) is None


@pytest.mark.parametrize(
    ("connected", "unread_ms", "now", "when"),
    [
        ((), 30_000, 1_000, 0),
        ((), 0, 1_000, 0),
        ((LAPTOP,), 30_000, 1_000, 30_100),
        ((LAPTOP,), 30_000, 30_100, 0),
        ((LAPTOP,), 0, 1_000, 35_100),
        ((LAPTOP,), 0, 35_100, None),
        ((PHONE,), 30_000, 1_000, 35_100),
        ((PHONE,), 30_000, 30_100, 35_100),
        ((PHONE,), 30_000, 35_100, None),
        ((PHONE,), 60_000, 35_100, 60_100),
        ((PHONE, LAPTOP), 0, 1_000, 35_100),
    ],
)
def test_a_push_waits_while_another_device_may_show_it(
    connected: tuple[DeviceId, ...], unread_ms: int, now: int, when: int | None
) -> None:
    assert push.wait_until(100, PHONE, connected, unread_ms, 35_000, now) == when


def test_a_push_says_what_its_owner_wants_and_no_more_than_is_safe() -> None:
    assert push.preview_of(AccountSettings(), WEB) == "text"
    assert push.preview_of(AccountSettings(), FCM) == "none"
    assert push.preview_of(AccountSettings(), ApnsAddress(token="", topic="", sandbox=False, registered_at=0)) == "none"
    assert push.preview_of(AccountSettings(push_preview="none"), WEB) == "none"
    assert push.preview_of(AccountSettings(push_preview="text"), FCM) == "text"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (Text("two\nlines  and\tmore "), "two lines and more"),
        (Text("x" * 200), "x" * 200),
        (Text("x" * 201), "x" * 199 + "…"),
        (Sealed(b"secret"), ""),
        (Gone(), ""),
        (Withheld(), ""),
    ],
)
def test_a_push_shows_a_line_of_the_text(body: Body, text: str) -> None:
    assert push.shown_text(message(body=body)) == text


def test_a_tag_says_nothing_of_what_it_stands_for() -> None:
    tag = push.tag_of(b"s" * 32, BEN, GROUP)
    assert len(tag) == 24
    assert tag == push.tag_of(b"s" * 32, BEN, GROUP)
    others = {push.tag_of(b"s" * 32, ANN, GROUP), push.tag_of(b"s" * 32, BEN, ConversationId("g~2"))}
    assert len(others | {tag, push.tag_of(b"t" * 32, BEN, GROUP)}) == 4


def test_three_attempts_are_made_and_a_service_is_left_alone_as_long_as_it_asks() -> None:
    assert push.again_at(1, None, 1_000) == 11_000
    assert push.again_at(2, None, 1_000) == 91_000
    assert push.again_at(1, 3_600.0, 1_000) == 3_601_000
    assert push.again_at(2, 1.0, 1_000) == 91_000
    assert push.again_at(3, 1.0, 1_000) is None
