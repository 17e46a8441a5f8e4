"""Friendship of two accounts: one state for the pair, moved by pure functions.

A pair that was ever anything keeps its version when it ends, so that a late event of an earlier time
cannot pass for a newer one.
"""

from enum import StrEnum

import msgspec

from chinwag.domain.account_change import (
    FriendAccepted,
    FriendChange,
    FriendDeclined,
    FriendRemoved,
    FriendRequested,
    FriendWithdrawn,
)
from chinwag.domain.ids import AccountId
from chinwag.domain.refusal import Code, Refused


class Bond(StrEnum):
    """What two accounts are to each other."""

    NONE = "none"
    REQUESTED = "requested"
    FRIENDS = "friends"


class Friendship(msgspec.Struct, frozen=True):
    """A pair, `low` < `high`. `by` is whoever moved it last; `at` when, in milliseconds since 1970."""

    low: AccountId
    high: AccountId
    bond: Bond
    by: AccountId
    at: int
    version: int

    def other(self, one: AccountId) -> AccountId:
        """The one of the pair who is not `one`."""
        return self.high if one == self.low else self.low


def strangers(one: AccountId, other: AccountId) -> Friendship:
    """The state of a pair of which nothing is stored. Raises `bad_request` for an account with itself."""
    if one == other:
        raise Refused(Code.BAD_REQUEST, "nobody is a friend of oneself")
    low, high = sorted((one, other))
    return Friendship(low=low, high=high, bond=Bond.NONE, by=one, at=0, version=0)


def befriend(pair: Friendship, by: AccountId, at: int) -> Friendship:
    """Ask, or accept what the other asked. Doing it twice changes nothing: the same pair comes back."""
    if pair.bond is Bond.NONE:
        return _moved(pair, Bond.REQUESTED, by, at)
    if pair.bond is Bond.REQUESTED and pair.by != by:
        return _moved(pair, Bond.FRIENDS, by, at)
    return pair


def unfriend(pair: Friendship, by: AccountId, at: int) -> Friendship:
    """Decline, take back or end. With nothing to end the same pair comes back."""
    return pair if pair.bond is Bond.NONE else _moved(pair, Bond.NONE, by, at)


def told(before: Friendship, after: Friendship, reader: AccountId) -> FriendChange:
    """The change from `before` to `after` as `reader`, one of the two, is told of it."""
    friend, by, at, version = after.other(reader), after.by, after.at, after.version
    if after.bond is Bond.REQUESTED:
        return FriendRequested(friend, by, at, version)
    if after.bond is Bond.FRIENDS:
        return FriendAccepted(friend, by, at, version)
    if before.bond is Bond.FRIENDS:
        return FriendRemoved(friend, by, at, version)
    return FriendWithdrawn(friend, by, at, version) if before.by == by else FriendDeclined(friend, by, at, version)


def _moved(pair: Friendship, bond: Bond, by: AccountId, at: int) -> Friendship:
    return Friendship(low=pair.low, high=pair.high, bond=bond, by=by, at=at, version=pair.version + 1)
