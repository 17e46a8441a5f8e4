"""Every setting as a value: read off the sections, for loading, for error messages and for the documentation."""

from collections.abc import Iterator
from difflib import SequenceMatcher
from functools import cache
from typing import Any, Final

import msgspec
from msgspec import inspect

from chinwag.config.openid_section import OpenId
from chinwag.config.sections import Config

PREFIX: Final = "CHINWAG_"
_OWN_VARIABLE: Final = {"data.path": "CHINWAG_DATA"}


class Setting(msgspec.Struct, frozen=True):
    """One setting. `key` is dotted (`server.port`); `permitted` says in words which values it takes."""

    key: str
    type: Any  # a type form such as `int | None`, which has no narrower type of its own
    default: object
    permitted: str
    description: str
    is_list: bool
    is_path: bool
    is_text: bool

    @property
    def variable(self) -> str:
        """The environment variable of this setting."""
        return _OWN_VARIABLE.get(self.key) or PREFIX + self.key.replace(".", "_").upper()

    @property
    def flag(self) -> str:
        """The command-line flag of this setting."""
        return "--" + self.key.replace(".", "-").replace("_", "-")


@cache
def settings() -> dict[str, Setting]:
    """All settings by dotted key, in the order of the sections."""
    return {setting.key: setting for setting in _read()}


@cache
def sections() -> dict[str, str]:
    """What each section is about, by name."""
    return {name: (section.__doc__ or "").strip() for name, section in _sections()}


@cache
def provider_settings() -> dict[str, Setting]:
    """The settings of a section `[openid.NAME]`, by their names within it. They have no flag and no variable."""
    return {setting.key: setting for setting in _of(OpenId)}


def nearest(word: str, known: list[str]) -> str:
    """The known name most like `word`; the part after the last dot may match by itself."""

    def likeness(name: str) -> float:
        whole = SequenceMatcher(None, word, name).ratio()
        last = SequenceMatcher(None, word.rpartition(".")[2], name.rpartition(".")[2]).ratio()
        return max(whole, 0.9 * last)

    return max(known, key=likeness)


def _sections() -> Iterator[tuple[str, type[msgspec.Struct]]]:
    """All but `openid`, whose names are its owner's."""
    for field in msgspec.structs.fields(Config):
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            yield field.name, field.type


def _read() -> Iterator[Setting]:
    for name, section in _sections():
        for setting in _of(section):
            yield msgspec.structs.replace(setting, key=f"{name}.{setting.key}")


def _of(section: type[msgspec.Struct]) -> Iterator[Setting]:
    info = inspect.type_info(section)
    assert isinstance(info, inspect.StructType)
    kinds = {field.name: field.type for field in info.fields}
    for field in msgspec.structs.fields(section):
        described = kinds[field.name]
        kind, description = described, ""
        if isinstance(described, inspect.Metadata):
            kind, description = described.type, str((described.extra_json_schema or {}).get("description", ""))
        options = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
        yield Setting(
            key=field.name,
            type=field.type,
            default={} if isinstance(kind, inspect.DictType) else field.default,
            permitted=_permitted(kind),
            description=description,
            is_list=isinstance(kind, inspect.VarTupleType),
            is_path=any(isinstance(option, inspect.CustomType) for option in options),
            is_text=isinstance(kind, inspect.StrType),
        )


def _permitted(kind: inspect.Type) -> str:
    match kind:
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType(ge=low, le=high):
            return f"a whole number from {low:,} to {high:,}"
        case inspect.FloatType(ge=low, le=high):
            return f"a number from {low:.6g} to {high:,}"
        case inspect.LiteralType(values=values):
            return "one of " + ", ".join(str(value) for value in values)
        case inspect.StrType(min_length=shortest, max_length=longest):
            return f"{shortest} to {longest} characters" if shortest else f"at most {longest} characters"
        case inspect.VarTupleType(max_length=longest):
            return f"a list of at most {longest}"
        case inspect.CustomType():
            return "a path"
        case inspect.DictType(max_length=longest):
            return f"a table of at most {longest} places"
        case inspect.UnionType(types=types):
            return " or ".join("nothing" if isinstance(each, inspect.NoneType) else _permitted(each) for each in types)
    raise TypeError(f"no words for settings of type {kind}")
