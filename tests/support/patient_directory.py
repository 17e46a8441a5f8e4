"""Bounds that are there for databases that do not answer, and say nothing of what a busy machine takes."""

from collections.abc import Iterator
from typing import Final

import pytest

from chinwag.adapters.relational import directory, sqlite
from chinwag.flow.access import admission

SECONDS: Final = 60.0


@pytest.fixture(scope="module", autouse=True)
def a_patient_directory() -> Iterator[None]:
    """A transaction in this process may take a minute, and so may the wait for a connection, for a lock, and for who
    it is that asks. That a directory which does not answer is bounded is tested with its adapters, where all is as it
    is (tests/contract), and with its promise (P14), where servers have processes of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(directory, "BOUND", SECONDS)
        patch.setattr(sqlite, "BUSY_MS", int(1000 * SECONDS))
        patch.setattr(admission, "BOUND", SECONDS)
        yield
