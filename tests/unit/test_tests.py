"""What the tests themselves keep to."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support import long_first

ROOT = Path(__file__).parents[2]
REACHING = re.compile(r"\bserver\._[a-z]")


def sources() -> Iterator[Path]:
    for folder in ("tests", "bench", "prove"):
        yield from (path for path in (ROOT / folder).rglob("*.py") if path != Path(__file__))


def test_nobody_reaches_into_a_server() -> None:
    """What a server is made of is public; what is not may change without a test."""
    found = [str(path.relative_to(ROOT)) for path in sources() if REACHING.search(path.read_text(encoding="utf-8"))]
    assert found == []


def test_what_measures_is_marked() -> None:
    """A test that runs the bench is told apart from those that run beside others, and no other is: `tools/tests.sh`
    looks for those in that folder alone."""
    bench = ROOT / "tests" / "bench"
    runs = [path for path in bench.glob("test_*.py") if re.search(r'"bench"|bench"\)|works', path.read_text())]
    assert len(runs) >= 4
    assert [path.name for path in runs if "pytestmark = pytest.mark.measuring" not in path.read_text()] == []
    others = (path for path in sources() if bench not in path.parents)
    assert [path.name for path in others if "mark.measuring" in path.read_text(encoding="utf-8")] == []


def test_files_of_tests_are_known_by_their_paths(request: pytest.FixtureRequest) -> None:
    """Else two files of one name in several folders would be one module, and pytest would refuse to run any."""
    assert request.module.__name__ == "tests.unit.test_tests"
    assert request.config.getoption("importmode") == "importlib"
    assert request.config.getini("consider_namespace_packages") is True


def test_those_that_come_first_are_there() -> None:
    """The list of long files is of files that there are, each once."""
    missing = [file for file in long_first.LONG if not (long_first.ROOT / file).is_file()]
    assert missing == []
    assert len(set(long_first.LONG)) == len(long_first.LONG)
