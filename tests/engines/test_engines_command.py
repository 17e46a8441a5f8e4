"""`chinwag engines`: starts, shows and ends PostgreSQL and NATS, and touches no process but its own."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import msgspec
import pytest

from chinwag.engines import EngineError, Place, process
from chinwag.engines.process import Running


class Command:
    """The command on a folder of its own, with free ports."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, verb: str, *flags: str) -> tuple[int, str]:
        """Its exit code and what it said."""
        command = [sys.executable, "-m", "chinwag.cli", "engines", verb, "--engines-path", str(self.folder), *flags]
        if not flags:
            command += ["--engines-postgres-port", "0", "--engines-nats-port", "0"]
        ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
        assert "Traceback" not in ran.stderr, ran.stderr
        return ran.returncode, ran.stdout + ran.stderr

    def running(self) -> dict[str, Running]:
        return msgspec.json.decode((self.folder / "running.json").read_bytes(), type=dict[str, Running])


@pytest.fixture
def engines() -> Iterator[Command]:
    # not in tmp_path: where root runs the tests, the engines' user may not enter that
    folder = Path(tempfile.mkdtemp(prefix="chinwag-test-engines-")).resolve()
    command = Command(folder)
    yield command
    with contextlib.suppress(FileNotFoundError):
        command("down")
    shutil.rmtree(folder)


async def test_up_and_down_and_up_again(engines: Command) -> None:
    code, said = engines("up")
    assert code == 0, said
    assert "PostgreSQL is ready on 127.0.0.1:" in said
    first = engines.running()
    assert engines("up")[1].count("runs already") == 2
    assert engines.running() == first
    code, said = engines("status")
    assert code == 0
    [url] = [word for word in said.split() if word.startswith("postgresql://")]
    database = await asyncpg.connect(url)
    await database.execute("CREATE TABLE kept (word TEXT)")
    assert await database.fetchval("SHOW fsync") == "on"
    await database.close()
    wrong = urlsplit(url)._replace(netloc=f"chinwag:guessed@127.0.0.1:{urlsplit(url).port}").geturl()
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(wrong)

    taken = str(urlsplit(url).port)
    code, said = engines("up", "--engines-postgres-port", "1" + taken[1:], "--engines-nats-port", "0")
    assert code == 1
    assert f"PostgreSQL runs on port {taken} already: end it first" in said

    code, said = engines("down")
    assert (code, said) == (0, "NATS has ended\nPostgreSQL has ended\n")
    assert not any(process.lives(one) for one in first.values())
    assert engines("status")[0] == 1
    assert engines("down")[1].count("did not run") == 2
    code, said = engines("up", "--engines-postgres-port", taken, "--engines-nats-port", "0")
    assert code == 0, said
    database = await asyncpg.connect(url)
    assert await database.fetchval("SELECT count(*) FROM kept") == 0
    await database.close()


async def test_what_ended_by_itself_is_told_and_started_again(engines: Command) -> None:
    assert engines("up")[0] == 0
    killed = engines.running()
    for one in killed.values():
        os.kill(one.pid, signal.SIGKILL)
        assert process.wait_until(lambda one=one: not process.lives(one), 60)  # type: ignore[misc]
    code, said = engines("status")
    assert (code, said.count("it ended by itself")) == (1, 2)
    code, said = engines("up")
    assert code == 0, said
    assert engines.running().keys() == killed.keys()


def test_a_port_that_is_taken_is_named_with_what_to_type(engines: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        code, said = engines("up", "--engines-postgres-port", port, "--engines-nats-port", "0")
    assert code == 1
    assert f"port {port} of 127.0.0.1 is taken: choose another with --engines-postgres-port" in said


def test_another_process_of_that_number_is_left_alone(engines: Command) -> None:
    """Numbers come again: after a restart of the machine what is remembered may be anybody's."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        stale = Running(other.pid, "another time", "127.0.0.1", 1, 0)
        place = Place.make(engines.folder)
        assert place.folder == engines.folder
        (engines.folder / "running.json").write_bytes(msgspec.json.encode({"postgres": stale, "nats": stale}))
        assert engines("status")[1].count("it ended by itself") == 2
        assert engines("down")[1].count("did not run") == 2
        assert other.poll() is None
        other.kill()


def test_to_look_makes_nothing(tmp_path: Path) -> None:
    command = Command(tmp_path / "none")
    for verb in ("status", "down"):
        assert f"no engines in {tmp_path / 'none'} yet" in command(verb)[1]
    assert not (tmp_path / "none").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="another user's engines run as that user")
def test_roots_folder_must_be_where_its_engines_user_may_go(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(EngineError, match=r"who may not enter .*: name a folder outside of it with --engines-path"):
        Place.make(closed / "engines")
    (closed / "mine").write_text("root's")
    with pytest.raises(EngineError, match="is root's and not empty"):
        Place.make(closed)


@pytest.mark.parametrize("lay", [os.symlink, os.link], ids=["symbolic", "hard"])
def test_a_link_that_somebody_laid_is_not_written_into(
    engines: Command, tmp_path: Path, lay: Callable[[Path, Path], None]
) -> None:
    (tmp_path / "precious").write_text("mine")
    Place.make(engines.folder)
    lay(tmp_path / "precious", engines.folder / "postgres.log")
    assert engines("up")[0] == 1
    assert (tmp_path / "precious").read_text() == "mine"
    (engines.folder / "postgres.log").unlink()
