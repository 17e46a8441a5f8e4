"""Starts one Cassandra for a run of tests, and ends it with the run: `python -m tests.support.run_cassandra FOLDER`.

As `keeper.py`, and beside it: only tests that ask for it wait for it. The folder is the run's; its file `run` is locked
as long as the run lives, `kept-cassandra` as long as this process does.
"""

import contextlib
import fcntl
import os
import shutil
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.support.keeper import RUN

from chinwag.engines import Place
from chinwag.engines.cassandra import Cassandra, Ring, hosts_of
from chinwag.engines.jars import CASSANDRA, fetch_jars, java
from chinwag.engines.process import lives, wait_until
from chinwag.lasting import whole_file

KEPT: Final = "kept-cassandra"
PORT: Final = "cassandra-port"
LOG: Final = "cassandra-keeper.log"
HOST: Final = "127.0.0.1"
SETTINGS: Final = {
    # Tests kill processes, never the machine: what is with the system is safe.
    "commitlog_sync": "periodic",
    "commitlog_sync_period": "10000ms",
    # tables are emptied for each test
    "auto_snapshot": False,
}


def main(folder: Path) -> None:
    """Keep it until the run has ended."""
    with (folder / KEPT).open("wb") as kept, (folder / RUN).open("rb") as run:
        fcntl.flock(kept, fcntl.LOCK_EX)
        home = Path(tempfile.mkdtemp(prefix="chinwag-cassandra-"))  # root's engines run as another user
        try:
            with socket.socket() as first, socket.socket() as second:
                for probe in (first, second):
                    probe.bind((HOST, 0))
                port, between = first.getsockname()[1], second.getsockname()[1]
            jars = fetch_jars("Cassandra", CASSANDRA, print)
            node = Cassandra(java(), jars, Place.make(home), Ring(tuple(hosts_of(1)), between), settings=SETTINGS)
            one = node.launch(port)
            try:
                node.wait(one)
                with whole_file(folder / PORT) as file:
                    file.write(str(port).encode())
                fcntl.flock(run, fcntl.LOCK_SH)  # until nobody holds it any longer
            finally:
                with contextlib.suppress(ProcessLookupError):  # nothing of it is wanted any more
                    os.kill(one.pid, signal.SIGKILL)
                wait_until(lambda: not lives(one), 30.0)
        finally:
            shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
