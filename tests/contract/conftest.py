"""Every contract suite runs over every adapter."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from harness import HARNESSES, Harness


@pytest.fixture(params=sorted(HARNESSES))
async def ports(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Harness]:
    """All ports of one adapter, serving."""
    harness: Harness = HARNESSES[request.param](tmp_path / "data")
    await harness.start()
    yield harness
    harness.fault.passing.set()
    await harness.stop()
