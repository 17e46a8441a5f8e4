"""Friendship: every walk of two accounts keeps its laws."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chinwag.domain.account_change import (
    AccountChange,
    DeviceRevoked,
    FriendAccepted,
    FriendDeclined,
    FriendRemoved,
    FriendRequested,
    FriendWithdrawn,
    counts,
    subject,
)
from chinwag.domain.account_friendship import Bond, befriend, strangers, told, unfriend
from chinwag.domain.ids import AccountId, DeviceId
from chinwag.domain.refusal import Code, Refused

ANN, BOB = AccountId("1"), AccountId("2")


def test_nobody_befriends_oneself() -> None:
    with pytest.raises(Refused) as refusal:
        strangers(ANN, ANN)
    assert refusal.value.code is Code.BAD_REQUEST


def test_each_step_has_its_name_seen_from_both_sides() -> None:
    none = strangers(BOB, ANN)
    asked = befriend(none, ANN, 1)
    friends = befriend(asked, BOB, 2)
    for before, after, kind in (
        (none, asked, FriendRequested),
        (asked, friends, FriendAccepted),
        (asked, unfriend(asked, BOB, 3), FriendDeclined),
        (asked, unfriend(asked, ANN, 3), FriendWithdrawn),
        (friends, unfriend(friends, ANN, 3), FriendRemoved),
    ):
        for reader, other in ((ANN, BOB), (BOB, ANN)):
            assert told(before, after, reader) == kind(other, after.by, after.at, after.version)


@given(st.lists(st.tuples(st.sampled_from([befriend, unfriend]), st.sampled_from([ANN, BOB]))))
def test_versions_rise_with_each_change_and_only_the_other_accepts(steps: list[tuple[object, AccountId]]) -> None:
    pair = strangers(ANN, BOB)
    for at, (step, by) in enumerate(steps):
        after = step(pair, by, at)  # type: ignore[operator]
        assert after is pair or after.version == pair.version + 1
        assert step(after, by, at + 1) is after, "doing it twice changes nothing"  # type: ignore[operator]
        if after.bond is Bond.FRIENDS and pair.bond is not Bond.FRIENDS:
            assert pair.bond is Bond.REQUESTED
            assert pair.by != by
        pair = after


@given(st.permutations(range(6)), st.lists(st.integers(0, 5)))
def test_in_any_order_and_with_copies_the_newest_counts(order: list[int], copies: list[int]) -> None:
    pair = strangers(ANN, BOB)
    changes: list[AccountChange] = []
    for at, by in enumerate((ANN, BOB, ANN)):
        asked = befriend(pair, by, at)
        changes.append(told(pair, asked, BOB))
        pair = unfriend(asked, by, at)
        changes.append(told(asked, pair, BOB))
    seen: dict[str, int] = {}
    applied = None
    for index in [*order, *copies]:
        change = changes[index]
        if counts(change, seen):
            seen[subject(change)] = change.version
            applied = change
    assert applied == changes[-1]


def test_a_change_survives_its_way_as_json() -> None:
    change = DeviceRevoked(ANN, DeviceId("7"), 5, 3)
    encoded = msgspec.json.encode(change)
    assert encoded == b'{"type":"device_revoked","account":"1","device":"7","at":5,"version":3}'
    assert msgspec.json.decode(encoded, type=AccountChange) == change
