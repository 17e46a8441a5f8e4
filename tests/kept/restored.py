"""A server on a kept dump of PostgreSQL, brought back as an operator would: read it in, bring its tables up to this
version, begin a new life."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from prove.process import ServerProcess
from tests.support.clusters import Cluster

from chinwag.engines.programs import cache_folder, fetch


@asynccontextmanager
async def begun_on_dump(cluster: Cluster, dump: Path, secret: bytes, folder: Path) -> AsyncIterator[ServerProcess]:
    """Not started yet. secret: the cluster's, kept with the dump. folder: for a file with it."""
    program = str(fetch(cache_folder(), lambda _: None).postgres / "pg_restore")
    read_in = ["--exit-on-error", "--no-owner", f"--dbname={cluster.database}", str(dump)]
    done = await anyio.run_process([program, *read_in], check=False)
    assert done.returncode == 0, done.stderr.decode()
    file = folder / "cluster.secret"
    file.touch(mode=0o600)
    file.write_bytes(secret)
    cluster.environment["CHINWAG_CLUSTER_SECRET_FILE"] = str(file)
    await cluster.init()
    new_life = await cluster.run("cluster", "restored")
    assert new_life.returncode == 0, new_life.stderr.decode()
    process = ServerProcess(cluster.data, environment=cluster.environment)
    try:
        yield process
    finally:
        process.end()
