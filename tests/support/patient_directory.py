"""Bounds that are there for databases that do not answer, and say nothing of what a busy machine takes."""

import pytest

from chinwag.adapters.relational import directory, sqlite
from chinwag.flow.access import admission

SECONDS = 60.0


@pytest.fixture(autouse=True)
def a_patient_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A transaction in this process may take a minute, and so may the wait for a connection, for a lock, and for who
    it is that asks. That a directory which does not answer is bounded is tested with its adapters and with its promise
    (P14)."""
    monkeypatch.setattr(directory, "BOUND", SECONDS)
    monkeypatch.setattr(sqlite, "BUSY_MS", int(1000 * SECONDS))
    monkeypatch.setattr(admission, "BOUND", SECONDS)
