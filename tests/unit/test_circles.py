"""No two modules know each other, not even for their types: one of them can be read, and changed, without the other."""

import ast
from collections.abc import Collection, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from types import ModuleType

import pytest

import chinwag
import prove


def circle(root: Path) -> list[str]:
    """The modules of one circle of imports in a package; none if there is no circle."""
    package = root.name
    files = {_name(path, root): path for path in root.rglob("*.py")}
    graph: Mapping[str, set[str]] = {
        name: set(_imported(path, package, files.keys())) - {name} for name, path in files.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def _name(path: Path, root: Path) -> str:
    parts = path.relative_to(root.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported(path: Path, package: str, modules: Collection[str]) -> Iterator[str]:
    """The modules of `package` that a file names. A part of one is that part; else it is its package that is meant."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == package:
            assert node.module is not None
            for alias in node.names:
                part = f"{node.module}.{alias.name}"
                yield part if part in modules else node.module


@pytest.mark.parametrize("package", [chinwag, prove], ids=lambda package: package.__name__)
def test_no_module_is_known_by_one_that_it_knows(package: ModuleType) -> None:
    assert package.__file__ is not None
    assert circle(Path(package.__file__).parent) == []


def test_a_circle_is_found(tmp_path: Path) -> None:
    root = tmp_path / "house"
    root.mkdir()
    (root / "__init__.py").write_text("")
    (root / "door.py").write_text("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from house import key\n")
    (root / "key.py").write_text("import house.door\n")
    assert set(circle(root)) == {"house.door", "house.key"}
    (root / "door.py").write_text("")
    assert circle(root) == []
