"""Starts the engines of a run of tests, and ends them when the run has ended: `python -m tests.support.keeper FOLDER`.

The folder is the run's. Its file `run` is locked as long as the run lives, `kept` as long as this process does.
"""

import fcntl
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import msgspec

from chinwag.engines import Engines, Nats, Place, Postgres, fetch
from chinwag.engines.nats import streams_in
from chinwag.engines.programs import cache_folder
from chinwag.lasting import whole_file

RUN: Final = "run"
KEPT: Final = "kept"
URLS: Final = "urls.json"
LOG: Final = "keeper.log"
LOCALE: Final = "en_US"
"""It orders otherwise than by code points: a-c, ab, g~10, g~2, G~3."""
STREAMS_BYTES: Final = 1 << 40
"""What streams may hold together, which is a bound and takes no room: tests make small ones, and take them away."""
SETTINGS: Final = {
    # Tests kill processes, never the machine: what is with the system is safe. What a cut of power leaves is asked
    # elsewhere.
    "fsync": "off",
    "max_connections": "300",
    "shared_buffers": "64MB",
    # What is given up of the journal is removed: used again, it would keep what it holds for a while.
    "wal_recycle": "off",
}


class Urls(msgspec.Struct, frozen=True):
    """Where the engines of a run are, passwords included. postgres: with the name of a database."""

    postgres: str
    nats: str


def main(folder: Path) -> None:
    """Keep engines until the run has ended."""
    with (folder / KEPT).open("wb") as kept, (folder / RUN).open("rb") as run:
        fcntl.flock(kept, fcntl.LOCK_EX)
        # In a folder of its own: root's engines run as another user, who may not enter the run's.
        home = Path(tempfile.mkdtemp(prefix="chinwag-engines-"))
        try:
            engines = _engines(home)
            try:
                engines.up({"postgres": 0, "nats": 0}, print)
                found = engines.standings()
                with whole_file(folder / URLS) as file:
                    file.write(msgspec.json.encode(Urls(found["postgres"].url, found["nats"].url)))
                fcntl.flock(run, fcntl.LOCK_SH)  # until nobody holds it any longer
            finally:
                engines.down(print)
        finally:
            shutil.rmtree(home, ignore_errors=True)


def _engines(home: Path) -> Engines:
    place = Place.make(home)
    programs = fetch(cache_folder(), print)
    environment = {}
    if platform.system() == "Linux":
        made = place.hand_over(_made_locale(home))
        environment["LOCPATH"] = str(made)
        for part in made.rglob("*"):
            place.hand_over(part)
    database = Postgres(programs.postgres, place, settings=SETTINGS, locale=f"{LOCALE}.UTF-8", environment=environment)
    return Engines(place, database, Nats(programs.nats, place, settings=streams_in(place, STREAMS_BYTES)))


def _made_locale(home: Path) -> Path:
    """A folder with the locale, whether or not the machine has it: most have none but C."""
    folder = home / "locales"
    folder.mkdir()
    command = ["localedef", "-i", LOCALE, "-f", "UTF-8", "--no-archive", str(folder / f"{LOCALE}.UTF-8")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if not (folder / f"{LOCALE}.UTF-8" / "LC_COLLATE").exists():
        raise SystemExit(f"the locale {LOCALE} cannot be made: `make setup` installs what is needed\n{done.stderr}")
    return folder


if __name__ == "__main__":
    main(Path(sys.argv[1]))
