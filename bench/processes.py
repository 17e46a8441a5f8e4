"""The processes of a bench: a server on one core, the generator on another."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec

from chinwag.bench.figures import Outcome
from chinwag.bench.generator import HELD, Job

SERVER_CORE = 0
GENERATOR_CORE = 1
START_SECONDS = 30.0
BUDGETS = ("SENDS", "FRAMES", "REQUESTS", "MARKS")
FLOOR = Path(__file__).with_name("floor.py")
HERTZ = os.sysconf("SC_CLK_TCK")

_outcome = msgspec.json.Decoder(Outcome | str)


def _spawn(core: int, command: list[str], **options: object) -> "subprocess.Popen[bytes]":
    """Start a process that stays on one core, if this machine has that many."""
    mine = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core} if core in mine else mine)
    try:
        return subprocess.Popen(command, **options)  # type: ignore[call-overload, no-any-return]
    finally:
        os.sched_setaffinity(0, mine)


class Server:
    """A server under measurement; `url` is that of its sockets."""

    def __init__(self, process: "subprocess.Popen[bytes]", host: str, port: int) -> None:
        self.process = process
        self.host = host
        self.port = port
        self.url = f"ws://{host}:{port}/v1/socket"

    @property
    def busy(self) -> float:
        """Seconds of processor time that it has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / HERTZ

    @property
    def memory(self) -> int:
        """Bytes: its share of physical memory (PSS)."""
        lines = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:"))

    def stop(self) -> None:
        """End it."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start_chinwag(data: Path, log: Path, **settings: str) -> Server:
    """`chinwag serve` on a data folder, with the limits on single people out of the way."""
    environment = {
        **os.environ,
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
        process = _spawn(SERVER_CORE, command, env=environment, stderr=out, stdout=out)
    port = _until_ready(process, log, lambda line: int(json.loads(line)["url"].rpartition(":")[2]), b'"ready"')
    return Server(process, "127.0.0.1", port)


def start_floor(data: Path, log: Path, script: Path = FLOOR) -> Server:
    """The floor."""
    port = _free_port()
    with log.open("wb") as out:
        process = _spawn(SERVER_CORE, [sys.executable, str(script), str(port), str(data)], stderr=out, stdout=out)
    _until_ready(process, log, lambda _: port, b"ready")
    return Server(process, "127.0.0.1", port)


def _until_ready(process: "subprocess.Popen[bytes]", log: Path, read: object, word: bytes) -> int:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        for line in log.read_bytes().splitlines():
            if word in line:
                return int(read(line))  # type: ignore[operator]
        time.sleep(0.02)
    process.kill()
    raise RuntimeError(f"the server did not start:\n{log.read_text()}")


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Generator:
    """The load generator's process."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "chinwag.bench.generator"]
        self._process = _spawn(GENERATOR_CORE, command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def do(self, job: Job) -> Outcome:
        """Do a job that needs no more."""
        self.begin(job)
        return self.end()

    def begin(self, job: Job) -> None:
        """Hand over a job."""
        assert self._process.stdin is not None
        self._process.stdin.write(msgspec.json.encode(job) + b"\n")
        self._process.stdin.flush()

    def held(self) -> None:
        """Wait until an idle job is held."""
        said = self._read()
        if said != HELD:
            raise RuntimeError(f"the generator said {said!r}")

    def go(self) -> Outcome:
        """End what is held."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")
        self._process.stdin.flush()
        return self.end()

    def end(self) -> Outcome:
        """The outcome of the job."""
        outcome = self._read()
        assert isinstance(outcome, Outcome)
        return outcome

    def stop(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)

    def _read(self) -> Outcome | str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the generator has ended")
        return _outcome.decode(line)
