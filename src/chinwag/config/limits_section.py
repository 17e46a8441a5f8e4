"""What can be configured of how much anybody may have or do. As in `sections.py`: all of it stands here."""

from typing import Annotated

from msgspec import Meta, Struct


class Limits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much of anything one person, device or conversation may have."""

    text_characters: Annotated[
        int, Meta(ge=1, le=99_999, description="Characters (Unicode code points) in one text.")
    ] = 99_999
    group_members: Annotated[int, Meta(ge=2, le=500, description="Members of one group.")] = 100
    large_group_members: Annotated[
        int,
        Meta(
            ge=0,
            le=100_000,
            description="The most members of a group that its owner lets grow (0: as any other).",
        ),
    ] = 100_000
    wide_above: Annotated[
        int, Meta(ge=2, le=500, description="Members above which a group keeps them in rows. For tests.")
    ] = 500
    large_above: Annotated[
        int, Meta(ge=2, le=1_000, description="Members above which a group's events are asked for. For tests.")
    ] = 1_000
    large_active: Annotated[
        int,
        Meta(
            ge=1,
            le=1_000,
            description="Members of a group of more than `wide_above` who must have been there within a day for its "
            "events to be asked for.",
        ),
    ] = 500
    small_below: Annotated[
        int,
        Meta(
            ge=1,
            le=1_000,
            description="Members, or those of them who were there within a day, below which a group's events are "
            "copied to all again; never more than `wide_above`.",
        ),
    ] = 400
    frame_bytes: Annotated[
        int, Meta(ge=65_548, le=16_777_216, description="Bytes in one frame or body that comes in.")
    ] = 2_097_152
    sends_per_second: Annotated[
        float, Meta(ge=0.1, le=100_000, description="Sends a second that one device may keep up.")
    ] = 20.0
    sends_burst: Annotated[
        int, Meta(ge=1, le=1_000_000, description="Sends that one device may make at once after a pause.")
    ] = 100
    frames_per_second: Annotated[
        float,
        Meta(
            ge=1,
            le=100_000,
            description="Frames a second besides sends that one socket may keep up; a long one counts more than once.",
        ),
    ] = 50.0
    frames_burst: Annotated[
        int, Meta(ge=10, le=1_000_000, description="Frames besides sends that one socket may bring at once.")
    ] = 500
    requests_per_second: Annotated[
        float, Meta(ge=1, le=100_000, description="HTTP requests a second that one device may keep up.")
    ] = 50.0
    requests_burst: Annotated[
        int, Meta(ge=10, le=1_000_000, description="HTTP requests that one device may make at once after a pause.")
    ] = 500
    polls_per_second: Annotated[
        float, Meta(ge=0.1, le=100_000, description="Polls and streams a second that one device may begin.")
    ] = 2.0
    polls_burst: Annotated[
        int, Meta(ge=1, le=1_000_000, description="Polls and streams that one device may begin at once after a pause.")
    ] = 20
    marks_per_second: Annotated[
        float, Meta(ge=1, le=100_000, description="Read marks a second that one device may set.")
    ] = 20.0
    marks_burst: Annotated[
        int, Meta(ge=10, le=1_000_000, description="Read marks that one device may set at once after a pause.")
    ] = 200
    strangers_per_second: Annotated[
        float,
        Meta(
            ge=1,
            le=100_000,
            description="Requests a second from one address without a token, or with a wrong one. "
            "Many people can share an address.",
        ),
    ] = 50.0
    strangers_burst: Annotated[
        int, Meta(ge=10, le=1_000_000, description="Such requests from one address at once after a pause.")
    ] = 2_000
    searches_per_second: Annotated[
        float, Meta(ge=0.01, le=100_000, description="Searches for people a second that one account may keep up.")
    ] = 2.0
    searches_burst: Annotated[
        int, Meta(ge=1, le=1_000_000, description="Such searches that one account may make at once after a pause.")
    ] = 40
    adding_per_second: Annotated[
        float, Meta(ge=0.0001, le=100_000, description="Accounts a second that one account may add to groups.")
    ] = 0.5
    adding_burst: Annotated[
        int, Meta(ge=1, le=1_000_000, description="Accounts that one may add to groups at once after a pause.")
    ] = 500
    added_per_second: Annotated[
        float,
        Meta(
            ge=0.0001,
            le=100_000,
            description="Times a second that one account may be added to groups by others than friends.",
        ),
    ] = 0.003
    added_burst: Annotated[
        int, Meta(ge=1, le=1_000_000, description="Times that it may be so added at once after a pause.")
    ] = 50
    account_share: Annotated[
        int,
        Meta(ge=1, le=1_000, description="How many times what one device may do an account may do with all of its."),
    ] = 4
    outbound_bytes: Annotated[
        int,
        Meta(
            ge=65_536,
            le=268_435_456,
            description="Bytes that wait for one slow connection before it is closed with `slow_consumer`.",
        ),
    ] = 4_194_304
