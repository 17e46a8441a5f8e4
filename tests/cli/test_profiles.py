"""Which log-in is meant: words go to the server and from the account that were named, or nowhere."""

from pathlib import Path

import pytest

from chinwag.cli.chat.profiles import Chosen, choose, profiles, unused_folder
from chinwag.cli.trouble import UsageError
from chinwag.client import BadAddress, Credentials
from chinwag.client.credentials import save_credentials
from chinwag.wire.values import AccountId, DeviceId

A, B = "http://127.0.0.1:8420", "https://chat.example.org"


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Log-ins are kept in a folder of the test's own."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return tmp_path / "chinwag" / "profiles"


def _log_in(root: Path, folder: str, name: str, url: str) -> None:
    (root / folder).mkdir(parents=True)
    session = Credentials(
        url=url,
        account=AccountId("1"),
        name=name,
        device=DeviceId("1"),
        access_token="a",
        expires_at=0.0,
        refresh_token="r",
    )
    save_credentials(root / folder / "session.json", session)


def _chosen(server: str | None = None, name: str | None = None, interactive: bool = False) -> str | None:
    chosen = choose(None, server, name, interactive)
    return None if chosen.profile is None else chosen.profile.folder.name


def test_a_log_in_is_of_its_server(root: Path) -> None:
    _log_in(root, "ada", "ada", A)
    assert _chosen(A, "ada") == "ada"
    assert _chosen("HTTP://127.0.0.1:8420/", "Ada") == "ada"
    assert _chosen(None, "ada") == "ada"
    assert choose(None, B, "ada", interactive=True) == Chosen(None, "ada", B)
    assert choose(None, B, None, interactive=True) == Chosen(None, "", B)
    assert choose(None, A, "bob", interactive=True) == Chosen(None, "bob", A)


def test_one_name_at_two_servers_takes_the_server(root: Path) -> None:
    _log_in(root, "ada", "ada", A)
    _log_in(root, "ada-2", "ada", B)
    assert (_chosen(A, "ada"), _chosen(B, "ada")) == ("ada", "ada-2")
    for interactive in (True, False):
        with pytest.raises(UsageError, match="several log-ins"):
            choose(None, None, "ada", interactive)


def test_a_script_says_which_of_several(root: Path) -> None:
    _log_in(root, "ada", "ada", A)
    _log_in(root, "bob", "bob", A)
    with pytest.raises(UsageError, match="several log-ins"):
        choose(None, None, None, interactive=False)
    with pytest.raises(UsageError, match="several log-ins"):
        choose(None, A, None, interactive=False)
    assert _chosen(interactive=True) in ("ada", "bob")


def test_a_profile_that_is_somebody_else_is_refused(root: Path) -> None:
    _log_in(root, "mine", "ada", A)
    assert choose("mine", A, "ADA", interactive=False).profile is not None
    for server, name in ((B, None), (None, "bob"), (B, "ada")):
        with pytest.raises(UsageError, match="the profile mine is ada at http"):
            choose("mine", server, name, interactive=True)
    assert choose("new", B, "bob", interactive=True) == Chosen(None, "bob", B, root / "new")


def test_names_that_look_alike_to_a_file_system_share_no_folder(root: Path) -> None:
    _log_in(root, "a_b", "a/b", A)
    assert unused_folder("a:b") == root / "a_b-2"
    assert _chosen(None, "a:b") is None
    assert _chosen(None, "a/b") == "a_b"
    assert unused_folder("..") == root / "default"


def test_the_first_log_in_is_called_default(root: Path) -> None:
    assert choose(None, None, None, interactive=True) == Chosen(None, "", "", root / "default")


@pytest.mark.parametrize("profile", ["", "../x", ".hidden", "a/b", "a b"])
def test_a_profile_is_no_path(profile: str) -> None:
    with pytest.raises(UsageError, match="a profile's name"):
        choose(profile, None, None, interactive=True)


def test_what_cannot_be_read_is_no_log_in(root: Path) -> None:
    (root / "broken").mkdir(parents=True)
    (root / "broken" / "session.json").write_text("{")
    assert profiles() == []
    with pytest.raises(BadAddress):
        choose(None, "ws://127.0.0.1", "ada", interactive=True)
