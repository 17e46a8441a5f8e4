"""What is left in folders of work goes, and nothing that somebody may still be at."""

import os
import time
from pathlib import Path

from chinwag.assembly.work_folder import LEFT_SECONDS, work_folder


def fill(folder: Path) -> None:
    """Something old, something young, and a link to what is elsewhere."""
    for name, age in (("old", LEFT_SECONDS + 60), ("young", 60.0)):
        (folder / name / "made").mkdir(parents=True)
        (folder / name / "made" / "original").write_bytes(b"a picture")
        os.utime(folder / name, (time.time() - age,) * 2)
    (folder / "file").write_bytes(b"x")
    os.utime(folder / "file", (time.time() - LEFT_SECONDS - 60,) * 2)
    elsewhere = folder.parent / "elsewhere"
    elsewhere.mkdir(exist_ok=True)
    (elsewhere / "kept").touch()
    (folder / "link").symlink_to(elsewhere)
    os.utime(folder / "link", (time.time() - LEFT_SECONDS - 60,) * 2, follow_symlinks=False)


def test_where_others_may_be_at_work_only_what_is_old_goes(tmp_path: Path) -> None:
    fill(tmp_path / "work")
    made = work_folder(tmp_path / "work", alone=False)
    assert [path.name for path in made.iterdir()] == ["young"]
    assert (made / "young" / "made" / "original").read_bytes() == b"a picture"
    assert (tmp_path / "elsewhere" / "kept").exists()


def test_where_nobody_else_is_all_goes(tmp_path: Path) -> None:
    fill(tmp_path / "work")
    assert list(work_folder(tmp_path / "work", alone=True).iterdir()) == []
    assert (tmp_path / "elsewhere" / "kept").exists()
    assert work_folder(tmp_path / "not" / "there", alone=False).is_dir()
