"""`chinwag config`: the effective settings, and where each came from."""

import os
import sys
from pathlib import Path
from typing import Annotated, Final

import cyclopts
import msgspec
from cyclopts import Parameter

from chinwag.cli.settings import read_settings, with_settings
from chinwag.config import Effective, OpenId
from chinwag.config.catalogue import Setting, provider_settings, sections, settings

_SECRET: Final = ("password", "secret", "token")
"""A text setting with one of these words in its name is not shown."""

app = cyclopts.App(name="config")


@app.default
@with_settings()
def config(
    *, changed: Annotated[bool, Parameter(help="Only what is not a default.", negative=())] = False, **flags: str | None
) -> None:
    """Show the settings in force, and where each came from."""
    sys.stdout.write(written(read_settings(flags), changed=changed))


def written(effective: Effective, *, changed: bool = False) -> str:
    """The settings as TOML, each with its source in a comment."""
    lines: list[str] = []
    for section, about in sections().items():
        shown = [
            _line(setting, effective)
            for setting in settings().values()
            if setting.key.partition(".")[0] == section
            and not (changed and effective.sources[setting.key].kind == "default")
        ]
        if shown:
            lines += ["", f"[{section}]  # {' '.join(about.split())}", *shown]
    for name, provider in effective.config.openid.items():
        lines += ["", f"[openid.{name}]", *_provider(provider)]
    return "\n".join(lines[1:] if lines else ["# every setting has its default"]) + "\n"


def _line(setting: Setting, effective: Effective) -> str:
    section, _, name = setting.key.partition(".")
    value = getattr(getattr(effective.config, section), name)
    source = effective.sources[setting.key]
    if setting.is_text and any(word in name for word in _SECRET) and value:
        return f"# {name} is set, and not shown  # {source}"
    if source.kind == "default" or value is None:
        return f"# {name} = {'(nothing)' if value is None else _toml(value)}  # {source}"
    return f"{name} = {_toml(value)}  # {source}"


def _provider(provider: OpenId) -> list[str]:
    return [
        f"{'# ' * (value == setting.default)}{name} = {'(nothing)' if value is None else _toml(value)}"
        for name, setting in provider_settings().items()
        for value in [getattr(provider, name)]
    ]


def _toml(value: object) -> str:
    """A value in TOML: JSON's texts, numbers and lists are TOML's too, if line breaks and the like are escaped."""
    if isinstance(value, Path):
        value = os.fspath(value)
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(one) for one in value) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_toml(key)} = {_toml(one)}" for key, one in value.items()) + " }" if value else "{}"
    if isinstance(value, msgspec.Struct):
        return _toml(msgspec.structs.asdict(value))
    return msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")
