"""Of a wide group the state knows the admins alone: who looks for members there takes all others for strangers.

So whoever reads about members asks `flow/membership_of.py`; the rules of the domain, which are given the rows, decide.
"""

import ast
from pathlib import Path

import chinwag

SOURCE = Path(chinwag.__file__).parent
READERS = ("flow", "roles", "assembly", "life", "ports", "adapters")
"""Where states are read. What clients hold is another thing."""
ASKED = "flow/membership_of.py"
SMALL = {
    # What these do is done for nobody where a group is wide, and they say so themselves.
    "flow/acquaintances.py": "own.state",
    "flow/export.py": "state",
    "flow/history.py": "state",
    "flow/marks.py": "state, one.state",
    "flow/marks_told.py": "state, self.state",
    "flow/push/follow.py": "state",
    "flow/typing.py": "state",
    "flow/conversations.py": "state",
    "flow/state_cache.py": "state",
}
OTHERS = {"action", "data", "group", "view", "self", "listed", "listed.c", "row", "chinwag.adapters.embedded"}
"""Whose `members` are something else: those that a command names, a view shows, a card counts."""


def test_members_are_looked_for_in_one_place() -> None:
    wrong = [
        f"{name}:{line}: {of}.members"
        for folder in READERS
        for path in sorted((SOURCE / folder).rglob("*.py"))
        for name in [path.relative_to(SOURCE).as_posix()]
        if name != ASKED
        for line, of in _members(path)
        if of not in OTHERS and of not in SMALL.get(name, "").split(", ")
    ]
    assert not wrong, f"ask {ASKED} instead: {wrong}"


def test_each_place_that_looks_itself_minds_wide_groups() -> None:
    for name, states in SMALL.items():
        text = (SOURCE / name).read_text()
        found = {of for _, of in _members(SOURCE / name)}
        assert found >= set(states.split(", ")), f"{name} is named for nothing"
        assert ".wide" in text, f"{name} does not mind wide groups"


def _members(path: Path) -> list[tuple[int, str]]:
    return [
        (node.lineno, ast.unparse(node.value))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "members"
    ]
