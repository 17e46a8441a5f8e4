"""Nobody's long text is normalized: the work that a text costs has a bound before anything looks at it."""

import ast
import contextlib
import random
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st

import chinwag
from chinwag.domain import account, body
from chinwag.domain.normal_form import JOINER, LONGEST, MARKS, TooLongError, normal_form
from chinwag.domain.refusal import Refused
from chinwag.flow.access.passwords import Passwords
from chinwag.wire import faulty

SOURCE = Path(chinwag.__file__).parent
FLOODS = {
    "marks in two orders": "\u0301\u0316" * 32_768,
    "marks that count as starters": "\u0f73" * 65_536,
    "letters with marks": ("a" + "\u0301\u0316" * 500) * 64,
    "marks before a letter": "\u0316" * 65_535 + "a",
}


def _calls_of(name: str) -> set[str]:
    """The modules that mention `unicodedata.<name>`, or import it from there."""
    found = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            named = isinstance(node, ast.Attribute) and node.attr == name and ast.unparse(node.value) == "unicodedata"
            imported = isinstance(node, ast.ImportFrom) and node.module == "unicodedata"
            if named or imported:
                found.add(path.relative_to(SOURCE).as_posix())
    return found


def test_one_module_alone_asks_for_normal_forms() -> None:
    assert _calls_of("normalize") == {"domain/normal_form.py"}
    assert _calls_of("is_normalized") == set()


def test_no_regular_expression_is_matched_with_what_strangers_send() -> None:
    using = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.Import) and any(one.name in ("re", "regex") for one in node.names))
        or (isinstance(node, ast.ImportFrom) and node.module in ("re", "regex"))
    }
    # The doctor reads our own package's requirements, a log's guard what an exception of ours says, the web's policy
    # our own page. Faulty JSON is looked through with patterns of one length: nothing is tried twice at any place.
    assert using <= {"life/doctor/software.py", "logs.py", "roles/web/policy.py", "wire/faulty.py"}
    for pattern in (faulty.HALF.pattern, faulty.HALF_IN_BYTES.pattern):
        assert not any(repeats in pattern for repeats in (b"*", b"+", b"?)", b","))


def _longest_run(text: str) -> int:
    """The longest run of characters that are no starters once decomposed."""
    run = longest = 0
    for part in unicodedata.normalize("NFKD", text):
        run = run + 1 if unicodedata.combining(part) else 0
        longest = max(longest, run)
    return longest


RULES: list[Callable[[str], object]] = [
    account.name_of,
    account.name_key,
    account.password_of,
    account.guessed_password,
    account.display_name_of,
    account.about_of,
    account.announcement_of,
    account.device_name_of,
    body.check_title,
    body.title_key,
    body.check_description,
    body.check_text,
]


@pytest.fixture
def normalized(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Whatever is normalized from now on."""
    given: list[str] = []
    real = unicodedata.normalize

    def seen(form: str, text: str) -> str:
        given.append(text)
        return real(form, text)  # type: ignore[arg-type]

    monkeypatch.setattr(unicodedata, "normalize", seen)
    return given


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)
@pytest.mark.parametrize("length", [65_536, LONGEST, 1_024, 512, 128])
def test_a_flood_of_marks_costs_little(
    rule: Callable[[str], object], flood: str, length: int, normalized: list[str]
) -> None:
    with contextlib.suppress(Refused):
        rule(flood[:length])
    seen, normalized[:] = list(normalized), []
    assert sum(map(len, seen)) <= 4 * LONGEST
    for one in seen:
        alone = len(one) == 1  # a single character, looked up in the table of the stream-safe process
        assert alone or _longest_run(one) <= MARKS


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)
async def test_a_guess_that_is_too_long_is_refused_unseen(flood: str, normalized: list[str]) -> None:
    passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    try:
        assert not await passwords.verify(await passwords.hash("a password"), flood)
        assert not await passwords.verify("", flood)
    finally:
        passwords.close()
    assert normalized == []


def test_a_password_that_is_too_long_is_never_cut_to_one_that_fits() -> None:
    # 300 characters as they come, 150 composed.
    composed = "é" * 150
    assert account.password_of("e\u0301" * 150) == composed == account.guessed_password("e\u0301" * 150)
    with pytest.raises(Refused):
        account.password_of("e\u0301" * 300)


@given(st.text(), st.sampled_from(["NFC", "NFKC"]))
def test_texts_without_long_runs_are_normalized_as_unicode_says(text: str, form: str) -> None:
    if _longest_run(text) <= MARKS:
        assert normal_form(form, text, LONGEST) == unicodedata.normalize(form, text)  # type: ignore[arg-type]


def test_long_runs_are_parted_and_nothing_is_lost() -> None:
    marks = [chr(code) for code in range(0x300, 0x34F)] + ["\u0f73", "\u0344", "a"]
    for seed in range(50):
        text = "".join(random.Random(seed).choices(marks, k=400))
        for form in ("NFC", "NFKC"):
            made = normal_form(form, text, LONGEST)
            assert _longest_run(made) <= MARKS
            assert normal_form(form, made, LONGEST) == made
        without = unicodedata.normalize("NFD", text)
        assert sorted(unicodedata.normalize("NFD", made).replace(JOINER, "")) == sorted(without)


def test_a_text_over_its_bound_is_refused() -> None:
    with pytest.raises(TooLongError):
        normal_form("NFC", "x" * 11, 10)
    with pytest.raises(TooLongError):
        normal_form("NFC", "x" * (LONGEST + 1), 1 << 20)
