"""Clusters for tests: on the engines of the run, each with a database of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.clusters import Cluster, new_cluster
from tests.support.keeper import Urls


@pytest.fixture
async def cluster(tmp_path: Path, engine_urls: Urls) -> AsyncIterator[Cluster]:
    """One whose database is empty."""
    async with new_cluster(tmp_path, engine_urls) as made:
        yield made
