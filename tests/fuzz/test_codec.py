"""The codec is never brought to raise anything but a refusal, whatever the bytes."""

import json
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.fuzz.strategies import frames, junk

from chinwag.domain.refusal import Code, Refused
from chinwag.wire.codec import BadFrame, about, decode_client, decode_server, encode, error_frame, parse_cursor
from chinwag.wire.frames import Error

DEEP = 100_000


PAYLOADS = st.one_of(
    st.binary(max_size=200), frames(["1", "g~1", "d~1~2"]), junk.map(lambda value: json.dumps(value).encode())
)


def refusal(read: Callable[[], object]) -> Refused | None:
    """The refusal that `read` raises, if it does. Anything else that is raised fails the test."""
    try:
        read()
    except Refused as refused:
        return refused
    return None


@settings(max_examples=1_000, deadline=None)
@given(PAYLOADS)
@example(b'{"type":"ping","x":' + b"[" * DEEP + b"]" * DEEP + b"}")
@example(b'{"type":"send","id":' + b'{"a":' * DEEP + b"1" + b"}" * DEEP + b"}")
@example(b"[" * DEEP)
def test_a_frame_is_read_or_refused(payload: bytes) -> None:
    refused = refusal(lambda: decode_client(payload))
    if refused is None:
        frame = decode_client(payload)
        assert decode_client(encode(frame)) == frame
    else:
        assert isinstance(refused, BadFrame)
        assert refused.code in (Code.BAD_FRAME, Code.UNSUPPORTED, Code.TEXT_SURROGATE)
        assert len(refused.detail) <= 200
    refusal(lambda: decode_server(payload))
    said = [about(payload)] + ([refused.about] if isinstance(refused, BadFrame) else [])
    for one in said:
        answer = decode_server(error_frame(Refused(Code.BAD_FRAME), one))
        assert isinstance(answer, Error)
        for name in (answer.id, answer.conversation, answer.frame):
            assert name is None or (name.isprintable() and len(name) <= 200)


@given(st.one_of(st.text(max_size=50), st.from_regex(r"\d+\.\d+")))
def test_a_cursor_is_read_or_refused(text: str) -> None:
    refused = refusal(lambda: parse_cursor(text))
    if refused is None:
        cursor = parse_cursor(text)
        assert 0 <= cursor.position < 1 << 63
        assert parse_cursor(str(cursor)) == cursor
    else:
        assert refused.code is Code.BAD_CURSOR


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b'{"type":"received","position":NaN}', Code.BAD_FRAME),
        (b'{"type":"received","position":Infinity}', Code.BAD_FRAME),
        (b'{"type":"received","position":1e400}', Code.BAD_FRAME),
        (b'{"type":"received","position":1.5}', Code.BAD_FRAME),
        (b'{"type":"received","position":"1"}', Code.BAD_FRAME),
        (b'{"type":"received","position":' + b"9" * 1_000_000 + b"}", Code.BAD_FRAME),
        (b'{"type":"ping","x":"\xff"}', Code.BAD_FRAME),
        (b'{"type":"typing","conversation":"\xed\xa0\x80"}', Code.TEXT_SURROGATE),
        (b'{"type":"typing","conversation":"\\ud800"}', Code.TEXT_SURROGATE),
        ('{"type":"ping"}'.encode("utf-16"), Code.BAD_FRAME),
        (b'\xef\xbb\xbf{"type":"ping"}', Code.BAD_FRAME),
        (b'{"type":"ping"}{"type":"ping"}', Code.BAD_FRAME),
        (b'{"type":"dance"}', Code.UNSUPPORTED),
        (b"", Code.BAD_FRAME),
    ],
)
def test_what_is_refused_and_how(payload: bytes, code: Code) -> None:
    with pytest.raises(BadFrame) as refused:
        decode_client(payload)
    assert refused.value.code is code


@pytest.mark.parametrize(
    ("payload", "as_if"),
    [
        (b'{"type":"received","position":1,"position":2}', b'{"type":"received","position":2}'),
        (b'{"type":"ping","later":{"x":[1,2,3]}}', b'{"type":"ping"}'),
        (b'{"type":"ping","x":1e999999999}', b'{"type":"ping"}'),
        (b' {"position" : 3 ,"type":"received"}\n', b'{"type":"received","position":3}'),
    ],
)
def test_what_is_taken_and_as_what(payload: bytes, as_if: bytes) -> None:
    assert decode_client(payload) == decode_client(as_if)
