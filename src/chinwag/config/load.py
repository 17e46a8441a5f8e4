"""Fill the sections: flags over environment over file over defaults. Whatever is wrong is said all at once."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, Literal

import msgspec

from chinwag import clock_offset, fail_points
from chinwag.config.catalogue import PREFIX, Setting, nearest, provider_settings, sections, settings
from chinwag.config.openid_section import OpenId
from chinwag.config.sections import Config, contradictions

FlagValue = str | int | float | bool | Path | Sequence[str] | None
"""What a flag may hold; None means that it was not given."""

FILE_NAME: Final = "chinwag.toml"
FILE_VARIABLE: Final = "CHINWAG_CONFIG"

OTHER_VARIABLES: Final = frozenset({FILE_VARIABLE, "CHINWAG_PASSWORD", "CHINWAG_URL"})
"""Variables with our prefix that are no settings, so that they are not taken for misspelt ones."""
FAULT_VARIABLES: Final = frozenset({fail_points.VARIABLE, clock_offset.VARIABLE})
"""Those that hurt a server on purpose: known, and never proposed."""


class ConfigError(Exception):
    """The configuration cannot be used. `problems` holds one sentence each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class Source(msgspec.Struct, frozen=True):
    """Where a value came from. `name` is the flag, the variable or the file; empty for a default."""

    kind: Literal["default", "file", "environment", "flag"]
    name: str = ""

    def __str__(self) -> str:
        return self.name or self.kind


class Effective(msgspec.Struct, frozen=True):
    """The configuration in force, and for each dotted key where its value came from."""

    config: Config
    sources: Mapping[str, Source]


class _Given(msgspec.Struct, frozen=True):
    key: str
    value: object
    source: Source


def find_file(environ: Mapping[str, str], folder: Path) -> Path | None:
    """The file that `CHINWAG_CONFIG` names (whether it exists or not), else `folder`'s chinwag.toml if there is one."""
    named = environ.get(FILE_VARIABLE)
    if named:
        return Path(named)
    default = folder / FILE_NAME
    return default if default.is_file() else None


def load(flags: Mapping[str, FlagValue], environ: Mapping[str, str], file: Path | None) -> Effective:
    """The configuration from `flags` (by dotted key), `environ` and the TOML `file`, over the defaults.

    Paths are expanded, and those in the file are relative to its folder. Raises ConfigError with every unknown
    key (naming the nearest known one), every value out of bounds (naming key, value, source and what is
    permitted), every contradiction, or what is wrong with the file.
    """
    problems: list[str] = []
    values: dict[str, object] = {}
    providers: dict[str, OpenId] = {}
    sources = dict.fromkeys(settings(), Source("default"))
    # weakest first, so that a stronger one overwrites; a wrong value is reported even where it is overwritten
    for source in (
        _from_file(file, providers, problems),
        _from_environment(environ, problems),
        _from_flags(flags, problems),
    ):
        for given in source:
            try:
                values[given.key] = _converted(settings()[given.key], given, file)
                sources[given.key] = given.source
            except (msgspec.ValidationError, RuntimeError):
                problems.append(
                    f"{given.key} is {_shown(given.value)} ({given.source}): "
                    f"it must be {settings()[given.key].permitted}"
                )
    if problems:
        raise ConfigError(problems)
    config = msgspec.structs.replace(_assembled(values), openid=providers)
    for contradiction in contradictions(config):
        concerned = ", ".join(f"{key} ({sources.get(key, file)})" for key in contradiction.keys)
        problems.append(f"{concerned}: {contradiction.rule}")
    if problems:
        raise ConfigError(problems)
    return Effective(config, sources)


def _from_file(file: Path | None, providers: dict[str, OpenId], problems: list[str]) -> Iterator[_Given]:
    if file is None:
        return
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        problems.append(f"{file} cannot be read: {error.strerror}")
        return
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(f"{file} is not TOML: {error}")
        return
    source = Source("file", str(file))
    for section, table in content.items():
        if section == "openid" and isinstance(table, dict) and all(isinstance(one, dict) for one in table.values()):
            for name, given in table.items():
                if (provider := _provider(f"openid.{ascii(name)[1:-1][:60]}", given, file, problems)) is not None:
                    providers[name] = provider
        elif section == "openid":
            problems.append(f"openid ({source}): it must be sections of the form [openid.NAME]")
        elif section not in sections():
            known = list(sections()) if isinstance(table, dict) else list(settings())
            kind = "section" if isinstance(table, dict) else "key"
            problems.append(_unknown(f"{kind} {section}", section, known, source))
        elif not isinstance(table, dict):
            problems.append(f"{section} is {_shown(table)} ({source}): it must be a section, [{section}]")
        else:
            for name, value in table.items():
                key = f"{section}.{name}"
                if key in settings():
                    yield _Given(key, value, source)
                else:
                    problems.append(_unknown(f"key {key}", key, list(settings()), source))


def _provider(section: str, table: Mapping[str, object], file: Path, problems: list[str]) -> OpenId | None:
    """One section `[openid.NAME]`; None, with what is wrong, if it cannot be used."""
    known, source = provider_settings(), Source("file", str(file))
    before = len(problems)
    values: dict[str, object] = {}
    for name, value in table.items():
        if name == "client_secret":
            problems.append(
                f"{section}.client_secret ({source}): write it into a file, and name that in client_secret_file"
            )
        elif (setting := known.get(name)) is None:
            problems.append(_unknown(f"key {section}.{name}", name, list(known), source))
        else:
            try:
                values[name] = _converted(setting, _Given(name, value, source), file)
            except (msgspec.ValidationError, RuntimeError):
                problems.append(f"{section}.{name} is {_shown(value)} ({source}): it must be {setting.permitted}")
    for name, setting in known.items():
        if setting.default is msgspec.NODEFAULT and name not in table:
            problems.append(f"{section}.{name} ({source}): it must be set")
    return OpenId(**values) if len(problems) == before else None  # type: ignore[arg-type]


def _from_environment(environ: Mapping[str, str], problems: list[str]) -> Iterator[_Given]:
    by_variable = {setting.variable: setting for setting in settings().values()}
    for variable in sorted(name for name in environ if name.startswith(PREFIX)):
        if variable in by_variable:
            setting = by_variable[variable]
            text = environ[variable]
            yield _Given(setting.key, _split(text) if setting.is_list else text, Source("environment", variable))
        elif variable not in OTHER_VARIABLES | FAULT_VARIABLES:
            known = [*by_variable, *OTHER_VARIABLES]
            problems.append(_unknown(f"variable {variable}", variable, known, Source("environment")))


def _from_flags(flags: Mapping[str, FlagValue], problems: list[str]) -> Iterator[_Given]:
    for key, value in flags.items():
        if value is None:
            continue
        setting = settings().get(key)
        if setting is None:
            problems.append(_unknown(f"key {key}", key, list(settings()), Source("flag")))
        elif setting.is_list:
            yield _Given(key, _split(value) if isinstance(value, str) else value, Source("flag", setting.flag))
        else:
            yield _Given(key, value, Source("flag", setting.flag))


def _converted(setting: Setting, given: _Given, file: Path | None) -> object:
    """The value in the setting's own type. Text from flags and environment is read as numbers where they belong."""
    value = str(given.value) if isinstance(given.value, Path) else given.value
    if setting.is_path and value == "":
        value = None
    if isinstance(value, str) and not setting.is_path and not _is_utf8(value):
        raise msgspec.ValidationError("not text")
    # lax conversion would turn the text "null" into None and, in a file, "8420" into a number
    lax = given.source.kind != "file" and not setting.is_text and not setting.is_path
    converted: object = msgspec.convert(value, setting.type, strict=not lax, dec_hook=_path)
    if isinstance(converted, Path) and given.source.kind == "file" and file is not None:
        return file.parent / converted
    return converted


def _is_utf8(text: str) -> bool:
    """Whether the bytes that were given are UTF-8: others stand in a text as lone surrogates (PEP 383)."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _path(kind: type, value: object) -> Path:
    if kind is not Path or not isinstance(value, str) or "\0" in value:
        raise msgspec.ValidationError("not a path")
    return Path(value).expanduser()


def _assembled(values: Mapping[str, object]) -> Config:
    filled = Config()
    chosen = dict(values)
    if "data.path" not in chosen:
        try:
            chosen["data.path"] = filled.data.path.expanduser()
        except RuntimeError:
            raise ConfigError(["data.path: there is no home folder, so name one in CHINWAG_DATA"]) from None
    for section in sections():
        part = getattr(filled, section)
        here = {key.partition(".")[2]: value for key, value in chosen.items() if key.startswith(section + ".")}
        filled = msgspec.structs.replace(filled, **{section: msgspec.structs.replace(part, **here)})
    return filled


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _unknown(what: str, word: str, known: list[str], source: Source) -> str:
    return f"unknown {ascii(what)[1:-1][:120]} ({source}): the nearest known one is {nearest(word[:120], known)}"


def _shown(value: object) -> str:
    shown = ascii(str(value) if isinstance(value, Path) else value)
    return shown if len(shown) <= 80 else shown[:77] + "..."
