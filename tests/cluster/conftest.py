"""Clusters for tests: on the engines of the run, each with a database of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.cluster.wide_site import WideNodes, WideSite, wide_site
from tests.support.clusters import Cluster, new_cluster
from tests.support.keeper import Urls


@pytest.fixture
async def cluster(tmp_path: Path, engine_urls: Urls) -> AsyncIterator[Cluster]:
    """One whose database is empty."""
    async with new_cluster(tmp_path, engine_urls) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(
    nodes: WideNodes, tmp_path_factory: pytest.TempPathFactory, engine_urls: Urls
) -> AsyncIterator[WideSite]:
    """One of the cassandra profile at work, for a whole file, which has a fixture `nodes` of its own for it."""
    async with wide_site(nodes, tmp_path_factory.mktemp("site"), engine_urls) as made:
        yield made
