"""A SeaweedFS server of the tests of one worker: an object store that speaks S3, which may be killed and come back."""

import itertools
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import obstore

from chinwag.adapters.s3 import Bucket
from chinwag.engines import Place
from chinwag.engines.process import Running, lives, wait_until
from chinwag.engines.seaweed import ACCESS_KEY, Seaweed, fetch, free_ports

_PASSWORD: Final = "of-these-tests"


class OwnSeaweed:
    """Begun by `own_seaweed`."""

    def __init__(self, engine: Seaweed, port: int) -> None:
        self._engine = engine
        self._running: Running
        self._numbers = itertools.count(1)
        self.port: Final = port

    def bucket(self) -> Bucket:
        """A new one, empty."""
        bucket = Bucket(
            endpoint=f"http://127.0.0.1:{self.port}",
            name=f"media-{next(self._numbers)}",
            region="us-east-1",
            access_key=ACCESS_KEY,
            secret_key=_PASSWORD,
        )
        client = bucket.open()
        obstore.put(client, "first", b"")  # the server makes a bucket for what is put into it
        obstore.delete(client, "first")
        return bucket

    def begin(self) -> None:
        """Start it, and wait until it takes requests."""
        self._running = self._engine.launch("127.0.0.1", self.port, _PASSWORD)
        self._engine.wait(self._running)

    def kill(self) -> None:
        """End it as a crash does, if it lives."""
        if lives(self._running):
            os.kill(self._running.pid, signal.SIGKILL)
            assert wait_until(lambda: not lives(self._running), 30.0)


@contextmanager
def own_seaweed() -> Iterator[OwnSeaweed]:
    """A server at work, gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="chinwag-seaweed-"))  # not the test's: root's engines run as another user
    engine = Seaweed(fetch(lambda _: None), Place.make(home))
    [port] = free_ports("127.0.0.1", 1)
    server = OwnSeaweed(engine, port)
    server.begin()
    try:
        yield server
    finally:
        server.kill()
        shutil.rmtree(home, ignore_errors=True)
