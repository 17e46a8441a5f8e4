"""NATS servers of one test alone, one or three, which may be killed and begun again at the same address."""

import os
import shutil
import signal
import socket
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from chinwag.engines import Nats, Place, fetch
from chinwag.engines.nats import USER, streams_in
from chinwag.engines.process import Running, lives, wait_until
from chinwag.engines.programs import cache_folder

_PASSWORD: Final = "of-one-test"


class OwnNats:
    """Begun by `own_nats`."""

    def __init__(self, engine: Nats, place: Place, port: int, monitor: int = 0) -> None:
        self._engine = engine
        self.monitor: Final = f"http://127.0.0.1:{monitor}" if monitor else ""
        """Where it is monitored, if it is."""
        self.place: Final = place
        self.port: Final = port
        self.streams: Final = place.folder / "nats" / "streams"
        """What it keeps, if it keeps streams."""
        self._running: Running
        self.url: Final = f"nats://{USER}:{_PASSWORD}@127.0.0.1:{port}"

    def begin(self) -> None:
        """Start it, and wait until it takes connections."""
        self.launch()
        self.wait()

    def hand_over(self) -> None:
        """What was put into the folder of its streams is its own."""
        for path in (self.streams, *self.streams.rglob("*")):
            self.place.hand_over(path)

    def launch(self) -> None:
        """Start it."""
        self._running = self._engine.launch("127.0.0.1", self.port, _PASSWORD)

    def wait(self) -> None:
        """Wait until it takes connections."""
        self._engine.wait(self._running)

    def pause(self) -> None:
        """Let it stand still until `go_on`."""
        os.kill(self._running.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it run on."""
        os.kill(self._running.pid, signal.SIGCONT)

    def kill(self) -> None:
        """End it as a crash does, if it lives."""
        if lives(self._running):
            os.kill(self._running.pid, signal.SIGKILL)
            assert wait_until(lambda: not lives(self._running), 30.0)


@contextmanager
def own_nats(settings: Callable[[Place], Mapping[str, object]] = lambda _: {}) -> Iterator[OwnNats]:
    """A NATS server at work, gone afterwards. settings: more of its configuration, made for the place where it runs,
    whose user must be able to read the files that they name."""
    home = Path(tempfile.mkdtemp(prefix="chinwag-nats-"))  # not the test's: root's engines run as another user
    (port,) = _free_ports(1)
    place = Place.make(home)
    engine = Nats(fetch(cache_folder(), lambda _: None).nats, place, settings=settings(place))
    server = OwnNats(engine, place, port)
    server.begin()
    try:
        yield server
    finally:
        server.kill()
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def own_nats_with_streams(
    count: int = 1,
    most: int = 1 << 30,
    prepare: Callable[[int, Place, Path], None] = lambda _number, _place, _folder: None,
) -> Iterator[list[OwnNats]]:
    """So many servers with JetStream at work that belong together, gone afterwards with all that they kept.

    most: bytes that each may keep. prepare: given the number of each, from 1, and the folder of its streams, which is
    not there yet, before it starts.
    """
    program = fetch(cache_folder(), lambda _: None).nats
    ports, routes, monitors = (_free_ports(count) for _ in range(3))
    with ExitStack() as ending:
        servers = []
        for number, (port, route, watched) in enumerate(zip(ports, routes, monitors, strict=True)):
            home = Path(tempfile.mkdtemp(prefix="chinwag-nats-"))
            ending.callback(shutil.rmtree, home, ignore_errors=True)
            place = Place.make(home)
            together = {
                "server_name": f"n{number}",  # the same after each start: it is one of those that agree
                "cluster": {
                    "name": "own",
                    "host": "127.0.0.1",
                    "port": route,
                    "routes": [f"nats://127.0.0.1:{each}" for each in routes],
                },
            }
            settings = streams_in(place, most) | {"http": f"127.0.0.1:{watched}"} | (together if count > 1 else {})
            servers.append(OwnNats(Nats(program, place, settings=settings), place, port, watched))
        for number, server in enumerate(servers, 1):
            prepare(number, server.place, server.streams)
            server.launch()
            ending.callback(server.kill)
        for server in servers:
            server.wait()
        yield servers


def _free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
