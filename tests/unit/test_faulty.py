"""What is read of JSON that cannot be decoded, and what that costs."""

import json
import sys

import pytest

from chinwag.domain.refusal import Code
from chinwag.wire.codec import About, BadFrame, decode_client, error_frame
from chinwag.wire.faulty import Faulty


@pytest.mark.parametrize(
    ("text", "halves"),
    [
        (r"\ud800", True),
        (r"\uDC00", True),
        (r"\ud83d\ude00", False),
        (r"\ud83d\ud83d\ude00", True),
        (r"\ud83d\ude00\ude00", True),
        (r"\ud83dx\ude00", True),
        (r"\\ud800", False),
        (r"\\\ud800", True),
        (r"\\\\ud800", False),
        (r"\ud83d\\\ude00", True),
        (r"\ud83d\\ude00", True),
        (r"\u00e9\n", False),
        ("\ud800", True),
        ("\ud83d\ude00", True),
        ("é", False),
    ],
)
@pytest.mark.parametrize("form", ['"%s"', '{"a":[1,{"%s":NUMBER}]}'])
def test_half_a_pair_is_found_wherever_it_stands(text: str, halves: bool, form: str) -> None:
    payload = (form % text).replace("NUMBER", "1e400").encode("utf-8", "surrogatepass")
    assert Faulty(payload).only_half_a_pair is halves
    assert Faulty(payload[:-1]).only_half_a_pair is False


def test_a_wrong_frame_is_named_by_what_is_right_in_it() -> None:
    wrong = rb'{"type":"send","id":"a\\b","conversation":7,"to":"9","position":"x","body":"\ud800"}'
    with pytest.raises(BadFrame) as refused:
        decode_client(wrong)
    assert refused.value.about == About(type="send", id="a\\b", to="9")  # type: ignore[arg-type]


@pytest.mark.parametrize("number", ["1e300", "-1e300", "1e400", "1.5", "1.0", "1e2", "true", '"1"', "null", "[1]"])
@pytest.mark.parametrize("beside", ["", r',"x":"\ud800"', ',"x":['])
def test_a_position_that_is_none_is_not_said_to_be_another(number: str, beside: str) -> None:
    with pytest.raises(BadFrame) as refused:
        decode_client(f'{{"type":"received","position":{number}{beside}}}'.encode())
    assert refused.value.about.position is None
    assert "position" not in json.loads(error_frame(refused.value, refused.value.about))


LONG = 100_000


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b'{"type":"nope","x":[' + b"1," * LONG + b"1]}", Code.UNSUPPORTED),
        (b'{"type":"send","id":7,"x":[' + b"[]," * LONG + b"1]}", Code.BAD_FRAME),
        (b'{"type":"send","id":7,"x":{' + b",".join(b'"%d":1.5' % n for n in range(LONG)) + b"}}", Code.BAD_FRAME),
        (b'{"type":"send","x":[' + b"{}," * LONG + b"1]", Code.BAD_FRAME),
        (b'{"type":"send","id":"\\ud800","x":["' + b'","' * LONG + b'"]}', Code.TEXT_SURROGATE),
    ],
)
def test_a_long_wrong_frame_costs_no_step_of_ours_for_each_value(payload: bytes, code: Code) -> None:
    """Counted in calls, which a slow machine makes as few of: there is none for each of the values."""
    calls = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        with pytest.raises(BadFrame) as refused:
            decode_client(payload)
    finally:
        sys.setprofile(before)
    assert refused.value.code is code
    assert calls < 1_000


def test_deep_json_is_not_json() -> None:
    assert Faulty(b"[" * LONG + b"]" * LONG).is_json is False
    assert Faulty(json.dumps([1]).encode()).said() == {}
