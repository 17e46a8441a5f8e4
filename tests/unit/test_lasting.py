"""Files of our own: for us alone, where nobody can have laid a trap; and no other way to make one."""

import ast
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import chinwag
from chinwag.lasting import NoFolderError, lasting_folder, new_file, new_folder, whole_file

SOURCE = Path(chinwag.__file__).parent
DATABASES = {"adapters/relational/database_file.py", "client/store.py"}
"""What opens SQLite by itself, with files that `lasting` has made."""
RIGHTS = {"life/restore.py"}
"""A restore takes rights to its data folder away."""


def _calls() -> Iterator[tuple[str, str, ast.Call]]:
    for path in SOURCE.rglob("*.py"):
        name = path.relative_to(SOURCE).as_posix()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                yield name, ast.unparse(node.func), node


def test_no_file_is_made_anywhere_else() -> None:
    found = []
    for name, called, node in _calls():
        last = called.rpartition(".")[2]
        given = ast.unparse(node)
        makes = (
            last in {"write_text", "write_bytes", "mkstemp", "mktemp", "symlink_to", "hardlink_to", "mkfifo"}
            or (last == "touch" and not called.endswith("accounts.touch"))
            or called in {"os.link", "os.symlink", "os.mknod", "os.makedirs", "os.mkdir", "shutil.copy", "shutil.move"}
            or called.startswith(("tempfile.NamedTemporaryFile", "shutil.copy", "shutil.copytree"))
            or (called == "os.open" and any(flag in given for flag in ("O_CREAT", "O_TRUNC", "O_WRONLY", "O_APPEND")))
            or (last == "mkdir" and "mode=448" not in given and "mode=0o700" not in given)
            or (last in {"open", "fdopen"} and _writes(called, node))
        )
        if makes and name != "lasting.py":
            found.append(f"{name}:{node.lineno}: {given}")
    assert found == []


def test_databases_are_opened_where_their_files_are_made() -> None:
    assert {name for name, called, _ in _calls() if called in {"sqlite3.connect", "aiosqlite.connect"}} == DATABASES


def test_rights_are_given_with_the_making_and_not_later() -> None:
    assert {name for name, called, _ in _calls() if called.rpartition(".")[2] in {"chmod", "lchmod"}} <= RIGHTS


def _writes(called: str, node: ast.Call) -> bool:
    """Whether a call of `open` writes: a mode with w, x, a or +, wherever it stands."""
    at = 1 if called in {"open", "os.fdopen", "io.open"} else 0
    modes = [argument for argument in node.args[at : at + 1] if isinstance(argument, ast.Constant)]
    modes += [word.value for word in node.keywords if word.arg == "mode" and isinstance(word.value, ast.Constant)]
    return any(isinstance(mode.value, str) and set(mode.value) & set("wxa+") for mode in modes)


@pytest.fixture
def no_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("no_umask")
def test_what_is_made_is_ours_alone(tmp_path: Path) -> None:
    new_file(tmp_path / "file").close()
    with whole_file(tmp_path / "whole") as file:
        file.write(b"words")
    new_folder(tmp_path / "folder")
    lasting_folder(tmp_path / "a" / "b" / "c")
    for made in tmp_path.rglob("*"):
        assert not stat.S_IMODE(made.stat().st_mode) & 0o077, made


def test_neither_a_file_nor_a_link_that_is_there_is_written_into(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("mine")
    (tmp_path / "dangling").symlink_to(tmp_path / "elsewhere")
    for name in ("there", "dangling"):
        with pytest.raises(FileExistsError):
            new_file(tmp_path / name)
        with pytest.raises(FileExistsError):
            new_folder(tmp_path / name)
        with pytest.raises(FileExistsError), whole_file(tmp_path / name) as file:
            file.write(b"ours")
    assert (tmp_path / "there").read_text() == "mine"
    assert not (tmp_path / "elsewhere").exists()
    assert {path.name for path in tmp_path.iterdir()} == {"there", "dangling"}


def test_replacing_replaces_a_link_and_not_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "precious")
    with whole_file(tmp_path / "link", replace=True) as file:
        file.write(b"ours")
    assert (tmp_path / "precious").read_text() == "mine"
    assert not (tmp_path / "link").is_symlink()


def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    def cut_short() -> None:
        with whole_file(tmp_path / "name") as file:
            file.write(b"half of it")
            assert not (tmp_path / "name").exists()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        cut_short()
    assert list(tmp_path.iterdir()) == []


def test_drafts_have_names_that_nobody_can_foresee(tmp_path: Path) -> None:
    seen = set()
    for _ in range(3):
        with whole_file(tmp_path / "name", replace=True):
            seen |= {path.name for path in tmp_path.iterdir()} - {"name"}
    assert len(seen) == 3
    assert all(len(name) > 16 for name in seen)


def test_where_a_file_system_has_no_links_nothing_is_replaced_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    with whole_file(tmp_path / "new") as file:
        file.write(b"ours")
    assert (tmp_path / "new").read_bytes() == b"ours"
    with pytest.raises(FileExistsError), whole_file(tmp_path / "new") as file:
        file.write(b"again")
    assert (tmp_path / "new").read_bytes() == b"ours"


@pytest.mark.parametrize("place", ["there", "there/below", "there/below/deeper"])
@pytest.mark.parametrize(
    ("lay", "kind"),
    [
        (lambda at: at.write_bytes(b""), "a file"),
        (lambda at: at.symlink_to("nowhere"), "a link"),
        (lambda at: at.symlink_to(at.name), "a link"),
        (os.mkfifo, "a file"),
    ],
    ids=["file", "dangling", "loop", "pipe"],
)
def test_what_stands_where_a_folder_belongs_is_named(
    tmp_path: Path, lay: Callable[[Path], object], kind: str, place: str
) -> None:
    lay(tmp_path / "there")
    with pytest.raises(NoFolderError, match=f"^{tmp_path}/there is {kind}.*: take it away, or name another folder$"):
        lasting_folder(tmp_path / place)
