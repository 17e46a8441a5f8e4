"""Quiet hours, by the clocks of the account's own time zone."""

from datetime import UTC, datetime

import pytest

from chinwag.domain.quiet_hours import QuietHours, check_quiet_hours, quiet_until
from chinwag.domain.refusal import Code, Refused

BERLIN = "Europe/Berlin"


def at(text: str) -> int:
    """That moment, said in UTC."""
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def until(quiet: QuietHours, now: str) -> str | None:
    end = quiet_until(quiet, at(now))
    return None if end is None else datetime.fromtimestamp(end / 1000, UTC).strftime("%Y-%m-%dT%H:%M")


@pytest.mark.parametrize(
    ("now", "end"),
    [
        ("2026-01-10T20:59", None),
        ("2026-01-10T21:00", "2026-01-11T06:00"),  # 22:00 in winter
        ("2026-01-11T05:59", "2026-01-11T06:00"),
        ("2026-01-11T06:00", None),
        ("2026-07-10T19:59", None),
        ("2026-07-10T20:00", "2026-07-11T05:00"),  # 22:00 in summer
        ("2026-03-28T21:30", "2026-03-29T05:00"),  # the night in which clocks are put forward is an hour shorter
        ("2026-10-24T20:30", "2026-10-25T06:00"),  # and the one in which they are put back an hour longer
        ("2026-12-31T23:30", "2027-01-01T06:00"),
    ],
)
def test_a_night_is_held_by_the_clocks_of_the_place(now: str, end: str | None) -> None:
    assert until(QuietHours(start="22:00", end="07:00", zone=BERLIN), now) == end


@pytest.mark.parametrize(
    ("now", "end"),
    [("2026-01-10T11:59", None), ("2026-01-10T12:00", "2026-01-10T13:30"), ("2026-01-10T13:30", None)],
)
def test_hours_within_a_day_are_held(now: str, end: str | None) -> None:
    assert until(QuietHours(start="13:00", end="14:30", zone=BERLIN), now) == end


def test_an_end_that_clocks_pass_over_comes_at_the_change() -> None:
    quiet = QuietHours(start="22:00", end="02:30", zone=BERLIN)
    assert until(quiet, "2026-03-29T00:30") == "2026-03-29T01:00"
    assert until(quiet, "2026-03-29T01:00") is None


def test_an_end_that_clocks_show_twice_comes_the_first_time() -> None:
    quiet = QuietHours(start="22:00", end="02:30", zone=BERLIN)
    assert until(quiet, "2026-10-25T00:00") == "2026-10-25T00:30"
    assert until(quiet, "2026-10-25T01:00") is None


def test_a_beginning_that_clocks_pass_over_comes_at_the_change() -> None:
    quiet = QuietHours(start="02:30", end="06:00", zone=BERLIN)
    assert until(quiet, "2026-03-29T00:59") is None
    assert until(quiet, "2026-03-29T01:00") == "2026-03-29T04:00"


def test_places_far_from_here_have_their_own_night() -> None:
    assert (
        until(QuietHours(start="22:00", end="07:00", zone="Pacific/Auckland"), "2026-06-10T10:00") == "2026-06-10T19:00"
    )
    assert (
        until(QuietHours(start="22:00", end="07:00", zone="Asia/Kathmandu"), "2026-06-10T16:15") == "2026-06-11T01:15"
    )


def test_every_moment_of_a_year_is_quiet_or_not_and_an_end_is_ahead() -> None:
    quiet = QuietHours(start="22:15", end="02:45", zone="America/St_Johns")
    now = at("2026-01-01T00:00")
    held = 0
    for _ in range(365 * 24 * 2):
        end = quiet_until(quiet, now)
        held += end is not None
        assert end is None or now < end <= now + 6 * 3_600_000
        now += 1_800_000
    assert 365 * 9 - 5 <= held <= 365 * 9 + 5


@pytest.mark.parametrize(
    "quiet",
    [
        QuietHours(start="24:00", end="07:00", zone=BERLIN),
        QuietHours(start="22:60", end="07:00", zone=BERLIN),
        QuietHours(start="9:00", end="07:00", zone=BERLIN),
        QuietHours(start="22:00", end="٠٧:٠٠", zone=BERLIN),
        QuietHours(start="22:00", end="7", zone=BERLIN),
        QuietHours(start="22:00", end="22:00", zone=BERLIN),
        QuietHours(start="22:00", end="07:00", zone=""),
        QuietHours(start="22:00", end="07:00", zone="Europe/Nowhere"),
        QuietHours(start="22:00", end="07:00", zone="../../etc/passwd"),
        QuietHours(start="22:00", end="07:00", zone="/etc/localtime"),
        QuietHours(start="22:00", end="07:00", zone="Europe"),
        QuietHours(start="22:00", end="07:00", zone="a\0b"),
        QuietHours(start="22:00", end="07:00", zone="x" * 100_000),
    ],
)
def test_what_no_clock_shows_is_refused(quiet: QuietHours) -> None:
    with pytest.raises(Refused) as refusal:
        check_quiet_hours(quiet)
    assert refusal.value.code is Code.BAD_REQUEST


def test_a_zone_that_is_not_known_any_more_is_taken_for_utc() -> None:
    quiet = QuietHours(start="22:00", end="07:00", zone="Europe/Nowhere")
    assert until(quiet, "2026-01-10T22:00") == "2026-01-11T07:00"
