"""Where the engines' programs are kept, by what was pinned when they were fetched."""

import hashlib
import os
from importlib.resources.abc import Traversable
from pathlib import Path


def cache_of(name: str, pinned: Traversable) -> Path:
    """The folder for the programs `name` that the list `pinned` names: one for all of root's engines, which run as
    another user who must reach it, else one of the user's own."""
    digest = hashlib.sha256(pinned.read_bytes()).hexdigest()[:12]
    if os.geteuid() == 0:
        return Path(f"/var/cache/chinwag-{name}-{digest}")
    home = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    return Path(home) / "chinwag" / f"{name}-{digest}"
