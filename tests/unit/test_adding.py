"""What docs/adding.md says a new thing touches is there, and what it says would fail does so."""

import ast
import re
from pathlib import Path
from typing import get_args

import pytest

from chinwag.config.catalogue import settings
from chinwag.domain import events
from chinwag.roles.gateway.verbs import VERBS
from chinwag.wire.frames import ClientFrame, ServerFrame

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
ADDING = (DOCS / "adding.md").read_text(encoding="utf-8")
PROTOCOL = (DOCS / "protocol.md").read_text(encoding="utf-8")
SOURCE = ROOT / "src" / "chinwag"


def test_the_files_are_there() -> None:
    named = [DOCS / link for link in re.findall(r"\]\(([^)#]+)\)", ADDING)]
    assert len(named) > 20
    assert [path for path in named if not path.exists()] == []


def test_a_file_is_called_what_it_is() -> None:
    for text, link in re.findall(r"\[`([^`]+)`\]\(([^)]+)\)", ADDING):
        assert str((DOCS / link).resolve()).endswith(text.rstrip("/")), text


def test_the_tests_are_there() -> None:
    named = set(re.findall(r"`(test_\w+)`", ADDING))
    written = {
        node.name
        for path in (ROOT / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert named
    assert named <= written
    assert all((ROOT / path).exists() for path in re.findall(r"`(tests/[\w/]+\.py)`", ADDING))


def test_every_frame_has_its_verb() -> None:
    assert set(VERBS) == set(get_args(ClientFrame))


@pytest.mark.parametrize("frame", [*get_args(ClientFrame), *get_args(ServerFrame)], ids=lambda frame: frame.__name__)
def test_every_frame_is_in_the_protocol(frame: type) -> None:
    assert f"`{frame.__struct_config__.tag}`" in PROTOCOL  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", [*get_args(events.Event), *get_args(events.Change)], ids=lambda kind: kind.__name__)
def test_every_event_kind_is_in_the_protocol(kind: type) -> None:
    assert f"`{kind.__struct_config__.tag}`" in PROTOCOL  # type: ignore[attr-defined]


def test_every_step_is_a_job() -> None:
    """A file of the flow that says how often it is looked at is a job's, and the jobs know it."""
    roles = SOURCE / "roles"
    files = (roles / "housekeeping" / "jobs.py", roles / "push" / "role.py")
    jobs = "".join(path.read_text(encoding="utf-8") for path in files)
    polled = [path.stem for path in (SOURCE / "flow").rglob("*.py") if "\nPOLL_SECONDS" in path.read_text()]
    assert polled
    assert [name for name in polled if not re.search(rf"\b{name}\.POLL_SECONDS\b", jobs)] == []


def test_every_job_is_told_of() -> None:
    jobs = (SOURCE / "roles" / "housekeeping" / "jobs.py").read_text(encoding="utf-8")
    page = (DOCS / "message-path.md").read_text(encoding="utf-8").lower()
    names = re.findall(r'name="([^"]+)"', jobs)
    assert names
    assert [name for name in names if name not in page] == []


@pytest.mark.parametrize("key", list(settings()))
def test_every_setting_is_used(key: str) -> None:
    section, name = key.split(".")
    elsewhere = (path for path in SOURCE.rglob("*.py") if path.parent.name != "config")
    used = re.compile(rf"\b{name}\b")
    assert any(used.search(path.read_text(encoding="utf-8")) for path in elsewhere), f"{section}: {name}"
