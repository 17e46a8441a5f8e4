"""Quiet hours: from when to when an account wants no pushes, by the clocks of its own time zone."""

from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from chinwag.domain.refusal import Code, Refused

ZONE_CHARACTERS: Final = 64
_ZONES: Final = 64


class QuietHours(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Each day from `from` to `to` ("22:00"; over midnight if `to` is earlier) in the IANA time zone `zone`.

    mentions, direct: what speaks to the account, and what is written to it alone, is pushed nevertheless.
    """

    start: str = msgspec.field(name="from")
    end: str = msgspec.field(name="to")
    zone: str
    mentions: bool = True
    direct: bool = False


def check_quiet_hours(quiet: QuietHours) -> None:
    """Raise `bad_request` for times that no clock shows, for one that is both, and for a zone that nobody knows."""
    for name, value in (("from", quiet.start), ("to", quiet.end)):
        if not _is_time(value):
            raise Refused(Code.BAD_REQUEST, f"{name} is a time such as 22:00")
    if quiet.start == quiet.end:
        raise Refused(Code.BAD_REQUEST, "quiet hours end at another time than they begin")
    if not 0 < len(quiet.zone) <= ZONE_CHARACTERS or _zone(quiet.zone) is None:
        raise Refused(Code.BAD_REQUEST, "zone is an IANA time zone such as Europe/Berlin")


def quiet_until(quiet: QuietHours, now: int) -> int | None:
    """When the quiet hours that hold at `now` end, in milliseconds since 1970; None if none hold.

    Clocks are put forward and back: an end that they pass over comes at the first moment after it, one that they show
    twice comes the first time, and hours that begin twice in a night are held once. A zone that this machine does not
    know any more is taken for UTC.
    """
    zone = _zone(quiet.zone) or UTC
    local = datetime.fromtimestamp(now / 1000, zone)
    start, end = _time(quiet.start), _time(quiet.end)
    # Those that began yesterday may hold still.
    for days in (1, 0):
        first = (local - timedelta(days=days)).date()
        last = first if start < end else first + timedelta(days=1)
        begun = _moment(datetime.combine(first, start, zone))
        over = _moment(datetime.combine(last, end, zone))
        if begun <= now < over:
            return over
    return None


def _moment(local: datetime) -> int:
    """That time of the clock, in milliseconds since 1970; of one that is passed over, the moment of the change."""
    there = local.astimezone(UTC)
    if there.astimezone(local.tzinfo).replace(tzinfo=None) != local.replace(tzinfo=None):
        # In the gap: as it would be by the clock of before lies behind the change, as by the one of after before it.
        low, high = sorted((there, local.replace(fold=1).astimezone(UTC)))
        while high - low > timedelta(seconds=1):
            middle = low + (high - low) / 2
            if middle.astimezone(local.tzinfo).utcoffset() == low.astimezone(local.tzinfo).utcoffset():
                low = middle
            else:
                high = middle
        there = (high + timedelta(microseconds=500_000)).replace(microsecond=0)
    return round(there.timestamp() * 1000)


def _is_time(text: str) -> bool:
    hours, colon, minutes = text[:2], text[2:3], text[3:]
    digits = hours.isdecimal() and minutes.isdecimal() and text.isascii()
    return len(text) == len("22:00") and colon == ":" and digits and int(hours) < 24 and int(minutes) < 60


def _time(text: str) -> time:
    return time(int(text[:2]), int(text[3:5]))


@lru_cache(_ZONES)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # it is no name, or names nothing (a KeyError)
        return None
