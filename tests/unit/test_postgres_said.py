"""No value of a row or a query stands in what is told of a failure of PostgreSQL."""

import re
from pathlib import Path

import asyncpg
import pytest
from structlog.testing import capture_logs

import chinwag
from chinwag.adapters.postgres import database
from chinwag.adapters.postgres.complaints import Complaints
from chinwag.adapters.postgres.said import said

SECRET = "the text of a message"

SOURCES = Path(chinwag.__file__).parent


def _made(fields: dict[str, str]) -> asyncpg.PostgresError:
    """As the driver makes it of what the server sends."""
    error: asyncpg.PostgresError = asyncpg.PostgresError.new(fields)
    return error


QUOTING = [
    # A row that breaks a rule is quoted in the detail, the key of one that is there twice as well.
    {"C": "23514", "M": "new row violates a rule", "D": f"Failing row contains ({SECRET})", "n": "events_check"},
    {"C": "23505", "M": "duplicate key", "D": f"Key (name)=({SECRET}) already exists.", "t": "events"},
    {"C": "22P02", "M": f'invalid input syntax for type bigint: "{SECRET}"'},
    {"C": "22001", "M": "value too long", "W": f"COPY events, line 1: {SECRET}", "H": SECRET},
    {"C": "42804", "M": f"it has another type\n{SECRET}", "D": SECRET, "H": SECRET},
    {"C": "P0001", "M": SECRET},
    {"C": "99999", "M": SECRET},
]


@pytest.mark.parametrize("fields", QUOTING, ids=[fields["C"] for fields in QUOTING])
def test_no_value_is_told(fields: dict[str, str]) -> None:
    error = _made(fields)
    assert SECRET in "\n".join([str(error), *map(str, error.as_dict().values())]), "the driver tells it"
    assert SECRET not in said(error)
    assert fields["C"] in said(error)


def test_an_argument_that_does_not_fit_is_not_told() -> None:
    error = asyncpg.DataError(f"invalid input for query argument $1: {SECRET!r} (an integer is required)")
    assert SECRET not in said(error)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (_made({"C": "53100", "M": "could not extend file: No space left"}), "DiskFullError 53100: could not extend"),
        (_made({"C": "23505", "M": "x", "t": "events", "n": "events_key"}), "table events, constraint events_key"),
        (_made({"C": "28P01", "M": "password authentication failed for user"}), "password authentication failed"),
        (asyncpg.InterfaceError("connection is closed"), "InterfaceError: connection is closed"),
        (ConnectionRefusedError(111, "Connect call failed"), "ConnectionRefusedError: [Errno 111] Connect call failed"),
        (TimeoutError(), "no answer in time"),
        (EOFError(), "EOFError"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_what_helps_is_told(error: BaseException, words: str) -> None:
    assert words in said(error)


def test_the_log_holds_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_complaints", Complaints("it does nothing", database._log))
    with capture_logs() as lines:
        refused = database.refusal(_made(QUOTING[0]))
    assert "23514" in lines[0]["error"]
    assert SECRET not in f"{lines} {refused}"


def test_no_adapter_tells_the_driver_s_own_words() -> None:
    own_words = re.compile(r"\{(?:error|failure)\}|(?:=|\{)str\((?:error|failure)\)|str\((?:error|failure)\) or")
    asking = [path for path in (SOURCES / "adapters").rglob("*.py") if "import asyncpg" in path.read_text("utf-8")]
    telling = [path.name for path in asking if path.name != "said.py" and own_words.search(path.read_text("utf-8"))]
    assert len(asking) >= 5
    assert telling == []
