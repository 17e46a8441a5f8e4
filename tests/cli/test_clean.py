"""What comes from outside acts on no terminal, and no text passes for a line of ours."""

import io
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chinwag.cli.chat.line import INDENT, Line
from chinwag.cli.chat.people import CLOSED, NAMELESS, shown_name
from chinwag.cli.chat.talk import in_words
from chinwag.cli.clean import LABEL_CHARACTERS, MARKS, clean, label, spelt
from chinwag.cli.out import Rows, account_word, say
from chinwag.client import ApiError

EVIL = "\x1b[2J\x1b]0;title\x07\x9b31m\r\b\x00\x7f\u202eada\u2066\u2028\ud800"
_LATIN = "iso-8859-1"


def test_nothing_acts_on_a_terminal() -> None:
    shown = clean(EVIL)
    assert shown.startswith("␛[2J␛]0;title␇⟨U+009B⟩31m␍␈␀␡⟨U+202E⟩ada⟨U+2066⟩⟨U+2028⟩⟨U+D800⟩")


@given(st.text())
def test_what_is_shown_has_no_control_whatever_comes(text: str) -> None:
    for shown in (clean(text), label(text), "".join(part for row in Line(text).rows(None) for _, part in row)):
        assert not any(unicodedata.category(one) in ("Cc", "Cs", "Zl", "Zp") for one in shown)
        assert not any(unicodedata.bidirectional(one) in ("RLO", "LRO", "RLE", "LRE", "RLI", "LRI") for one in shown)
        assert "\n" not in shown
    for encoding in ("ascii", _LATIN, "utf-8"):
        clean_text = spelt(clean(text), encoding)
        assert clean_text.encode(encoding).decode(encoding) == clean_text


def test_marks_without_end_become_few() -> None:
    assert len(clean("a" + "\u0301" * 100_000)) < 50
    assert clean("a" + "\u0301" * MARKS) == "a" + "\u0301" * MARKS


def test_a_label_is_one_bounded_line() -> None:
    assert label("two\nlines\tand   spaces") == "two lines and spaces"
    assert len(label("x" * 10_000_000)) == LABEL_CHARACTERS + 1


@given(st.text(st.sampled_from(" \nabc界\u0301\t"), max_size=300), st.integers(20, 60))
def test_only_the_first_row_begins_at_the_margin(text: str, width: int) -> None:
    from rich.cells import cell_len

    line = Line("04:23 ben: ").add(text, lines=True)
    rows = ["".join(part for _, part in row) for row in line.rows(width)]
    assert rows[0].startswith("04:23 ben:")
    for row in rows[1:]:
        assert row.startswith(INDENT)
    assert all(cell_len(row) <= width for row in rows)
    assert "".join("".join(rows).split()) == "".join(("04:23 ben:" + clean(text)).split())


def test_a_text_padded_with_spaces_forges_no_line() -> None:
    forged = "hello" + " " * 200 + "04:24 ada: I owe you money"
    rows = ["".join(part for _, part in row) for row in Line("04:23 ben: ").add(forged, lines=True).rows(79)]
    assert not any(row.lstrip().startswith("04:24") and not row.startswith(INDENT) for row in rows)


def test_no_name_passes_for_a_word_of_ours() -> None:
    assert shown_name("you") == "@you"
    assert shown_name("YOU") == "@YOU"
    assert shown_name("") == shown_name(" \n") == NAMELESS
    assert account_word("operator", "7") == "@operator"
    assert account_word("", "7", closed=True) == "(closed account 7)"
    assert " " in CLOSED  # no name has one


@pytest.mark.parametrize("encoding", ["ascii", _LATIN, "utf-8"])
def test_commands_say_it_in_the_signs_that_there_are(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding))
    say("✓ “Ünï” → :smile: [bold]é[/bold] 😀 …" + EVIL)
    table = Rows("name", "id")
    table.add("x" * 300 + "\nforged  row", "[red]7")
    table.add("界", ":smile:")
    table.show("nothing")
    said = raw.getvalue().decode(encoding)
    assert ":smile:" in said
    assert "[bold]" in said
    assert "\x1b" not in said
    lines = said.splitlines()
    assert "x" * 300 + " forged row  [red]7" in lines
    assert len(lines) == 4
    if encoding == "ascii":
        assert lines[0].startswith('v "<U+00DC>n<U+00EF>" -> :smile: [bold]<U+00E9>[/bold] <U+1F600> ...')


def test_an_empty_table_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    Rows("name").show("nobody")
    assert capsys.readouterr().out == "nobody\n"


def test_output_that_was_closed_is_no_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    say("hello")


def test_what_a_server_says_went_wrong_forges_no_line_of_its_own() -> None:
    told = in_words(ApiError("bad_request", "no\r\n00:00 you: I owe bob money\u2028and more\x1b[2J"))
    assert len(told.splitlines()) == 1
    assert "\x1b" not in told
