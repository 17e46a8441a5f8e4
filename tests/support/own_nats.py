"""A NATS server of one test alone, which may be killed and begun again at the same address."""

import os
import shutil
import signal
import socket
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from chinwag.engines import Nats, Place, fetch
from chinwag.engines.nats import USER
from chinwag.engines.process import Running, lives, wait_until
from chinwag.engines.programs import cache_folder

_PASSWORD: Final = "of-one-test"


class OwnNats:
    """Begun by `own_nats`."""

    def __init__(self, engine: Nats, port: int) -> None:
        self._engine = engine
        self._port = port
        self._running: Running
        self.url: Final = f"nats://{USER}:{_PASSWORD}@127.0.0.1:{port}"

    def begin(self) -> None:
        """Start it, and wait until it takes connections."""
        self._running = self._engine.launch("127.0.0.1", self._port, _PASSWORD)
        self._engine.wait(self._running)

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
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    place = Place.make(home)
    engine = Nats(fetch(cache_folder(), lambda _: None).nats, place, settings=settings(place))
    server = OwnNats(engine, port)
    server.begin()
    try:
        yield server
    finally:
        server.kill()
        shutil.rmtree(home, ignore_errors=True)
