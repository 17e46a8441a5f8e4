"""What judges the server stands outside of it: it knows the wire and the client, as anybody may."""

import ast
from collections.abc import Iterator
from pathlib import Path

import prove

OUTSIDE = ("chinwag.wire", "chinwag.client")
ROOT = Path(prove.__file__).parent
JUDGES = ("facts/*.py", "index/*.py", "promises/*.py", "right/*.py", "record.py", "ranges.py", "verdict.py", "check.py")
"""What makes a server wrong on purpose must know it from within, and is not among these."""


def test_only_the_wire_and_the_client_are_known() -> None:
    inside = {
        f"{path.relative_to(ROOT)}: {name}"
        for pattern in JUDGES
        for path in ROOT.glob(pattern)
        for name in _imported(path)
        if name.split(".")[0] == "chinwag" and not any(f"{name}.".startswith(f"{one}.") for one in OUTSIDE)
    }
    assert inside == set()


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module
