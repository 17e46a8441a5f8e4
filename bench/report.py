"""Figures beside their floor: as a table for people, and as results.json."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

import msgspec
from rich.table import Table

PACKAGES = ("chinwag", "picows", "uvloop", "msgspec", "rocksdict", "uvicorn", "litestar")


class Result(msgspec.Struct, frozen=True):
    """One figure. ratio: value over floor, so above 1 is better for a rate and worse for a time or a size.

    lower_bound: the generator may have been the limit of the value; floor_lower_bound: of the floor's, so that the
    ratio may be too good.
    """

    id: str
    value: float
    unit: str
    floor: float | None = None
    ratio: float | None = None
    note: str = ""
    lower_bound: bool = False
    floor_lower_bound: bool = False


class Report(msgspec.Struct, frozen=True):
    """What results.json holds. scale, rounds: as they were asked for; only figures of scale 1 are for quoting."""

    results: list[Result]
    machine: dict[str, str]
    versions: dict[str, str]
    scale: float = 1.0
    rounds: int = 3


def result(
    name: str,
    value: float,
    unit: str,
    floor: float | None = None,
    note: str = "",
    *,
    lower: bool = False,
    floor_lower: bool = False,
) -> Result:
    """A figure, rounded, and its ratio."""
    ratio = round(value / floor, 3) if floor else None
    return Result(name, round(value, 3), unit, floor and round(floor, 3), ratio, note, lower, floor_lower)


def save(report: Report, path: Path) -> None:
    """Write results.json."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")


def table(results: list[Result]) -> Table:
    """The results for people."""
    shown = Table("figure", "Chinwag", "floor", "ratio", "")
    for column in shown.columns[1:4]:
        column.justify = "right"
    for each in results:
        value = f"{'at least ' if each.lower_bound else ''}{number(each.value)} {each.unit}"
        floor = "" if each.floor is None else number(each.floor)
        if each.floor is not None and each.floor_lower_bound:
            floor = f"at least {floor}"
        ratio = "" if each.ratio is None else f"{each.ratio:.2f}"
        shown.add_row(each.id, value.rstrip(), floor, ratio, each.note)
    return shown


def number(value: float) -> str:
    """A figure with as many digits as mean something."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def machine(**more: str) -> dict[str, str]:
    """What it ran on, and what else the caller knows of it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line for line in lines if line.startswith("model name")]
    return {
        "processor": names[0].partition(":")[2].strip() if names else platform.machine(),
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        **more,
    }


def versions() -> dict[str, str]:
    """Of what matters for speed."""
    return {name: version(name) for name in PACKAGES}
