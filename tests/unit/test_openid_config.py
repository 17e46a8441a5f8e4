"""Sections `[openid.NAME]`: what they take, what is said about a mistake, and what of them is shown."""

from pathlib import Path

import pytest

from chinwag.cli.show_config import written
from chinwag.config import ConfigError, load
from chinwag.trusted_url import is_trusted

SERVER = '[server]\npublic_url = "https://chat.example.org"\n'
LEAST = '[openid.staff]\nissuer = "https://id.example.org/realms/us"\nclient_id = "chinwag"\n'


def _file(folder: Path, text: str) -> Path:
    file = folder / "chinwag.toml"
    file.write_text(text, encoding="utf-8")
    return file


def _problems(folder: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load({}, {}, _file(folder, text))
    return "\n".join(caught.value.problems)


def test_a_whole_section_is_read(tmp_path: Path) -> None:
    more = """client_secret_file = "secrets/staff"
label = "Staff"
scopes = ["openid"]
sign_up = "everybody"
admin_groups = ["wheel"]
recheck_hours = 0.5
[openid.staff.groups]
"team a" = { conversation = "g~1" }
heads = { conversation = "g~2", role = "admin" }
"""
    config = load({}, {}, _file(tmp_path, SERVER + LEAST + more)).config
    provider = config.openid["staff"]
    assert provider.client_secret_file == tmp_path / "secrets" / "staff"
    assert (provider.label, provider.scopes, provider.sign_up) == ("Staff", ("openid",), "everybody")
    assert (provider.admin_groups, provider.recheck_hours) == (("wheel",), 0.5)
    given = {value: (group.conversation, group.role) for value, group in provider.groups.items()}
    assert given == {"team a": ("g~1", "member"), "heads": ("g~2", "admin")}
    assert load({}, {}, None).config.openid == {}


def test_what_is_shown_can_be_read_again_and_holds_no_secret(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("a very secret secret")
    more = 'client_secret_file = "secret"\ngroups = { "a" = { conversation = "g~1" } }\n'
    effective = load({}, {}, _file(tmp_path, SERVER + LEAST + more))
    shown = written(effective)
    assert "very secret" not in shown
    again = tmp_path / "again.toml"
    again.write_text(shown)
    assert load({}, {}, again).config.openid == effective.config.openid


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (LEAST, "server.public_url (default): providers send people back"),
        (SERVER + "[openid.staff]\n", "openid.staff.issuer"),
        (SERVER + "[openid.staff]\n", "it must be set"),
        (SERVER + LEAST + 'client_secret = "hidden words"\n', "name that in client_secret_file"),
        (SERVER + LEAST + 'sign_upp = "nobody"\n', "the nearest known one is sign_up"),
        (SERVER + LEAST + 'sign_up = "all"\n', "one of everybody, invited, nobody"),
        (SERVER + LEAST + "recheck_hours = 0\n", "a number from 0.0166667 to 720"),
        (SERVER + LEAST + 'groups = { a = { conversation = "d~1~2" } }\n', "openid.staff.groups"),
        (SERVER + LEAST + 'groups = { a = { conversation = "g~1", role = "owner" } }\n', "openid.staff.groups"),
        (SERVER + LEAST + 'scopes = ["profile"]\n', "`openid` must be among them"),
        (SERVER + LEAST + 'scopes = ["openid email"]\n', "openid.staff.scopes"),
        (SERVER + LEAST.replace("https", "http"), "it begins with https://"),
        (SERVER + LEAST.replace("staff", "Staff"), "a name has 1 to 32 small letters"),
        (SERVER + LEAST + LEAST.replace("staff", "other").replace('us"', 'us/"'), "openid.staff has the same"),
        (SERVER + "[openid]\nissuer = 'x'\n", "[openid.NAME]"),
        (SERVER + "openid = 3\n", "unknown key server.openid"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, said: str) -> None:
    problems = _problems(tmp_path, text)
    assert said in problems
    assert "hidden words" not in problems


@pytest.mark.parametrize(
    ("url", "trusted"),
    [
        ("https://id.example.org", True),
        ("https://id.example.org:444/a/b", True),
        ("http://127.0.0.1:9/x", True),
        ("http://[::1]:9", True),
        ("http://localhost:9", True),
        ("http://id.example.org", False),
        ("http://127.0.0.1.example.org", False),
        ("http://169.254.169.254/", False),
        ("ftp://127.0.0.1", False),
        ("https://user@id.example.org", False),
        ("https://id.example.org?x", False),
        ("https://id.example.org#x", False),
        ("https://id.example.org:99999", False),
        ("https://[::1", False),
        ("https://", False),
        ("https://id.example.org/\u00e9", False),
        ("", False),
    ],
)
def test_only_what_nobody_can_change_on_the_way_is_trusted(url: str, trusted: bool) -> None:
    assert is_trusted(url) is trusted
