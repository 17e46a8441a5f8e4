"""Bounds that are there for databases that do not answer, and say nothing of what a busy machine takes."""

import pytest

from chinwag.adapters.relational import directory


@pytest.fixture(autouse=True)
def a_patient_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A transaction in this process may take a minute. That a directory which does not answer is bounded is tested with
    its adapters and with its promise (P14)."""
    monkeypatch.setattr(directory, "BOUND", 60.0)
