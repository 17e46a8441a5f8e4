"""The figures that everything is reckoned from, each with where it comes from: costs.toml, read and looked through."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

import msgspec

COSTS: Final = Path(__file__).parent / "costs.toml"
_DATED: Final = re.compile(r"\b20\d\d-\d\d-\d\d\b")
_COMMAND: Final = re.compile(r"`[^`]+`")

Kind = Literal["measured", "code", "mission", "engine", "guess"]


class CostError(Exception):
    """A figure is not what it must be; the words say which and why."""


class Figure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One figure. unit: of `value`. kind: measured here (its source names the command and the day), read off this code
    (its source names the file), given by the mission, told by an engine's documentation or trial, or a guess that says
    so. what: in words."""

    name: str
    value: float
    unit: str
    kind: Kind
    what: str
    source: str


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    figure: list[Figure]


def read(text: str | None = None) -> list[Figure]:
    """The figures in the order of the file. text: TOML in its place. Raises `CostError`."""
    try:
        found = msgspec.toml.decode(COSTS.read_text(encoding="utf-8") if text is None else text, type=_File).figure
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise CostError(f"the costs cannot be read: {error}") from error
    names: set[str] = set()
    for one in found:
        if one.name in names:
            raise CostError(f"{one.name} is there twice")
        names.add(one.name)
        _see(one)
    return found


def values(figures: list[Figure]) -> Mapping[str, float]:
    """Their values by name."""
    return {one.name: one.value for one in figures}


def _see(one: Figure) -> None:
    if not 0 < one.value < float("inf"):
        raise CostError(f"{one.name} must be a number above 0")
    if one.kind == "measured" and not (_DATED.search(one.source) and _COMMAND.search(one.source)):
        raise CostError(f"{one.name} was measured: its source names the command, in backquotes, and the day")
    if one.kind == "code" and not _COMMAND.search(one.source):
        raise CostError(f"{one.name} is the code's: its source names the file, in backquotes")
    if not one.source or not one.what:
        raise CostError(f"{one.name} lacks its source or what it is")
