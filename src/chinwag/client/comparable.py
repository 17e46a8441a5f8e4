"""A conversation in a form in which what events have made equals what is loaded afresh (docs/guarantees.md, P11)."""

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from chinwag.client.membership import Mirrored
from chinwag.wire.values import AccountId, GroupSettings, Role

MENTIONS: Final = 100
"""Unread messages that speak to one, of which a view tells: the newest."""


class Comparable(msgspec.Struct, frozen=True):
    """What two mirrors of one account must agree on about a conversation. covered: of each other member, the last of
    one's own messages that it has (read, received), 0 for none; of a wide group nothing, as nobody is told. mentions:
    the newest unread messages that speak to one, of a member alone, as whoever has left is told of no change.

    Of a large group they agree where both hold it up to the same number (`head`).
    """

    kind: Literal["direct", "group"]
    role: Role | None
    title: str
    settings: GroupSettings
    roles: dict[AccountId, Role]
    covered: dict[AccountId, tuple[int, int]]
    first: int
    head: int
    ordinal: int
    at: int
    read: int
    unread: int
    last: int
    mentions: tuple[int, ...]
    pins: tuple[int, ...] = ()
    avatar: str = ""
    wide: bool = False
    large: bool = False
    count: int = 0


def comparable(one: Mirrored, own: Sequence[int], me: AccountId) -> Comparable:
    """`one` as `me` holds it. own: the numbers of one's own messages there."""

    def last_within(mark: int) -> int:
        return max((number for number in own if number <= mark), default=0)

    others = {} if one.wide else {account: member for account, member in one.members.items() if account != me}
    return Comparable(
        kind=one.kind,
        role=one.role,
        title=one.title,
        settings=one.settings,
        roles={account: member.role for account, member in one.members.items()},
        covered={a: (last_within(m.read), last_within(max(m.read, m.delivered))) for a, m in others.items()},
        first=one.first,
        head=one.head,
        ordinal=one.ordinal,
        at=one.at,
        read=one.read,
        unread=one.ordinal - one.read_ordinal,
        last=0 if one.last is None else one.last.number,
        mentions=tuple(sorted(one.mentions)[-MENTIONS:]) if one.role is not None else (),
        pins=tuple(one.pins),
        avatar=one.avatar,
        wide=one.wide,
        large=one.large,
        count=one.member_count,
    )
