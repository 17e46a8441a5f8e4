"""The disk that forgets: a program writes with and without syncs, and exactly what must be is there after the cut."""

import copy
import random
import subprocess
import sys
from pathlib import Path

import pytest
from prove.power.cut import Way, cut, differences
from prove.power.disk import Disk, File, Unmodelled
from prove.power.library import environment
from prove.power.record import Kind, Recorded, read_record

PRELUDE = """
import os, shutil, threading
def put(path, data, *, sync, how="wb"):
    with open(path, how) as file:
        file.write(data)
        file.flush()
        if sync:
            os.fsync(file.fileno())
def sync_names(path="."):
    folder = os.open(path, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)
"""


def played(folder: Path, program: str, without_sync: str | None = None) -> Disk:
    """A disk on which `program` ran. It holds `old`, with `then`, from before."""
    root, record = folder / "disk", folder / "record"
    root.mkdir()
    (root / "old").write_bytes(b"then")
    disk = Disk(root)
    given = environment(root, record, without_sync)
    done = subprocess.run([sys.executable, "-c", PRELUDE + program], cwd=root, env=given, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    with record.open("rb") as file:
        disk.play(read_record(file))
    assert differences(disk) == []
    return disk


def left(disk: Disk, way: Way = "bare", seed: int = 1) -> dict[str, bytes]:
    """The files on it after the cut."""
    image = cut(disk, way, random.Random(seed))
    return {str(path): content for path, (_, content) in image.files.items()}


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        pytest.param("pass", {"old": b"then"}, id="nothing"),
        pytest.param('put("new", b"x", sync=True); sync_names()', {"old": b"then", "new": b"x"}, id="all synced"),
        pytest.param('put("new", b"x", sync=False); sync_names()', {"old": b"then", "new": b""}, id="name only"),
        pytest.param('put("new", b"x", sync=True)', {"old": b"then"}, id="content only"),
        pytest.param('put("old", b" more", sync=False, how="ab")', {"old": b"then"}, id="more not synced"),
        pytest.param('put("old", b" more", sync=True, how="ab")', {"old": b"then more"}, id="more synced"),
        pytest.param('put("old", b"N", sync=False, how="r+b")', {"old": b"then"}, id="over it not synced"),
        pytest.param('put("old", b"N", sync=True, how="r+b")', {"old": b"Nhen"}, id="over it synced"),
        pytest.param('put("old", b"", sync=False)', {"old": b"then"}, id="emptied"),
        pytest.param('os.truncate("old", 2)', {"old": b"then"}, id="cut short"),
        pytest.param(
            'f = os.open("old", os.O_WRONLY); os.pwrite(f, b"A", 0); os.fdatasync(f); os.pwrite(f, b"B", 1)',
            {"old": b"Ahen"},
            id="a write after the sync",
        ),
        pytest.param(
            'f = os.open("old", os.O_WRONLY | os.O_DSYNC); os.pwrite(f, b"A", 0)', {"old": b"Ahen"}, id="O_DSYNC"
        ),
        pytest.param(
            'f = os.dup(os.open("old", os.O_WRONLY)); os.writev(f, [b"A", b"B"]); os.fsync(f)',
            {"old": b"ABen"},
            id="a copied descriptor",
        ),
        pytest.param(
            'put("d", b"now", sync=True); os.replace("d", "old")', {"old": b"then"}, id="renamed, the folder not synced"
        ),
        pytest.param(
            'put("d", b"now", sync=True); os.replace("d", "old"); sync_names()', {"old": b"now"}, id="renamed, synced"
        ),
        pytest.param(
            'put("d", b"now", sync=False); os.replace("d", "old"); sync_names()',
            {"old": b""},
            id="renamed, the content not synced",
        ),
        pytest.param('os.unlink("old")', {"old": b"then"}, id="unlinked"),
        pytest.param('os.unlink("old"); sync_names()', {}, id="unlinked, synced"),
        pytest.param('os.link("old", "too"); sync_names()', {"old": b"then", "too": b"then"}, id="linked"),
        pytest.param(
            'os.mkdir("f"); put("f/x", b"x", sync=True); sync_names("f")', {"old": b"then"}, id="a folder not synced"
        ),
        pytest.param(
            'os.mkdir("f"); sync_names(); put("f/x", b"x", sync=True); sync_names("f")',
            {"old": b"then", "f/x": b"x"},
            id="a folder, synced",
        ),
        pytest.param(
            'os.mkdir("f"); sync_names(); os.rename("old", "f/old"); sync_names("f")',
            {"f/old": b"then"},
            id="moved: it goes from here when it has come there",
        ),
        pytest.param(
            'os.unlink("old"); put("old", b"again", sync=True)', {"old": b"then"}, id="another file of the same name"
        ),
    ],
)
def test_after_a_bare_cut_there_is_what_was_synced_and_nothing_else(
    tmp_path: Path, program: str, expected: dict[str, bytes]
) -> None:
    assert left(played(tmp_path, program)) == expected


def test_a_sync_that_is_taken_away_is_a_sync_that_was_not_made(tmp_path: Path) -> None:
    program = 'put("log", b"x", sync=True); put("other", b"x", sync=True); sync_names()'
    assert left(played(tmp_path, program, without_sync="l*")) == {"old": b"then", "log": b"", "other": b"x"}


def test_whole_is_what_kill_nine_leaves(tmp_path: Path) -> None:
    program = """
os.makedirs("a/b"); put("a/b/x", b"x" * 100_000, sync=False); os.rename("a/b", "c")
shutil.copyfile("c/x", "copied"); shutil.copyfile("old", "c/old"); os.truncate("copied", 70_000); os.remove("old")
f = os.open("sized", os.O_CREAT | os.O_RDWR); os.posix_fallocate(f, 0, 5000); os.pwritev(f, [b"1", b"2"], 4999)
a = os.open("log", os.O_CREAT | os.O_WRONLY | os.O_APPEND); os.write(a, b"1"); os.pwrite(a, b"2", 0)
os.mkdir("gone"); os.rmdir("gone")
threads = [threading.Thread(target=lambda: [os.write(a, b"thread") for _ in range(500)]) for _ in range(4)]
[thread.start() for thread in threads]; [thread.join() for thread in threads]
"""
    disk = played(tmp_path, program)  # which compares the record with the folder
    assert left(disk, "whole")["copied"] == b"x" * 70_000


def test_what_is_torn_is_old_or_new_sector_by_sector(tmp_path: Path) -> None:
    program = """
put("old", b"1" * 4096, sync=True); sync_names()
f = os.open("old", os.O_WRONLY); os.pwrite(f, b"2" * 2048, 1024); os.pwrite(f, b"3" * 1024, 3072 - 512)
os.rename("old", "new")
"""
    disk = played(tmp_path, program)
    outcomes = set()
    for seed in range(300):
        [(name, content)] = left(copy.deepcopy(disk), "torn", seed).items()
        assert len(content) == 4096
        assert content[:1024] + content[3584:] == b"1" * 1536
        sectors = [content[at : at + 512] for at in range(0, 4096, 512)]
        assert all(sector == sector[:1] * 512 and sector[:1] in b"123" for sector in sectors)
        outcomes.add((name, content))
    assert {name for name, _ in outcomes} == {"old", "new"}
    assert len(outcomes) > 20


def test_what_was_synced_is_never_torn(tmp_path: Path) -> None:
    program = """
put("log", b"synced" * 500, sync=True, how="ab"); sync_names()
for turn in range(20):
    put("log", b"later" * 100, sync=False, how="ab")
"""
    disk = played(tmp_path, program)
    whole = b"synced" * 500 + b"later" * 2000
    for seed in range(100):
        log = left(copy.deepcopy(disk), "torn", seed)["log"]
        assert log.startswith(b"synced" * 500)
        assert all(found in (0, byte) for found, byte in zip(log, whole, strict=False))


def test_a_sync_covers_what_was_written_before_it_began() -> None:
    file, disk = File(0o600, b"...."), Disk.__new__(Disk)
    disk.inodes, disk._begun = {1: file}, {}

    def wrote(offset: int, data: bytes) -> Recorded:
        return Recorded(Kind.WROTE, 1, offset, b"", data)

    disk.play(
        [
            wrote(0, b"a"),
            Recorded(Kind.BEGAN, 1, 7, b"", b""),
            wrote(1, b"b"),
            Recorded(Kind.BEGAN, 1, 8, b"", b""),
            wrote(2, b"c"),
            Recorded(Kind.SYNCED, 1, 7, b"", b""),
        ]
    )
    assert (bytes(file.synced), bytes(file.now())) == (b"a...", b"abc.")
    disk.play([wrote(3, b"d"), Recorded(Kind.SYNCED, 1, 8, b"", b"")])
    assert (bytes(file.synced), bytes(file.now())) == (b"ab..", b"abcd")


@pytest.mark.parametrize("program", ["os.symlink('old', 'link')", "os.sync()"])
def test_a_call_that_the_model_does_not_know_ends_the_proof(tmp_path: Path, program: str) -> None:
    with pytest.raises(Unmodelled):
        played(tmp_path, program)
