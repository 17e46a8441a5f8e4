"""What a backup and a restore refuse, and that they leave everything as it was then."""

import asyncio
import json
import sqlite3
from pathlib import Path

import msgspec
import pytest
from tests.support.people import Crowd

from chinwag.adapters.embedded import DataDirectoryInUseError, open_embedded
from chinwag.adapters.relational import NewerDatabaseError, open_directory
from chinwag.life.backup import Telling, back_up
from chinwag.life.folder import DIRECTORY, MESSAGES, RESTORING, UnfinishedRestoreError, refuse_unfinished
from chinwag.life.manifest import FILE, BackupError, read_manifest
from chinwag.life.restore import restore
from chinwag.life.running import ControlError, running_checkpoint

QUIET = Telling()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder whose server does not run."""

    async def made() -> None:
        await (await open_embedded(tmp_path / "data")).close()
        await (await open_directory(tmp_path / "data" / DIRECTORY)).close()

    asyncio.run(made())
    (tmp_path / "data" / "keys").mkdir(mode=0o700)
    (tmp_path / "data" / "keys" / "refresh.secret").write_bytes(b"secret")
    return tmp_path / "data"


@pytest.fixture
def backup(data: Path, tmp_path: Path) -> Path:
    """A backup of it."""
    back_up(data, tmp_path / "backup", QUIET)
    return tmp_path / "backup"


def change(backup: Path, **fields: object) -> None:
    manifest = json.loads((backup / FILE).read_bytes())
    (backup / FILE).write_text(json.dumps({**manifest, **fields}))


def test_a_backup_names_versions_sizes_and_checksums(backup: Path) -> None:
    manifest = read_manifest(backup)
    assert manifest.data_format >= 1
    assert manifest.directory_schema
    assert manifest.inbox_epoch > 0
    files = {path.relative_to(backup).as_posix() for path in backup.rglob("*") if path.is_file()} - {FILE}
    assert {entry.path for entry in manifest.files} == files
    assert manifest.bytes == sum((backup / name).stat().st_size for name in files)


def test_a_backup_goes_to_a_folder_of_its_own(data: Path, backup: Path, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="exists already"):
        back_up(data, backup, QUIET)
    with pytest.raises(BackupError, match="lies in the data folder"):
        back_up(data, data / "backup", QUIET)
    with pytest.raises(BackupError, match="no data folder"):
        back_up(tmp_path / "nothing", tmp_path / "other", QUIET)


@pytest.mark.parametrize("harm", ["changed", "shortened", "missing"])
def test_a_damaged_backup_is_refused_and_changes_nothing(backup: Path, tmp_path: Path, harm: str) -> None:
    victim = backup / DIRECTORY
    good = victim.read_bytes()
    content = bytearray(good)
    if harm == "missing":
        victim.unlink()
    else:
        content[100] ^= 1
        victim.write_bytes(content if harm == "changed" else content[:-1])
    with pytest.raises(BackupError, match=f"damaged: {DIRECTORY}"):
        restore(backup, tmp_path / "new", replace=False, telling=QUIET)
    assert not list((tmp_path / "new").iterdir())
    victim.write_bytes(good)
    restore(backup, tmp_path / "new", replace=False, telling=QUIET)
    refuse_unfinished(tmp_path / "new")


def test_a_restore_replaces_data_only_when_told_so_and_puts_it_aside(data: Path, backup: Path) -> None:
    (data / "keys" / "refresh.secret").write_bytes(b"later")
    with pytest.raises(BackupError, match="not empty"):
        restore(backup, data, replace=False, telling=QUIET)
    assert (data / "keys" / "refresh.secret").read_bytes() == b"later"
    _, _, replaced = restore(backup, data, replace=True, telling=QUIET)
    assert replaced is not None
    assert (replaced / "keys" / "refresh.secret").read_bytes() == b"later"
    assert (data / "keys" / "refresh.secret").read_bytes() == b"secret"
    assert (replaced / MESSAGES).is_dir()


def test_a_restore_that_was_cut_short_anywhere_can_be_run_again(backup: Path, tmp_path: Path) -> None:
    """As after a power cut in the last part: some of it has taken its place, the message store has not."""
    new = tmp_path / "new"
    restore(backup, new, replace=False, telling=QUIET)
    (new / RESTORING).mkdir()
    (new / MESSAGES).rename(new / RESTORING / MESSAGES)
    with pytest.raises(UnfinishedRestoreError):
        refuse_unfinished(new)
    restore(backup, new, replace=False, telling=QUIET)
    refuse_unfinished(new)
    assert (new / MESSAGES / "CURRENT").exists()


async def test_a_restore_under_a_running_server_is_refused(crowd: Crowd, tmp_path: Path) -> None:
    back_up(crowd.process.data, tmp_path / "backup", QUIET)
    with pytest.raises(DataDirectoryInUseError, match="stop it first"):
        restore(tmp_path / "backup", crowd.process.data, replace=True, telling=QUIET)
    assert crowd.process.running


def test_newer_backups_are_refused_by_name(backup: Path, tmp_path: Path) -> None:
    manifest = (backup / FILE).read_bytes()
    change(backup, format=99)
    with pytest.raises(BackupError, match=r"newer Chinwag \(backup format 99"):
        restore(backup, tmp_path / "new", replace=False, telling=QUIET)
    (backup / FILE).write_bytes(manifest)
    change(backup, data_format=99, version="9.0.0")
    with pytest.raises(BackupError, match=r"9\.0\.0, data format 99"):
        restore(backup, tmp_path / "new", replace=False, telling=QUIET)
    assert not (tmp_path / "new").exists()


def test_a_newer_directory_is_found_out_before_it_takes_its_place(data: Path, tmp_path: Path) -> None:
    with sqlite3.connect(data / DIRECTORY) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    back_up(data, tmp_path / "backup", QUIET)
    with pytest.raises(NewerDatabaseError, match="9999"):
        restore(tmp_path / "backup", tmp_path / "new", replace=False, telling=QUIET)
    assert not (tmp_path / "new" / DIRECTORY).exists()


@pytest.mark.parametrize("path", ["../outside", "/etc/passwd", ""])
def test_a_manifest_cannot_name_files_elsewhere(backup: Path, path: str) -> None:
    change(backup, files=[{"path": path, "bytes": 1, "sha256": "0"}])
    with pytest.raises(BackupError, match="outside"):
        read_manifest(backup)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", msgspec.json.encode({"format": 1})])
def test_what_is_no_manifest_is_said_to_be_none(backup: Path, content: bytes) -> None:
    (backup / FILE).write_bytes(content)
    with pytest.raises(BackupError, match="no backup"):
        read_manifest(backup)


async def test_one_checkpoint_at_a_time_and_it_goes_with_its_connection(crowd: Crowd, tmp_path: Path) -> None:
    with running_checkpoint(crowd.process.data, lambda _: None) as (stores, _):
        assert (stores / MESSAGES / "CURRENT").exists()
        with (
            pytest.raises(ControlError, match="another backup"),
            running_checkpoint(crowd.process.data, lambda _: None),
        ):
            pass
    # It goes on the server's side, so the next one may come a moment too early.
    for _ in range(1_000):
        try:
            with running_checkpoint(crowd.process.data, lambda _: None) as (stores, _):
                assert stores.is_dir()
        except ControlError:
            await asyncio.sleep(0)
        else:
            return
    pytest.fail("the checkpoint of an earlier connection is still held")
