"""What the tests of the flow share."""

import pytest

from chinwag.adapters.relational import directory


@pytest.fixture(autouse=True)
def _a_patient_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    """How long this machine takes for a transaction says nothing about the flow. That of a directory which does not
    answer is bounded is tested with its adapters."""
    monkeypatch.setattr(directory, "BOUND", 60.0)
