"""PostgreSQL as a process: its folder made, started, seen to be ready, ended."""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from chinwag.engines import process
from chinwag.engines.errors import EngineError
from chinwag.engines.place import Place
from chinwag.engines.process import Running
from chinwag.lasting import new_file, new_folder

USER: Final = "chinwag"
"""The database's superuser, and the name of the database that is made with it."""
READY_SECONDS: Final = 120.0
"""A start after a crash applies what the crash left in the journal."""
END_SECONDS: Final = 60.0
MAKE_SECONDS: Final = 120.0


class Postgres:
    """PostgreSQL in `place`, its programs in the folder `programs`.

    settings: more of postgresql.conf, such as `{"fsync": "off"}`. locale: of a folder that is made anew. environment:
    variables for its processes, such as LOCPATH.
    """

    name: Final = "PostgreSQL"

    def __init__(
        self,
        programs: Path,
        place: Place,
        *,
        settings: Mapping[str, str] | None = None,
        locale: str = "C",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._programs = programs
        self._place = place
        self._settings = dict(settings or {})
        self._locale = locale
        # Nothing of PGHOST, PGDATA and their kin: they are for other databases.
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        self._environment = kept | {"TZ": "UTC"} | dict(environment or {})
        self._home = place.folder / "postgres"
        self._data = self._home / "data"
        self.log = place.folder / "postgres.log"

    def launch(self, host: str, port: int, password: str) -> Running:
        """Start it; make its folder, with `password` for its superuser, if there is none. Raises `EngineError`."""
        if not self._data.is_dir():
            self._make(password)
        self._forget_the_dead()
        settings = {"listen_addresses": host, "port": str(port), "unix_socket_directories": "", **self._settings}
        flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command = [str(self._programs / "postgres"), "-D", str(self._data), *flags]
        return process.launch(command, self.log, self._place, self._environment, host, port)

    def wait(self, one: Running) -> None:
        """Return when it takes connections. Raises `EngineError`, `PortTakenError` if something else has its port."""
        process.wait_until_ready(
            self.name,
            one,
            lambda: self._ready(one.pid),
            READY_SECONDS,
            self.log,
            taken="Address already in use",
            flag="--engines-postgres-port",
            ending="pre-existing shared memory block",  # sessions of a server that was killed end one by one
        )

    def stop(self, one: Running) -> None:
        """End it: sessions are cut, what is committed is on disk. Raises `EngineError`."""
        process.stop(self.name, one, signal.SIGINT, END_SECONDS)

    def _ready(self, pid: int) -> bool:
        """Whether the server says so itself: the first line of its file is its number, the eighth its state, which is
        `standby` for one that follows another and can be read."""
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() in ("ready", "standby")

    def _forget_the_dead(self) -> None:
        """Take the file of a server away that has ended and whose number nobody has taken from it yet: in a container
        whose first process gathers no dead, that is never, and PostgreSQL takes the dead one for a live one. Whether
        any of its sessions lives on PostgreSQL sees by itself, from the memory that they share."""
        lock = self._data / "postmaster.pid"
        with contextlib.suppress(OSError, ValueError, IndexError):
            if not process.began(int(lock.read_text().splitlines()[0])):
                lock.unlink()

    def _make(self, password: str) -> None:
        """Make the folder under another name first: one that is there is whole."""
        if not self._home.is_dir():
            self._place.hand_over(new_folder(self._home))
        draft, secret = self._home / "draft", self._home / "password"
        shutil.rmtree(draft, ignore_errors=True)
        secret.unlink(missing_ok=True)
        try:
            with new_file(secret) as file:
                file.write(password.encode())
            self._place.hand_over(secret)
            self._run(
                "initdb",
                [
                    *("-D", str(draft), "--encoding=UTF8", f"--locale={self._locale}", f"--username={USER}"),
                    *(f"--pwfile={secret}", "--auth-local=reject", "--auth-host=scram-sha-256", "--no-instructions"),
                ],
            )
        finally:
            secret.unlink(missing_ok=True)
        self._run("postgres", ["--single", "-D", str(draft), "postgres"], f"CREATE DATABASE {USER}\n")
        draft.rename(self._data)

    def _run(self, program: str, arguments: Sequence[str], said: str = "") -> None:
        place = self._place
        try:
            done = subprocess.run(  # noqa: S603 - our own words
                [str(self._programs / program), *arguments],
                input=said,
                capture_output=True,
                text=True,
                check=False,
                cwd="/",
                env=self._environment,
                user=place.uid,
                group=place.gid,
                extra_groups=None if place.uid is None else [],
                timeout=MAKE_SECONDS,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise EngineError(f"{program} cannot make {self._home}: {error}") from error
        if done.returncode:
            raise EngineError(f"{program} cannot make {self._home}:\n{done.stderr.strip()[-1000:]}")
