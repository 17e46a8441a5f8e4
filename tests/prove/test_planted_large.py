"""Each thing on which large groups rest is forgotten once, and the test that is there against it must fail."""

import asyncio
import inspect
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from prove.faults.wrong import LARGE, large


@pytest.mark.parametrize("name", LARGE)
async def test_what_is_forgotten_is_found(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def replace(owner: Any, what: str, by: Callable[[Any], Any]) -> None:
        monkeypatch.setattr(owner, what, by(getattr(owner, what)))

    finder = _finder(LARGE[name].test)
    known: dict[str, object] = {"tmp_path": tmp_path, "how": "left", "monkeypatch": monkeypatch}
    given = {one: known[one] for one in inspect.signature(finder).parameters}
    monkeypatch.setattr(large, "replace", replace)
    LARGE[name].plant()
    with pytest.raises(AssertionError):
        await _tried(finder, given)


async def _tried(finder: Callable[..., Any], given: dict[str, object]) -> None:
    if inspect.iscoroutinefunction(finder):
        await finder(**given)
    else:  # some of these run loops of their own
        await asyncio.to_thread(finder, **given)


def _finder(test: str) -> Callable[..., Any]:
    file, _, name = test.partition("::")
    module = import_module("tests." + file.removesuffix(".py").replace("/", "."))
    found: Callable[..., Any] = getattr(module, name)
    return found
