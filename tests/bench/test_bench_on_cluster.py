"""The bench of a server on several processes runs, small: every work is done, and every figure comes out."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.cluster_prove

ROOT = Path(__file__).parents[2]
SECONDS = 240.0
RATES = {"B2.messages_s", "B3.deliveries_s", "B3_single.deliveries_s", "B3_marks.deliveries_s", "connects_s"}
OTHERS = {
    *("up_s", "pss_mb", "floor.commit_ms", "floor.rows_s", "floor.request_ms"),
    *("B1.p50_ms", "B1.commit_ms", "B1.answer_ms", "renames_open_s", "renames_closed_s"),
    *(f"B2.cpu_us.{part}" for part in ("delivery", "gateway", "postgres", "nats")),
}


def test_it_measures_a_site_of_one_process_a_role(tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    flags = ("--roles", "one", "--people", "4", "--seconds", "0.3", "--conversations", "2", "--results", str(results))
    done = subprocess.run(
        [sys.executable, "bench/on_cluster.py", *flags], cwd=ROOT, capture_output=True, text=True, timeout=SECONDS
    )
    assert done.returncode == 0, done.stderr[-2000:] + done.stdout[-2000:]
    found = {one["id"]: one["value"] for one in json.loads(results.read_bytes())["results"]}
    assert found.keys() >= RATES | OTHERS
    assert all(found[name] > 0 for name in RATES | OTHERS), found
    assert "B2.messages_s" in done.stdout
