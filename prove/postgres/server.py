"""A PostgreSQL for one run, with every sync."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from chinwag.engines import Engines, Nats, Place, Postgres, fetch
from chinwag.engines.programs import cache_folder


@contextlib.contextmanager
def database(url: str | None) -> Iterator[str]:
    """The one at `url`, or an empty one on a server that lives as long as the block."""
    if url is not None:
        yield url
        return
    home = Path(tempfile.mkdtemp(prefix="chinwag-engines-"))
    try:
        place, programs = Place.make(home), fetch(cache_folder(), print)
        engines = Engines(place, Postgres(programs.postgres, place), Nats(programs.nats, place))
        try:
            engines.up({"postgres": 0, "nats": 0}, print)
            yield engines.standings()["postgres"].url
        finally:
            engines.down(print)
    finally:
        shutil.rmtree(home, ignore_errors=True)
