"""What the tests themselves keep to."""

import re
from collections.abc import Iterator
from pathlib import Path

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
    """A test that runs the bench is told apart from those that run beside others."""
    bench = ROOT / "tests" / "bench"
    runs = [path for path in bench.glob("test_*.py") if re.search(r'"bench"|bench"\)|works', path.read_text())]
    assert len(runs) >= 4
    assert [path.name for path in runs if "pytestmark = pytest.mark.measuring" not in path.read_text()] == []


def test_no_two_files_of_tests_are_one_module() -> None:
    """Where a folder is no package its files are known by their names alone, and pytest takes only the first."""
    names = [path.stem for path in sources() if not (path.parent / "__init__.py").exists()]
    assert sorted({name for name in names if name.startswith("test_") and names.count(name) > 1}) == []
