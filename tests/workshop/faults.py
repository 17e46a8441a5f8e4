"""Faults that are planted in the workbench."""

import pytest

from chinwag.adapters.workshop import bench


def plant(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on processes begin with it."""
    begin, mark, rest = bench._BOOT.partition("from chinwag.workbench.main")
    monkeypatch.setattr(bench, "_BOOT", f"{begin.rstrip('; ')}\n{fault}\n{mark}{rest}")
