"""The configuration as flags: one for each setting, with its meaning in `--help`."""

import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Group, Parameter

from chinwag.config import Effective, find_file, load
from chinwag.config.catalogue import Setting, sections, settings


def read_settings(flags: dict[str, str | None]) -> Effective:
    """The configuration in force, `flags` (by parameter name) over environment over file. Raises `ConfigError`."""
    keys = {_parameter_name(setting): setting.key for setting in settings().values()}
    given = {keys[name]: value for name, value in flags.items() if value is not None}
    return load(given, os.environ, find_file(os.environ, Path.cwd()))


def with_settings(*wanted: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command a flag for every setting of the sections `wanted` (all of them if none is named).

    The command must end in `**flags`, which it hands to `read_settings`.
    """

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        own = inspect.signature(command)
        parameters = [each for each in own.parameters.values() if each.kind is not inspect.Parameter.VAR_KEYWORD]
        parameters += [_flag(one) for one in settings().values() if not wanted or one.key.split(".")[0] in wanted]
        command.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
        return command

    return decorate


def _parameter_name(setting: Setting) -> str:
    return setting.key.replace(".", "_")


def _flag(setting: Setting) -> inspect.Parameter:
    section = setting.key.partition(".")[0]
    default = ", ".join(setting.default) if isinstance(setting.default, tuple) else setting.default
    default = str(default).lower() if isinstance(default, bool) else default
    shown = "" if default in (None, "") else f" Default: {default}."
    about = Parameter(
        name=setting.flag,
        help=f"{setting.description} ({setting.permitted}; {setting.variable}).{shown}",
        group=Group(f"{section.capitalize()}: {sections()[section]}", sort_key=list(sections()).index(section)),
        show_default=False,
        negative=(),
    )
    return inspect.Parameter(
        _parameter_name(setting), inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[str | None, about]
    )
