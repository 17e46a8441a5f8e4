"""There is one way of logging: structlog, a phrase that stands by itself, and named values."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import chinwag

ROOT = Path(chinwag.__file__).parent
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
LOGGING = {"cli/words_only.py", "client/connection.py", "client/store.py", "logs.py", "roles/port/parsers.py"}
"""The client is a library in programs of others, picows takes a logger of the standard library, and an operator's
command keeps what libraries warn of from being printed as a last resort."""


def test_only_those_use_logging_who_must() -> None:
    found = {name for name, tree in modules() if "logging" in imported(tree)}
    assert found == LOGGING


def test_a_line_is_a_phrase_and_named_values() -> None:
    wrong = [f"{name}: {text}" for name, tree in modules() if name not in LOGGING for text in spoilt(tree)]
    assert wrong == []


@pytest.mark.parametrize(
    "line", ['_log.info("two_words")', '_log.info("%d of them", 3)', '_log.info(f"{many} of them")']
)
def test_another_way_is_found(line: str) -> None:
    assert list(spoilt(ast.parse(line)))


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(ROOT.rglob("*.py")):
        yield str(path.relative_to(ROOT)), ast.parse(path.read_text())


def imported(tree: ast.Module) -> set[str]:
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return names | {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


def spoilt(tree: ast.Module) -> Iterator[str]:
    """Calls of a logger that are not as they should be. What a job gives as its phrase is no text here."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="_log" | "log"), attr=level), args=args):
                if level not in LEVELS or not args:
                    continue
                text = args[0]
                phrase = not isinstance(text, ast.Constant) or not {"_", "%"} & set(str(text.value))
                if not phrase or len(args) > 1 or isinstance(text, ast.JoinedStr):
                    yield ast.unparse(node)
