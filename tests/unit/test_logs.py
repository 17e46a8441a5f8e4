"""Logs: what must never be written, and that nothing gets around it."""

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from chinwag import logs
from chinwag.config import Log
from chinwag.domain.refusal import Code, Refused

SECRET = "meet me at noon"


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("chinwag")
    kept = root.handlers[:], root.level, ours.level
    yield
    root.handlers[:], root.level, ours.level = kept
    logging.captureWarnings(False)
    structlog.reset_defaults()


@pytest.fixture
def lines() -> io.StringIO:
    stream = io.StringIO()
    logs.configure(Log(format="json", level="debug"), stream)
    return stream


def only(lines: io.StringIO) -> dict[str, Any]:
    (line,) = lines.getvalue().splitlines()
    return dict(json.loads(line))


def test_a_line_carries_its_ids_level_name_and_time(lines: io.StringIO) -> None:
    log = structlog.get_logger("chinwag.flow.accept").bind(account="7", device="8")
    log.info("accepted", conversation="d~7~9", number=3, code=Code.OUT_OF_TURN)
    line = only(lines)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "accepted",
        "level": "info",
        "logger": "chinwag.flow.accept",
        "account": "7",
        "device": "8",
        "conversation": "d~7~9",
        "number": 3,
        "code": "out_of_turn",
    }


@pytest.mark.parametrize(
    "key",
    ["text", "body", "password", "new_password", "token", "Authorization", "refresh-token", "ticket", "title", "texts"],
)
@pytest.mark.parametrize("value", [SECRET, [SECRET], {"x": SECRET}])
def test_secrets_are_redacted_by_the_name_of_their_key(lines: io.StringIO, key: str, value: object) -> None:
    structlog.get_logger("chinwag.x").warning("event", **{key: value}, inner={"deep": [{key: value}]})
    assert SECRET not in lines.getvalue()
    assert only(lines)[key] == logs.REDACTED


def test_figures_and_ids_about_secrets_are_kept(lines: io.StringIO) -> None:
    structlog.get_logger("chinwag.x").info("event", text_characters=5, token_id="k1", body_bytes="12")
    assert {"text_characters": 5, "token_id": "k1", "body_bytes": "12"}.items() <= only(lines).items()


def test_values_without_words_of_their_own_tell_only_their_kind(lines: io.StringIO) -> None:
    class Send(msgspec.Struct):
        text: str

    structlog.get_logger("chinwag.x").info("event", send=Send(SECRET), raw=SECRET.encode(), why=ValueError(SECRET))
    assert SECRET not in lines.getvalue()
    line = only(lines)
    assert (line["send"], line["raw"], line["why"]) == ("<Send>", "<15 bytes>", "ValueError (message withheld)")


def test_an_exception_tells_places_and_types_but_quotes_no_input(lines: io.StringIO) -> None:
    try:
        try:
            int(SECRET)
        except ValueError as error:
            raise Refused(Code.BAD_FRAME, "no number\x1b") from error
    except Refused:
        structlog.get_logger("chinwag.x").exception("failed")
    told = only(lines)["exception"]
    assert SECRET not in told
    assert told.index("ValueError (message withheld)") < told.index("Refused: bad_frame: no number\\x1b")
    assert "test_logs.py" in told


def test_groups_of_exceptions_are_told_too(lines: io.StringIO) -> None:
    error = ExceptionGroup("two", [OSError(28, "No space left"), ValueError(SECRET)])
    structlog.get_logger("chinwag.x").error("failed", exc_info=error)
    told = only(lines)["exception"]
    assert "No space left" in told
    assert "ValueError (message withheld)" in told
    assert SECRET not in told


def test_other_libraries_go_through_the_same_guards(lines: io.StringIO) -> None:
    logging.getLogger("uvicorn.error").warning("path %s", "/\x1b[2J\r\nfake")
    assert only(lines)["event"] == "path /\\x1b[2J\\r\\nfake"


def test_other_libraries_are_heard_from_warnings_up_even_at_debug(lines: io.StringIO) -> None:
    logging.getLogger("sqlalchemy.engine").info("INSERT %s", SECRET)
    structlog.get_logger("chinwag.x").debug("ours")
    assert only(lines)["event"] == "ours"


def test_a_library_that_brought_its_own_handler_is_routed_too() -> None:
    own, stream = io.StringIO(), io.StringIO()
    stubborn = logging.getLogger("stubborn.library")
    stubborn.addHandler(logging.StreamHandler(own))
    stubborn.propagate = False
    logs.configure(Log(format="json"), stream)
    stubborn.error("told")
    assert own.getvalue() == ""
    assert only(stream)["event"] == "told"


async def test_what_asyncio_says_of_a_lost_failure_quotes_nothing(lines: io.StringIO) -> None:
    def fail(text: str) -> None:
        raise ValueError(text)

    ran = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.call_soon(fail, SECRET)
    loop.call_soon(ran.set)
    await ran.wait()
    assert SECRET not in lines.getvalue()
    assert "ValueError (message withheld)" in only(lines)["exception"]


def test_console_lines_are_guarded_as_well() -> None:
    stream = io.StringIO()
    logs.configure(Log(), stream)
    structlog.get_logger("chinwag.x").info("event", text=SECRET, name="a\nb\x9b")
    (line,) = stream.getvalue().splitlines()
    assert SECRET not in line
    assert "a\\nb\\x9b" in line


def test_the_level_is_obeyed_and_can_change() -> None:
    first, second = io.StringIO(), io.StringIO()
    log = structlog.get_logger("chinwag.x")
    logs.configure(Log(format="json", level="error"), first)
    log.warning("unheard")
    logs.configure(Log(format="json", level="warning"), second)
    log.warning("heard")
    assert first.getvalue() == ""
    assert only(second)["event"] == "heard"


def test_long_and_wide_values_are_bounded(lines: io.StringIO) -> None:
    deep: list[object] = []
    for _ in range(100):
        deep = [deep]
    structlog.get_logger("chinwag.x").info("event", long="x" * 1_000_000, wide=list(range(100_000)), deep=deep)
    assert len(lines.getvalue()) < 5_000


@given(st.text(st.characters(codec=None, categories=("C", "Z", "L", "S"))))
def test_an_escaped_text_is_one_printable_line_of_utf8(text: str) -> None:
    escaped = logs.escape(text)
    escaped.encode()
    assert len(escaped.splitlines()) <= 1
    assert not any(ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 for character in escaped)
