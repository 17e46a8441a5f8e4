"""What is awaited while something of an object is held already: the object may hold something else afterwards."""

import ast
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "chinwag"


def test_nothing_of_an_object_is_taken_before_a_wait_and_used_after_it() -> None:
    """`self.done.append(await one)` looks `done` up first: a list that was put in its place meanwhile gets nothing.
    `self.count += await one` forgets what others counted meanwhile."""
    found = [
        f"{path.relative_to(SOURCE)}: {ast.unparse(node)}"
        for path in sorted(SOURCE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if _held_over_a_wait(node)
    ]
    assert found == []


def _held_over_a_wait(node: ast.AST) -> bool:
    if isinstance(node, ast.AugAssign):
        return isinstance(node.target, ast.Attribute) and _waits(node.value)
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"append", "extend", "add", "update", "insert", "appendleft"}
        and isinstance(node.func.value, ast.Attribute)
        and ast.unparse(node.func.value.value) == "self"
        and any(_waits(argument) for argument in (*node.args, *(one.value for one in node.keywords)))
    )


def _waits(node: ast.AST) -> bool:
    return any(isinstance(each, ast.Await) for each in ast.walk(node))
