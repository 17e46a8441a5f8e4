"""No two modules know each other, not even for their types: one of them can be read, and changed, without the other."""

import ast
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import prove


def circle(root: Path) -> list[str]:
    """The modules of one circle of imports in a package; none if there is no circle."""
    package = root.name
    files = {_name(path, root): path for path in root.rglob("*.py")}
    graph: Mapping[str, set[str]] = {
        name: {one for one in _imported(path, package) if one in files and one != name} for name, path in files.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def _name(path: Path, root: Path) -> str:
    parts = path.relative_to(root.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported(path: Path, package: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == package:
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("root", [Path(prove.__file__).parent], ids=lambda root: root.name)
def test_no_module_is_known_by_one_that_it_knows(root: Path) -> None:
    assert circle(root) == []


def test_a_circle_is_found(tmp_path: Path) -> None:
    root = tmp_path / "house"
    root.mkdir()
    (root / "__init__.py").write_text("")
    (root / "door.py").write_text("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from house import key\n")
    (root / "key.py").write_text("import house.door\n")
    assert set(circle(root)) == {"house.door", "house.key"}
    (root / "door.py").write_text("")
    assert circle(root) == []
