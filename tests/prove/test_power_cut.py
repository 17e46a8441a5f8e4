"""Power cuts of a real server under load: nothing confirmed is lost; and with a sync taken away, that is noticed."""

import asyncio
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from prove.power.proof import Proof
from rocksdict import Options, Rdict
from tests.prove.test_power_disk import left, played

ROOT = Path(__file__).parents[2]


async def test_nothing_confirmed_is_lost(tmp_path: Path) -> None:
    proof = Proof(tmp_path, seed=1, acks=150, people=6)
    try:
        outcome = await proof.run(4, print)
    finally:
        proof.server.end()
        print(proof.server.log()[-5000:])
    assert outcome.verdict.words == []
    assert outcome.cuts >= 4
    assert outcome.acked >= 300
    assert outcome.changes >= 30


@pytest.mark.parametrize("store", ["rocksdb", "sqlite"])
async def test_a_sync_taken_away_is_noticed(store: str) -> None:
    arguments = (
        "--cuts",
        "2",
        "--seed",
        "1",
        "--acks",
        "120",
        "--people",
        "6",
        "--way",
        "bare",
        "--without-sync",
        store,
    )
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "prove.power", *arguments, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    said, _ = await running.communicate()
    line = said.decode().splitlines()[-1]
    assert running.returncode == 1, said.decode()
    assert line.startswith("power: cuts=")
    lost = int(dict(part.split("=") for part in line.split()[1:])["lost"])
    assert lost > 0, said.decode()


SQLITE = """
import sqlite3
database = sqlite3.connect("rows", isolation_level=None)
database.execute("PRAGMA journal_mode=WAL")
database.execute("PRAGMA synchronous={level}")
database.execute("CREATE TABLE rows (row INTEGER)")
for row in range(20):
    database.execute("INSERT INTO rows VALUES (?)", (row,))
os._exit(0)
"""


@pytest.mark.parametrize(("level", "kept"), [("FULL", 20), ("NORMAL", None)])
def test_sqlite_keeps_what_it_committed_only_if_it_is_told_to_sync(
    tmp_path: Path, level: str, kept: int | None
) -> None:
    """What the directory relies on; the second is what a server set up wrongly would do."""
    _write(tmp_path / "after", left(played(tmp_path, SQLITE.format(level=level))))
    database = sqlite3.connect(tmp_path / "after" / "rows")
    if kept is None:
        with pytest.raises(sqlite3.OperationalError):
            database.execute("SELECT count(*) FROM rows")
    else:
        assert database.execute("SELECT count(*) FROM rows").fetchone() == (kept,)
    database.close()


ROCKSDB = """
from rocksdict import Options, Rdict, WriteOptions
options = Options(raw_mode=True)
options.create_if_missing(True)
writing = WriteOptions()
writing.sync = {sync}
db = Rdict("rows", options)
sync_names()
for row in range(20):
    db.put(b"%d" % row, b"row", writing)
os._exit(0)
"""


@pytest.mark.parametrize(("sync", "kept"), [(True, 20), (False, 0)])
def test_rocksdb_keeps_what_it_wrote_only_if_it_is_told_to_sync(tmp_path: Path, sync: bool, kept: int) -> None:
    """What the message store relies on."""
    _write(tmp_path / "after", left(played(tmp_path, ROCKSDB.format(sync=sync))))
    db = Rdict(str(tmp_path / "after" / "rows"), Options(raw_mode=True))
    assert sum(1 for _ in db.items()) == kept
    db.close()


def _write(folder: Path, files: dict[str, bytes]) -> None:
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
