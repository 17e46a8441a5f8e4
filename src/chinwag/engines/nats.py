"""A NATS server as a process: its configuration written, started, seen to be ready, ended."""

import os
import secrets
import signal
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from chinwag.engines import process
from chinwag.engines.place import Place
from chinwag.engines.process import Running
from chinwag.lasting import new_folder, whole_file

USER: Final = "chinwag"
MAX_PAYLOAD: Final = 8 * 1024 * 1024
"""The longest message taken: the longest text with every character escaped fits into it, several times."""
READY_SECONDS: Final = 30.0
END_SECONDS: Final = 30.0


class _Info(msgspec.Struct):
    server_name: str = ""


def streams_in(place: Place, most: int) -> dict[str, object]:
    """Settings of a server that keeps JetStream's streams in `place`, at most so many bytes, and has each record on
    disk before it acks it. By default it syncs every two minutes, and a cut of power takes what was acked since."""
    return {
        "jetstream": {
            "store_dir": str(place.folder / "nats" / "streams"),
            "max_memory_store": 16 * 1024 * 1024,
            "max_file_store": most,
            "sync_interval": "always",
        }
    }


class Nats:
    """A core NATS server in `place`: it keeps nothing, unless `streams_in` is among its settings. settings: more of its
    configuration, such as `{"tls": {…}}`."""

    name: Final = "NATS"

    def __init__(self, program: Path, place: Place, *, settings: Mapping[str, object] | None = None) -> None:
        self._program = program
        self._settings = dict(settings or {})
        self._place = place
        self._home = place.folder / "nats"
        self._configuration = self._home / "nats.conf"
        self.log = place.folder / "nats.log"

    def launch(self, host: str, port: int, password: str) -> Running:
        """Start it, for who knows `password`. Raises `EngineError`."""
        command = [str(self._program), "--config", str(self._configure(host, port, password))]
        return process.launch(command, self.log, self._place, dict(os.environ), host, port)

    def wait(self, one: Running) -> None:
        """Return when it takes connections. Raises `EngineError`, `PortTakenError` if something else has its port."""
        name = msgspec.json.decode(self._configuration.read_bytes(), type=_Info).server_name
        process.wait_until_ready(
            self.name,
            one,
            lambda: _answers(one.host, one.port) == name,
            READY_SECONDS,
            self.log,
            taken="address already in use",
            flag="--engines-nats-port",
        )

    def stop(self, one: Running) -> None:
        """End it. Raises `EngineError`."""
        process.stop(self.name, one, signal.SIGTERM, END_SECONDS)

    def _configure(self, host: str, port: int, password: str) -> Path:
        if not self._home.is_dir():
            self._place.hand_over(new_folder(self._home))
        words = {
            # new at each start: it shows that the one which answers is ours
            "server_name": f"chinwag-{secrets.token_hex(6)}",
            "host": host,
            "port": port,
            "max_payload": MAX_PAYLOAD,
            "authorization": {"user": USER, "password": password},
            **self._settings,
        }
        with whole_file(self._configuration, replace=True) as file:
            file.write(msgspec.json.format(msgspec.json.encode(words)))  # JSON is one way to write its configuration
        return self._place.hand_over(self._configuration)


def _answers(host: str, port: int) -> str:
    """The name of the NATS server that answers there; empty if none does."""
    try:
        with socket.create_connection((host, port), timeout=1.0) as connection, connection.makefile("rb") as lines:
            verb, _, info = lines.readline(64 * 1024).partition(b" ")
        return msgspec.json.decode(info, type=_Info).server_name if verb == b"INFO" else ""
    except (OSError, msgspec.MsgspecError):
        return ""
