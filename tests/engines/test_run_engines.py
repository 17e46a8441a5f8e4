"""The engines of a run of tests: real, set up so that mistakes show, and gone with the run however it ends."""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import textwrap
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from tests.support.engines import folder_of
from tests.support.keeper import KEPT, Urls

ROOT = Path(__file__).parents[2]
KILLED = """
    import os, signal
    from pathlib import Path
    from tests.support.engines import folder_of

    def test_ends_its_run(engine_urls, request):
        Path("told").write_text(f"{folder_of(request.config)} {engine_urls.postgres}")
        os.kill(os.getpid(), signal.NUMBER)
"""


async def test_a_test_has_a_database_of_its_own_that_orders_as_people_do(postgres_url: str) -> None:
    database = await asyncpg.connect(postgres_url)
    assert await database.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
    words = "(VALUES ('g~10'), ('G~3'), ('g~2'), ('ab'), ('a-c')) AS words (word)"
    ordered = await database.fetchval(f"SELECT string_agg(word, ' ' ORDER BY word) FROM {words}")
    assert ordered == "ab a-c g~10 g~2 G~3"
    assert await database.fetchval("SHOW server_version_num") >= "160000"
    await database.close()


def test_nats_takes_who_knows_its_password_and_long_messages(nats_url: str) -> None:
    place = urlsplit(nats_url)
    with socket.create_connection((place.hostname, place.port), timeout=90) as connection:
        lines = connection.makefile("rwb")
        assert b'"max_payload":8388608' in lines.readline()
        lines.write(
            f'CONNECT {{"user":"{place.username}","pass":"{place.password}","verbose":false}}\r\nPING\r\n'.encode()
        )
        lines.flush()
        assert lines.readline() == b"PONG\r\n"
    with socket.create_connection((place.hostname, place.port), timeout=90) as connection:
        lines = connection.makefile("rwb")
        lines.readline()
        lines.write(b'CONNECT {"user":"chinwag","pass":"guessed","verbose":false}\r\nPING\r\n')
        lines.flush()
        assert b"Authorization Violation" in lines.readline()


def test_all_workers_of_a_run_share_the_engines(engine_urls: Urls, pytestconfig: pytest.Config) -> None:
    folder = folder_of(pytestconfig)
    given = getattr(pytestconfig, "workerinput", {}).get("engines")
    assert given is None or str(folder) == given
    with (folder / KEPT).open("rb") as kept, pytest.raises(BlockingIOError):
        fcntl.flock(kept, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert engine_urls.postgres.startswith("postgresql://")


@pytest.mark.parametrize("number", ["SIGKILL", "SIGCONT"])
def test_they_end_with_their_run_however_it_ends(number: str, tmp_path: Path) -> None:
    """SIGCONT does nothing: that run ends by itself."""
    (tmp_path / "test_it.py").write_text(textwrap.dedent(KILLED).replace("NUMBER", number))
    (tmp_path / "conftest.py").write_text("from tests.conftest import pytest_configure\n")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode in (0, -getattr(signal, number)), ran.stdout
    folder, _, url = (tmp_path / "told").read_text().partition(" ")
    kept = Path(folder) / KEPT
    if kept.exists():  # the keeper may be busy ending
        with kept.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
    place = urlsplit(url)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((place.hostname, place.port), timeout=90)
