"""A PostgreSQL server of one test alone, which may be killed, begun again, and followed by a standby."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from chinwag.engines import Place, Postgres, fetch
from chinwag.engines.postgres import USER
from chinwag.engines.process import Running, lives, wait_until
from chinwag.engines.programs import Programs, cache_folder

_PASSWORD: Final = "of-one-test"
STANDBY: Final = "standby"
"""The name of a standby, for `synchronous_standby_names`."""


class OwnPostgres:
    """Begun by `own_postgres` and `standby_of`."""

    def __init__(self, programs: Programs, home: Path, settings: Mapping[str, str]) -> None:
        self.programs = programs
        self.place = Place.make(home)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._engine = Postgres(programs.postgres, self.place, settings={"max_connections": "200", **settings})
        self._running: Running | None = None
        self.url: Final = f"postgresql://{USER}:{_PASSWORD}@127.0.0.1:{self.port}/{USER}"

    def begin(self) -> None:
        """Start it, and wait until it takes connections."""
        self._running = self._engine.launch("127.0.0.1", self.port, _PASSWORD)
        self._engine.wait(self._running)

    def stop(self) -> None:
        """End it in good order, if it lives."""
        if self._running is not None:
            self._engine.stop(self._running)

    @property
    def live(self) -> bool:
        """Whether its first process is there."""
        return self._running is not None and lives(self._running)

    def ended(self) -> None:
        """Wait until it has ended by itself."""
        assert wait_until(lambda: not self.live, 60.0)

    def kill(self) -> None:
        """kill -9 of its first process, and wait until that is gone; its sessions end by themselves."""
        assert self._running is not None
        running = self._running
        os.kill(running.pid, signal.SIGKILL)
        assert wait_until(lambda: not lives(running), 30.0)


@contextmanager
def own_postgres(
    settings: Mapping[str, str] | None = None,
    prepare: Callable[[Place, Path], None] = lambda _place, _folder: None,
) -> Iterator[OwnPostgres]:
    """A server at work, gone afterwards. settings: of its postgresql.conf. prepare: given the folder in which it keeps
    everything, which is not there yet, before it starts."""
    programs = fetch(cache_folder(), lambda _: None)
    with _home() as home:
        server = OwnPostgres(programs, home, settings or {})
        prepare(server.place, home / "postgres")
        with _at_work(server):
            yield server


@contextmanager
def standby_of(primary: OwnPostgres) -> Iterator[OwnPostgres]:
    """A server that follows `primary` from a base backup of it, as docs/cluster.md says; gone afterwards."""
    with _home() as home:
        server = OwnPostgres(primary.programs, home, {"cluster_name": STANDBY})
        place = server.place
        (home / "postgres").mkdir()
        place.hand_over(home / "postgres")
        subprocess.run(
            [
                primary.programs.postgres / "pg_basebackup",
                *("--write-recovery-conf", "--checkpoint=fast", "--dbname", primary.url),
                *("--pgdata", home / "postgres" / "data"),
            ],
            check=True,
            capture_output=True,
            cwd="/",
            user=place.uid,
            group=place.gid,
            extra_groups=None if place.uid is None else [],
        )
        with _at_work(server):
            yield server


@contextmanager
def _at_work(server: OwnPostgres) -> Iterator[OwnPostgres]:
    try:
        server.begin()
        yield server
    finally:
        server.stop()


@contextmanager
def _home() -> Iterator[Path]:
    home = Path(tempfile.mkdtemp(prefix="chinwag-postgres-"))  # not the test's: root's engines run as another user
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)
