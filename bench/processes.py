"""The processes of a bench: a server on one core, generators on others. None outlives the bench.

Each is a session of its own, so that Ctrl-C reaches the bench alone, which ends them; should the bench itself be
killed, the kernel ends them.
"""

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import msgspec

from chinwag.load.figures import Outcome
from chinwag.load.generator import HELD, Job
from trouble import BenchError
from used import pss

START_SECONDS = 60.0
STOP_SECONDS = 20.0
BUDGETS = ("SENDS", "FRAMES", "REQUESTS", "MARKS")
FLOOR = Path(__file__).with_name("floor.py")
FLOOR_TRIES = 3
"""Another program may take the port between the look for a free one and the floor's start."""
LOG_LINES = 15
DIE_WITH_PARENT = 1
"""PR_SET_PDEATHSIG of prctl(2)."""

_outcome = msgspec.json.Decoder(Outcome | str)
_prctl = ctypes.CDLL(None).prctl


def _spawn(core: int, command: list[str], **options: object) -> "subprocess.Popen[bytes]":
    """Start a process that stays on one core."""
    mine = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        return subprocess.Popen(  # type: ignore[call-overload, no-any-return]
            command, start_new_session=True, preexec_fn=lambda: _prctl(DIE_WITH_PARENT, signal.SIGKILL), **options
        )
    finally:
        os.sched_setaffinity(0, mine)


class Server:
    """A server under measurement, as a context that ends it; `url` is that of its sockets."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int) -> None:
        self.process = process
        self.host = "127.0.0.1"
        self.port = port
        self.url = f"ws://{self.host}:{port}/v1/socket"

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    @property
    def busy(self) -> float:
        """Seconds of processor time that all of its threads have used."""
        return time.clock_gettime((~self.process.pid << 3) | 2)  # clock_getcpuclockid(3) makes it so

    @property
    def memory(self) -> int:
        """Bytes: its share of physical memory (PSS)."""
        return pss(self.process.pid)

    def stop(self) -> None:
        """End it, if it has not ended."""
        end(self.process)


def end(process: "subprocess.Popen[bytes]") -> None:
    """Ask a process to end, and see to it."""
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def start_chinwag(core: int, data: Path, log: Path, **settings: str) -> Server:
    """`chinwag serve` on a data folder, with the limits on single people out of the way."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("CHINWAG_")},
        "CHINWAG_DATA": str(data),
        "CHINWAG_SERVER_PORT": "0",
        "CHINWAG_OBSERVE_PORT": "0",
        "CHINWAG_LOG_FORMAT": "json",
        **{f"CHINWAG_LIMITS_{kind}_PER_SECOND": "100000" for kind in BUDGETS},
        **{f"CHINWAG_LIMITS_{kind}_BURST": "1000000" for kind in BUDGETS},
        "CHINWAG_ACCOUNTS_ACCESS_TOKEN_MINUTES": "60",
        **settings,
    }
    with log.open("wb") as out:
        command = [sys.executable, "-m", "chinwag.cli", "serve"]
        process = _spawn(core, command, env=environment, stdin=subprocess.DEVNULL, stderr=out, stdout=out, cwd=data)
    port = _until_ready(process, log, lambda line: int(json.loads(line)["url"].rpartition(":")[2]), b'"event":"ready"')
    return Server(process, port)


def start_floor(core: int, data: Path, log: Path, script: Path = FLOOR) -> Server:
    """The floor."""
    for last in (False,) * (FLOOR_TRIES - 1) + (True,):
        port = _free_port()
        with log.open("wb") as out:
            command = [sys.executable, str(script), str(port), str(data)]
            process = _spawn(core, command, stdin=subprocess.DEVNULL, stderr=out, stdout=out)
        try:
            _until_ready(process, log, lambda _: 0, b"ready")
        except BenchError:
            if last or b"address already in use" not in log.read_bytes():
                raise
        else:
            break
    return Server(process, port)


def _until_ready(process: "subprocess.Popen[bytes]", log: Path, read: Callable[[bytes], int], word: bytes) -> int:
    try:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            for line in log.read_bytes().splitlines():
                if word in line:
                    return read(line)
            time.sleep(0.02)
    except BaseException:
        end(process)
        raise
    end(process)
    told = "\n".join(log.read_text(errors="replace").splitlines()[-LOG_LINES:])
    raise BenchError(f"a server did not start; the end of its log:\n{told}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Generator:
    """A load generator's process."""

    def __init__(self, core: int) -> None:
        command = [sys.executable, "-m", "chinwag.load.generator"]
        self._process = _spawn(core, command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def do(self, job: Job) -> Outcome:
        """Do a job that needs nothing else."""
        self.begin(job)
        return self.end()

    def begin(self, job: Job) -> None:
        """Hand over a job."""
        self._write(msgspec.json.encode(job))

    def held(self) -> None:
        """Wait until an idle job is held."""
        said = self._read()
        if said != HELD:
            faults = said.faults if isinstance(said, Outcome) else (said,)
            raise BenchError(f"the sessions were not held: {'; '.join(faults)}")

    def go(self) -> Outcome:
        """End what is held."""
        self._write(b"")
        return self.end()

    def end(self) -> Outcome:
        """The outcome of the job."""
        outcome = self._read()
        assert isinstance(outcome, Outcome)
        return outcome

    def stop(self) -> None:
        """End the process, whatever it does."""
        end(self._process)

    def _write(self, line: bytes) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise BenchError("the load generator has ended; what it said stands above") from None

    def _read(self) -> Outcome | str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise BenchError("the load generator has ended; what it said stands above")
        outcome: Outcome | str = _outcome.decode(line)
        return outcome
