"""However a bench ends, nothing of it runs on or lies about."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.measuring

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0


@pytest.fixture
def running(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """A bench that has begun to measure."""
    command = [sys.executable, str(ROOT / "bench" / "run.py"), "B1", "--rounds", "20", "--data", str(tmp_path)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    told = ""
    for told in process.stderr:
        if "B1 one to one" in told:
            break
    assert "B1 one to one" in told
    yield process
    process.kill()
    process.wait()
    process.stderr.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_asked_to_end_it_ends_its_servers_and_clears_up(
    running: "subprocess.Popen[str]", number: signal.Signals, tmp_path: Path
) -> None:
    servers = started_below(tmp_path)
    assert servers
    running.send_signal(number)
    assert running.wait(PATIENCE) == 130
    assert not started_below(tmp_path)
    assert not list(tmp_path.glob("run-*"))


def test_killed_it_takes_its_servers_along_and_the_next_run_clears_up(
    running: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    assert started_below(tmp_path)
    running.kill()
    running.wait(PATIENCE)
    command = [sys.executable, str(ROOT / "bench" / "run.py"), "B1", "--rounds", "1", "--scale", "0.01"]
    results = str(tmp_path / "results.json")
    done = subprocess.run(
        [*command, "--data", str(tmp_path), "--results", results], capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr
    assert not started_below(tmp_path)
    assert not list(tmp_path.glob("run-*"))


def started_below(folder: Path) -> list[int]:
    """Processes that were told of `folder`, by their arguments or their environment."""
    found = []
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            told = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
        except OSError:
            continue
        if f"{folder}/run-".encode() in told:
            found.append(int(process.name))
    return found
