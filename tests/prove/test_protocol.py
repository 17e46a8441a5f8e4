"""The client that tests and storms share says the same over HTTP as on a socket, and hears the same."""

from collections.abc import Sequence
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prove.protocol.hearing import EventStream
from prove.protocol.requests import SAID, answer_to, request_of
from tools.documents.openapi import document

from chinwag.load.peer import decode_frame
from chinwag.wire.codec import encode
from chinwag.wire.conversations import Placed
from chinwag.wire.errors import Problem
from chinwag.wire.frames import (
    Ack,
    Bye,
    ClientFrame,
    CountedMessage,
    CountedReaction,
    Counts,
    Error,
    Event,
    Far,
    Feed,
    Followed,
    Limits,
    Nudge,
    Ping,
    Pong,
    Reset,
    Send,
    ServerFrame,
    SignalFrame,
    Unfollowed,
    Welcome,
)
from chinwag.wire.values import AccountId, ClientId, ConversationId, DeviceId, Text, Typing

ON_A_SOCKET_ALONE = {"hello", "follow", "unfollow"}
"""It is what an Authorization header says."""
SAID_ON_IT: list[ServerFrame] = [
    SignalFrame(Typing(ConversationId("g1"), AccountId("7"))),
    Event(8, msgspec.Raw(b'{"kind":"message"}')),
    Event(9, msgspec.Raw(b'{"kind":"notice"}')),
    Nudge(ConversationId("g1"), 9, 8, 9),
    Bye("drain", 2.5),
]
SAID_OF_A_FEED: list[ServerFrame] = [
    Followed(ConversationId("g1"), 8),
    Feed(ConversationId("g1"), msgspec.Raw(b'{"kind":"message"}')),
    Counts(ConversationId("g1"), 3, 5, (CountedMessage(8, (CountedReaction("👍", 100_000),)),)),
    Unfollowed(ConversationId("g1"), 9, "slow"),
    Far(ConversationId("g1"), 2_000),
]


def test_every_frame_is_a_request_or_known_not_to_be() -> None:
    types = {kind.__struct_config__.tag for kind in get_args(ClientFrame)}
    assert types == SAID.keys() | ON_A_SOCKET_ALONE
    assert not SAID.keys() & ON_A_SOCKET_ALONE


def test_every_request_is_one_that_the_server_describes() -> None:
    paths = document()["paths"]
    for method, path, _ in SAID.values():
        assert method.lower() in paths[path], path


def test_a_field_that_is_not_said_is_not_in_the_body() -> None:
    request = request_of(Send(ClientId("a"), Text("hello"), ConversationId("g1")))
    assert request.path == "/v1/conversations/g1/messages"
    assert request.key == "a"
    assert request.body == {"body": {"type": "text", "text": "hello"}}
    assert request_of(Ping()).body is None
    with pytest.raises(KeyError):
        request_of({"type": "hello"})


def test_an_answer_is_the_frame_that_a_socket_brings() -> None:
    name = ClientId("a")
    placed = encode(Placed(ConversationId("g1"), 4, 5))
    assert answer_to(name, 201, placed) == Ack(name, ConversationId("g1"), 4, 5)
    refused = answer_to(name, 429, encode(Problem("", "slow", 429, "rate_limited", retryable=True, retry_after=2.0)))
    assert refused == Error("rate_limited", "slow", retryable=True, retry_after=2.0, id=name)
    lost = answer_to(name, 502, b"<html>")
    assert isinstance(lost, Error)
    assert lost.retryable


@given(st.lists(st.integers(1, 400)))
def test_a_stream_in_any_pieces_is_the_same_frames(cuts: Sequence[int]) -> None:
    written = b"id: 3.7\n\n: still here\n\n" + b"".join(map(server_sent, SAID_ON_IT))
    stream, heard, at = EventStream(), list[ServerFrame](), 0
    for cut in sorted(cuts):
        heard += stream.feed(written[at:cut])
        at = max(at, min(cut, len(written)))
    heard += stream.feed(written[at:])
    welcome, *frames = heard
    assert (welcome.epoch, welcome.position) == (3, 7)  # type: ignore[union-attr]
    assert frames == SAID_ON_IT


def server_sent(frame: ServerFrame) -> bytes:
    """As the server writes it."""
    name = b"id: 3.%d\n" % frame.position if isinstance(frame, Event) else b""
    return b"%bevent: %b\ndata: %b\n\n" % (name, str(frame.__struct_config__.tag).encode(), encode(frame))


def test_the_load_generator_understands_every_frame() -> None:
    frames: list[ServerFrame] = [
        Welcome(
            session="",
            account=AccountId(""),
            device=DeviceId(""),
            epoch=1,
            position=2,
            heartbeat=5,
            limits=Limits(1, 2, 3),
        ),
        Ack(ClientId("a"), ConversationId("g1"), 4, 5),
        Reset("old", 1, 2),
        Error("internal", "a mistake"),
        Pong(),
        *SAID_ON_IT,
        *SAID_OF_A_FEED,
    ]
    assert {type(frame) for frame in frames} == set(get_args(ServerFrame))
    for frame in frames:
        assert type(decode_frame(encode(frame))).__name__ == type(frame).__name__
