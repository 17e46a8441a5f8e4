"""The bench runs, small: the floor and Chinwag are driven, every payload is checked, every figure comes out."""

import json
import math
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from jsonschema import validate  # type: ignore[import-untyped]

pytestmark = pytest.mark.measuring

ROOT = Path(__file__).parents[2]
HALVES = (("B1", "B2", "B3", "B4"), ("B5", "B6", "B7"))
"""Run beside each other: no figure is judged here."""
FIGURES = {
    "B1.p50_ms",
    "B1.p99_ms",
    "B2.messages_s",
    "B2.p99_ms",
    "B3.deliveries_s",
    "B3.p99_ms",
    "B3.deliveries_s_marks",
    "B4.bytes_per_connection",
    "B4.connects_s",
    "B5.events_s",
    "B5.live_p99_ms",
    "B6.page_ms",
    "B7.slowdown",
}
MEMORY = {"B4.bytes_per_connection", "B4.kernel_bytes_per_connection"}
"""What is found as a difference of the machine's memory: of a few sessions it is noise, of any sign."""
BESIDE_THE_FLOOR = {name for name in FIGURES - MEMORY if name[:2] in {"B1", "B2", "B3", "B4"}}
TEXTS = {"type": "object", "minProperties": 1, "additionalProperties": {"type": "string"}}
RESULT = {
    "type": "object",
    "required": ["id", "value", "unit", "floor", "ratio"],
    "properties": {
        "id": {"type": "string", "pattern": r"^B[1-7]\.[a-z0-9_]+$"},
        "value": {"type": "number"},
        "unit": {"type": "string"},
        "floor": {"type": ["number", "null"]},
        "ratio": {"type": ["number", "null"]},
        "note": {"type": "string"},
        "lower_bound": {"type": "boolean"},
        "floor_lower_bound": {"type": "boolean"},
    },
    "additionalProperties": False,
}
REPORT = {
    "type": "object",
    "required": ["results", "machine", "versions"],
    "properties": {
        "results": {"type": "array", "items": RESULT},
        "machine": TEXTS,
        "versions": TEXTS,
        "scale": {"type": "number"},
        "rounds": {"type": "integer"},
    },
    "additionalProperties": False,
}


def bench(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(ROOT / "bench" / "run.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)


def small(folder: Path, *works: str) -> list[dict[str, Any]]:
    """The results of a small run of some works."""
    kept, data = folder / "results.json", folder / "data"
    folder.mkdir()
    done = bench(*works, "--rounds", "1", "--scale", "0.005", "--data", str(data), "--results", str(kept))
    assert done.returncode == 0, done.stderr
    assert not list(data.glob("run-*")), "a run leaves only what the next one needs"
    assert all(work in done.stderr for work in works), "progress is told"
    report = json.loads(kept.read_text())
    validate(report, REPORT)
    found: list[dict[str, Any]] = report["results"]
    return found


def test_a_small_bench_gives_every_figure_in_the_form_that_is_promised(tmp_path: Path) -> None:
    with ThreadPoolExecutor() as threads:
        halves = threads.map(lambda works: small(tmp_path / works[0], *works), HALVES)
        told = [each for half in halves for each in half]
    results = {each["id"]: each for each in told}
    assert len(results) == len(told)
    assert set(results) >= FIGURES
    for name, each in results.items():
        found = [each[field] for field in ("value", "floor", "ratio") if each[field] is not None]
        assert all(map(math.isfinite, found)), each
        assert name in MEMORY or min(found) > 0, each
    assert all(results[name]["ratio"] is not None for name in BESIDE_THE_FLOOR)
    assert all(results[name]["floor"] is not None for name in MEMORY)


def test_a_work_that_there_is_not_is_named() -> None:
    done = bench("B9")
    assert done.returncode == 2
    assert "no such work: B9" in done.stderr


def test_figures_without_a_disk_are_refused(tmp_path: Path) -> None:
    kept = tmp_path / "results.json"
    done = bench("B1", "--data", "/dev/shm/chinwag-bench", "--results", str(kept))
    assert done.returncode == 1
    assert "lies in memory" in done.stderr
    assert not kept.exists()
