"""A server of the postgres profile for tests: a database of its own, on the engines of the run."""

import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from subprocess import PIPE, CompletedProcess
from urllib.parse import urlsplit

import anyio
from tests.support.engines import empty_database
from tests.support.keeper import Urls


class Cluster:
    """Settings that lead to a database and a NATS, as environment variables."""

    def __init__(self, folder: Path, database: str, nats: str) -> None:
        self.folder = folder
        self.database = database
        self.data = folder / "data"
        self.environment = {
            "CHINWAG_DATA": str(self.data),
            "CHINWAG_STORE_PROFILE": "postgres",
            "CHINWAG_POSTGRES_URL": without_password(database),
            "CHINWAG_POSTGRES_PASSWORD_FILE": str(self._private("postgres", urlsplit(database).password)),
            "CHINWAG_NATS_URLS": without_user(nats),
            "CHINWAG_NATS_USER": urlsplit(nats).username or "",
            "CHINWAG_NATS_PASSWORD_FILE": str(self._private("nats", urlsplit(nats).password)),
        }

    async def run(self, *arguments: str, environment: Mapping[str, str] | None = None) -> CompletedProcess[bytes]:
        """One `chinwag` command on this cluster, to its end."""
        variables = {key: value for key, value in os.environ.items() if not key.startswith("CHINWAG_")}
        return await anyio.run_process(
            [sys.executable, "-m", "chinwag.cli", *arguments],
            check=False,
            stdout=PIPE,
            stderr=PIPE,
            env=variables | self.environment | dict(environment or {}),
            cwd=self.folder,
        )

    async def init(self) -> None:
        """`chinwag cluster init`."""
        done = await self.run("cluster", "init")
        assert done.returncode == 0, done.stderr.decode()

    def _private(self, name: str, words: str | None) -> Path:
        path = self.folder / f"{name}.password"
        path.touch(mode=0o600)
        path.write_text(f"{words}\n")
        return path


def without_password(url: str) -> str:
    """An address with its user, for a setting."""
    at = urlsplit(url)
    return at._replace(netloc=f"{at.username}@{at.hostname}:{at.port}").geturl()


def without_user(url: str) -> str:
    """An address with neither user nor password, for a setting."""
    at = urlsplit(url)
    return at._replace(netloc=f"{at.hostname}:{at.port}").geturl()


@asynccontextmanager
async def new_cluster(folder: Path, engines: Urls) -> AsyncIterator[Cluster]:
    """A cluster whose database is empty, and gone afterwards."""
    async with empty_database(engines.postgres) as database:
        yield Cluster(folder, database, engines.nats)
