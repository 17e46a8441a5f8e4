"""What a first start makes outlasts a power cut right after it: folders too, whose names need syncs of their own."""

from pathlib import Path

from tests.prove.test_power_disk import left, played

IMPORTS = """
import asyncio
from pathlib import Path
from chinwag.adapters.embedded import open_embedded
from chinwag.assembly import open_directory_in, private_folder
from chinwag.adapters.files import FileKeyStore
from chinwag.flow.access.key_ring import KeyRing
"""


def test_a_folder_and_its_parents_last(tmp_path: Path) -> None:
    program = """
from pathlib import Path
from chinwag.lasting import lasting_folder
lasting_folder(Path("a/b/c"))
put("a/b/c/x", b"x", sync=True)
sync_names("a/b/c")
"""
    assert left(played(tmp_path, program)) == {"old": b"then", "a/b/c/x": b"x"}


def test_a_folder_that_a_killed_start_has_made_lasts_from_the_next_one_on(tmp_path: Path) -> None:
    program = """
from pathlib import Path
from chinwag.lasting import lasting_folder
os.mkdir("data")
lasting_folder(Path("data"))
put("data/x", b"x", sync=True)
sync_names("data")
"""
    assert left(played(tmp_path, program)) == {"old": b"then", "data/x": b"x"}


def test_keys_last(tmp_path: Path) -> None:
    program = """
from pathlib import Path
from chinwag.assembly import private_folder
from chinwag.adapters.files import FileKeyStore
from chinwag.flow.access.key_ring import KeyRing
KeyRing(FileKeyStore(private_folder(Path("data")) / "keys"), 1)
"""
    files = left(played(tmp_path, program))
    assert files.pop("old") == b"then"
    assert sorted(Path(path).parent.as_posix() for path in files) == ["data/keys", "data/keys"]
    assert all(files.values())


def test_the_stores_last(tmp_path: Path) -> None:
    program = """
async def start():
    data = private_folder(Path("data"))
    await open_embedded(data)
    await open_directory_in(data)
    os._exit(0)
asyncio.run(start())
"""
    files = left(played(tmp_path, IMPORTS + program))
    assert files["data/messages/CURRENT"].startswith(b"MANIFEST-")
    assert len(files["data/directory.sqlite"]) + len(files["data/directory.sqlite-wal"]) > 10_000


def test_a_backup_that_is_done_lasts(tmp_path: Path) -> None:
    program = """
import sys
from chinwag.cli import main
async def start():
    data = private_folder(Path("data"))
    KeyRing(FileKeyStore(data / "keys"), 1)
    embedded, accounts = await open_embedded(data), await open_directory_in(data)
    await embedded.close()
    await accounts.close()
asyncio.run(start())
sys.argv = ["chinwag", "backup", "kept/here/one", "--data-path", "data"]
try:
    main()
except SystemExit as ended:
    assert not ended.code
"""
    files = left(played(tmp_path, IMPORTS + program))
    kept = [path for path in files if path.startswith("kept/here/one/")]
    assert "kept/here/one/manifest.json" in kept
    assert len(kept) > 5
    assert all(files[path] for path in kept if not path.endswith(".log"))
