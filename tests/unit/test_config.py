"""Configuration: which source wins, and what is said about a mistake."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from chinwag.config import Config, ConfigError, FlagValue, find_file, load
from chinwag.config.catalogue import settings

ROOT = Path(__file__).parents[2]


def written(folder: Path, text: str) -> Path:
    file = folder / "chinwag.toml"
    file.write_text(text, encoding="utf-8")
    return file


def problems(
    flags: dict[str, FlagValue] | None = None, environ: dict[str, str] | None = None, file: Path | None = None
) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(flags or {}, environ or {}, file)
    return list(caught.value.problems)


def test_nothing_given_gives_the_defaults_that_the_mission_names() -> None:
    config = load({}, {}, None).config
    assert (config.server.host, config.server.port, config.observe.port) == ("127.0.0.1", 8420, 8421)
    assert (config.limits.text_characters, config.limits.group_members) == (99_999, 100)
    assert config.limits.large_group_members == 100_000
    assert (config.presence.heartbeat_seconds, config.presence.offline_seconds) == (5, 30)
    assert (config.inbox.kept_days, config.accounts.access_token_minutes) == (30, 10)
    assert config.data.path == Path("~/.local/share/chinwag").expanduser()


def test_flag_wins_over_environment_over_file_over_default(tmp_path: Path) -> None:
    file = written(tmp_path, '[server]\nport = 1001\nhost = "0.0.0.0"\n[observe]\nport = 1002\n')
    environ = {"CHINWAG_SERVER_PORT": "2001", "CHINWAG_SERVER_HOST": "::1", "PATH": "/bin"}
    effective = load({"server.port": "3001", "server.host": None}, environ, file)
    assert effective.config.server.port == 3001
    assert effective.config.server.host == "::1"
    assert effective.config.observe.port == 1002
    assert {
        key: str(effective.sources[key]) for key in ("server.port", "server.host", "observe.port", "log.level")
    } == {
        "server.port": "--server-port",
        "server.host": "CHINWAG_SERVER_HOST",
        "observe.port": str(file),
        "log.level": "default",
    }
    assert set(effective.sources) == set(settings())


def test_data_folder_comes_from_its_own_variable() -> None:
    effective = load({}, {"CHINWAG_DATA": "~/chat"}, None)
    assert effective.config.data.path == Path("~/chat").expanduser()
    assert str(effective.sources["data.path"]) == "CHINWAG_DATA"


def test_paths_in_the_file_are_relative_to_it(tmp_path: Path) -> None:
    file = written(tmp_path, '[server]\ntls_certificate = "c.pem"\ntls_key = "/etc/k.pem"\n')
    server = load({}, {}, file).config.server
    assert (server.tls_certificate, server.tls_key) == (tmp_path / "c.pem", Path("/etc/k.pem"))


def test_lists_are_written_with_commas_or_as_lists(tmp_path: Path) -> None:
    file = written(tmp_path, '[server]\norigins = ["https://a.example"]\n')
    server = load({}, {"CHINWAG_SERVER_TRUSTED_PROXIES": "10.0.0.0/8, ::1"}, file).config.server
    assert server.trusted_proxies == ("10.0.0.0/8", "::1")
    assert server.origins == ("https://a.example",)
    assert load({"server.origins": ""}, {}, file).config.server.origins == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[server]\nprot = 1", "unknown key server.prot ({file}): the nearest known one is server.port"),
        ("[sever]\nport = 1", "unknown section sever ({file}): the nearest known one is server"),
        ("heartbeat_seconds = 5", "unknown key heartbeat_seconds ({file}): the nearest known one is presence."),
        ("server = 5", "server is 5 ({file}): it must be a section, [server]"),
    ],
)
def test_an_unknown_key_of_the_file_is_an_error_that_names_the_nearest(
    tmp_path: Path, text: str, expected: str
) -> None:
    file = written(tmp_path, text)
    (problem,) = problems(file=file)
    assert problem.startswith(expected.format(file=file))


def test_an_unknown_variable_or_flag_is_an_error_that_names_the_nearest() -> None:
    assert problems({"server.prt": "1"}, {"CHINWAG_SERVER_PRT": "1"}) == [
        "unknown variable CHINWAG_SERVER_PRT (environment): the nearest known one is CHINWAG_SERVER_PORT",
        "unknown key server.prt (flag): the nearest known one is server.port",
    ]
    assert "CHINWAG_DATA" in problems(environ={"CHINWAG_DATA_PATH": "/x"})[0]


@pytest.mark.parametrize("value", ["65536", "-1", "x", "", "8420.5", "1e400", "null", "9" * 200])
def test_a_value_out_of_bounds_names_key_value_source_and_what_is_permitted(value: str) -> None:
    (problem,) = problems(environ={"CHINWAG_SERVER_PORT": value})
    assert problem.startswith(f"server.port is '{value[:70]}")
    assert problem.endswith("(CHINWAG_SERVER_PORT): it must be a whole number from 0 to 65,535")


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "0"])
def test_a_rate_is_a_finite_number_above_nothing(value: str) -> None:
    assert "a number from 0.1 to 100,000" in problems({"limits.sends_per_second": value})[0]


def test_the_file_must_use_the_right_types(tmp_path: Path) -> None:
    file = written(tmp_path, '[server]\nport = "8420"\n[log]\nlevel = "loud"\n[server.x]\ny = 1\n')
    assert len(problems(file=file)) == 3


def test_a_wrong_value_is_told_also_where_a_stronger_source_overrides_it(tmp_path: Path) -> None:
    file = written(tmp_path, "[limits]\ngroup_members = 501\n")
    (problem,) = problems({"limits.group_members": "200"}, file=file)
    assert problem == f"limits.group_members is 501 ({file}): it must be a whole number from 2 to 500"


def test_large_groups_are_allowed_on_every_profile() -> None:
    large = {"limits.large_group_members": "1000"}
    assert load(large, {}, None).config.limits.large_group_members == 1000
    for profile in ("postgres", "cassandra"):
        assert not [one for one in problems({**large, "store.profile": profile}) if "large_group_members" in one]
    assert any("its members in rows" in one for one in problems({"limits.large_above": "4", "limits.wide_above": "5"}))


def test_a_value_with_control_characters_is_shown_escaped() -> None:
    (problem,) = problems(environ={"CHINWAG_LOG_LEVEL": "\x1b[31m\nfake"})
    assert "\\x1b[31m\\nfake" in problem
    assert problem.isprintable()


def test_a_file_that_cannot_be_read_or_is_no_toml_is_an_error(tmp_path: Path) -> None:
    assert "cannot be read: No such file" in problems(file=tmp_path / "none.toml")[0]
    assert "is not TOML" in problems(file=written(tmp_path, "[server\n"))[0]


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({"server.tls_key": "k.pem"}, "server.tls_key (--server-tls-key): TLS needs both files"),
        ({"observe.port": "8420"}, "must differ"),
        ({"server.trusted_proxies": "10.0.0.300"}, "'10.0.0.300' is no IP address or network"),
        ({"server.origins": "https://a.example/path"}, "is no origin"),
        ({"server.origins": "*"}, "is no origin"),
        ({"limits.frame_bytes": "1000000"}, "1265524 bytes at least"),
        ({"limits.outbound_bytes": "70000"}, "must hold one frame"),
        ({"presence.offline_seconds": "9"}, "two heartbeats"),
        ({"push.contact": "op@example.org"}, "it is a mailto: or https: address"),
        ({"push.contact": "mailto:op"}, "it is a mailto: or https: address"),
        ({"push.contact": "mailto:op@localhost"}, "localhost, .local and .invalid"),
        ({"push.contact": "https://chat.LOCAL/"}, "localhost, .local and .invalid"),
        ({"push.hosts": "*.example.org,*x"}, "'*x' is no host"),
        ({"push.hosts": "example..org"}, "'example..org' is no host"),
        ({"push.hosts": "Push.example.org"}, "small letters"),
        ({"push.apns_key_id": "ABCDEFGHIJ"}, "needs its file, its id and its team"),
        ({"accounts.failed_logins_per_address": "10", "accounts.failed_logins_per_account": "11"}, "at least what one"),
    ],
)
def test_settings_that_contradict_each_other_are_an_error(flags: dict[str, FlagValue], expected: str) -> None:
    (problem,) = problems(flags)
    assert expected in problem


def test_the_defaults_respect_their_own_bounds() -> None:
    assert msgspec.convert(msgspec.to_builtins(Config(), enc_hook=str), Config, dec_hook=lambda _, path: Path(path))


def test_every_setting_has_a_description_and_a_variable_of_its_own() -> None:
    assert all(setting.description.endswith(".") for setting in settings().values())
    assert len({setting.variable for setting in settings().values()}) == len(settings())


def test_the_file_is_the_named_one_or_the_one_in_the_folder(tmp_path: Path) -> None:
    assert find_file({}, tmp_path) is None
    file = written(tmp_path, "")
    assert find_file({}, tmp_path) == file
    assert find_file({"CHINWAG_CONFIG": "/etc/chinwag.toml"}, tmp_path) == Path("/etc/chinwag.toml")
    assert load({}, {"CHINWAG_CONFIG": str(file)}, file).config.server.port == 8420


def test_the_documented_table_is_fresh() -> None:
    ended = subprocess.run(
        [sys.executable, ROOT / "tools" / "settings_table.py", "--check"], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("key", [key for key, setting in settings().items() if not setting.is_list])
def test_bytes_that_are_no_text_are_refused_in_words(key: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        load({key: "b\udcffd"} if key == "data.path" else {key: "b\udcffd", "data.path": "here"}, {}, None)
    str(refusal.value).encode()
