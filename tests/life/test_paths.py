"""A folder is itself whatever its name has in it: nothing is made, read or left outside of it."""

import asyncio
import contextlib
import os
import sqlite3
import stat
import sys
from pathlib import Path

import pytest
from tests.life.commands import chinwag

from chinwag.adapters.embedded import open_embedded
from chinwag.adapters.relational import open_directory
from chinwag.adapters.relational.database_file import scrub
from chinwag.adapters.relational.point import problems_of, schema_of
from chinwag.assembly import open_directory_in
from chinwag.client.store import DeviceStore
from chinwag.domain.account import AccountSettings, name_key
from chinwag.domain.ids import AccountId
from chinwag.life.backup import Telling, back_up
from chinwag.life.folder import DIRECTORY, MESSAGES
from chinwag.life.manifest import BackupError
from chinwag.life.restore import restore
from chinwag.ports.directory import Account

NAMES = [
    "srv#1",
    "srv?x=1",
    "srv?mode=memory",
    "a%20b",
    "a%23",
    "%00",
    "file:x",
    "two words",
    "日本語",
    "a&b=c;d",
    "a+b",
]


def everything_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


async def make(data: Path, name: str) -> None:
    """A data folder with one account in it."""
    await (await open_embedded(data)).close()
    directory = await open_directory_in(data)
    account = Account(
        id=AccountId("1"), name=name, display_name="", about="", settings=AccountSettings(), admin=False, created_at=1
    )
    async with directory.transaction() as transaction:
        await transaction.accounts.create(account, name_key(name), "")
    await directory.close()


async def names_in(file: Path) -> list[str]:
    directory = await open_directory(file)
    async with directory.reading() as reading:
        found = await reading.accounts.page(None, 10)
    await directory.close()
    return [account.name for account in found]


@pytest.mark.parametrize("name", NAMES)
def test_all_that_is_done_with_a_folder_stays_in_it(name: str, tmp_path: Path) -> None:
    here = tmp_path / "here"
    data, backup, again = here / name / "data", here / name / "backup", here / name / "again"
    asyncio.run(make(data, "anna"))
    assert everything_in(here) == {name, f"{name}/data"} | {f"{name}/data/{one}" for one in everything_in(data)}
    assert (schema_of(data / DIRECTORY), problems_of(data / DIRECTORY)) != ("", [])
    scrub(data / DIRECTORY)
    back_up(data, backup, Telling())
    restore(backup, again, replace=False, telling=Telling())
    assert asyncio.run(names_in(again / DIRECTORY)) == ["anna"]
    assert {one.split("/")[0] for one in everything_in(here)} == {name}
    assert {one.name for one in (here / name).iterdir()} == {"data", "backup", "again"}


def test_folders_whose_names_end_differently_are_two(tmp_path: Path) -> None:
    names = {mark: f"srv{mark}1" for mark in "#?%&;"}
    for at, name in enumerate(names.values()):
        asyncio.run(make(tmp_path / name, f"person{at}"))
    for at, name in enumerate(names.values()):
        assert asyncio.run(names_in(tmp_path / name / DIRECTORY)) == [f"person{at}"]
    assert {path.name for path in tmp_path.iterdir()} == set(names.values())


@pytest.mark.parametrize("name", NAMES)
def test_a_device_keeps_its_things_where_it_was_told(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).mkdir()
    store = DeviceStore(Path(name) / "device.sqlite3")
    assert (tmp_path / name / "device.sqlite3").stat().st_size > 0
    store.close()
    assert {path.name for path in tmp_path.iterdir()} == {name}


def test_nothing_in_a_data_folder_or_a_backup_is_for_others(tmp_path: Path) -> None:
    before = os.umask(0)  # nothing that stands in the way of giving rights away
    try:
        asyncio.run(make(tmp_path / "new" / "data", "anna"))
        back_up(tmp_path / "new" / "data", tmp_path / "kept" / "backup", Telling())
    finally:
        os.umask(before)
    for path in (tmp_path / "new", tmp_path / "kept"):
        for made in (path, *path.rglob("*")):
            # RocksDB makes its files as the system lets it: their folder is what keeps others away.
            if made.parent.name != MESSAGES or "backup" in made.parts:
                assert not stat.S_IMODE(made.stat().st_mode) & 0o077, made


@pytest.mark.skipif(sys.platform != "linux", reason="other systems take no such names")
@pytest.mark.parametrize("command", ["serve", "doctor", "backup", "export", "restore", "status", "user list"])
async def test_a_path_of_other_bytes_is_told_in_words(command: str, tmp_path: Path) -> None:
    odd = os.fsdecode(os.fsencode(tmp_path) + b"/d\xffata")
    given = [odd] if command in ("backup", "restore") else []
    ran = await chinwag(*command.split(), *given, "--data-path", odd, folder=tmp_path)
    assert ran.code == 1
    assert "Traceback" not in ran.said
    assert "UTF-8" in ran.said
    assert everything_in(tmp_path) == set()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems take no such names")
def test_a_backup_may_stand_anywhere_and_names_what_it_cannot_take(tmp_path: Path) -> None:
    asyncio.run(make(tmp_path / "data", "anna"))
    target = Path(os.fsdecode(os.fsencode(tmp_path) + b"/b\xffackup"))
    back_up(tmp_path / "data", target, Telling())
    restore(target, tmp_path / "again", replace=False, telling=Telling())
    assert asyncio.run(names_in(tmp_path / "again" / DIRECTORY)) == ["anna"]
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/data/n\xffote")).write_bytes(b"left here by somebody")
    with pytest.raises(BackupError, match="UTF-8"):
        back_up(tmp_path / "data", tmp_path / "second", Telling())
    assert not (tmp_path / "second").exists()


async def test_a_link_that_somebody_laid_is_not_followed(tmp_path: Path) -> None:
    """Names that could be foreseen, laid by whoever may write to the folder."""
    await make(tmp_path / "data", "anna")
    precious = tmp_path / "precious"
    shared = tmp_path / "shared"
    shared.mkdir()
    for name in ("out.partial", "out.jsonl.partial", ".out.jsonl.partial", "dangling"):
        (shared / name).symlink_to(precious)
    ran = await chinwag("export", "--output", shared / "out.jsonl", "--data-path", "data", folder=tmp_path)
    assert ran.code == 0, ran.err
    assert stat.S_IMODE((shared / "out.jsonl").lstat().st_mode) == 0o600
    assert stat.S_ISREG((shared / "out.jsonl").lstat().st_mode)
    ran = await chinwag("export", "--output", shared / "dangling", "--data-path", "data", folder=tmp_path)
    assert ran.code == 1
    assert (shared / "dangling").is_symlink()
    assert not precious.exists()
    assert {path.name for path in shared.iterdir()} == {
        *("out.partial", "out.jsonl.partial", ".out.jsonl.partial", "dangling", "out.jsonl")
    }


async def test_an_export_replaces_nothing_that_was_made_meanwhile(tmp_path: Path) -> None:
    await make(tmp_path / "data", "anna")
    with contextlib.closing(sqlite3.connect(tmp_path / "data" / DIRECTORY)) as database:
        assert database.execute("SELECT count(*) FROM accounts").fetchone() == (1,)
    (tmp_path / "there").write_text("mine")
    ran = await chinwag("export", "--output", "there", "--data-path", "data", folder=tmp_path)
    assert (ran.code, (tmp_path / "there").read_text()) == (1, "mine")
