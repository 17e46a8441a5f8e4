"""The bench runs, small: every payload is checked, and every figure of every work comes out."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
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
}


def test_a_small_bench_gives_every_figure(tmp_path: Path) -> None:
    kept = tmp_path / "results.json"
    command = [
        sys.executable,
        str(ROOT / "bench" / "run.py"),
        "--rounds",
        "1",
        "--scale",
        "0.01",
        "--results",
        str(kept),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads(kept.read_text())
    assert {each["id"] for each in report["results"]} >= FIGURES
    assert all(each["value"] > 0 for each in report["results"])
    assert report["machine"]
    assert report["versions"]
