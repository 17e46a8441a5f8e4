"""A real Chromium, without a window. The system's own: it is not downloaded."""

import shutil
from typing import Final

FLAGS: Final = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # the machine's shared memory may be a few megabytes in a container
    "--disable-dev-shm-usage",
]


def executable() -> str:
    """Where it is. `make setup` installs it where it may."""
    for name in ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome"):
        if (found := shutil.which(name)) is not None:
            return found
    raise FileNotFoundError("Chromium is missing, which the tests of the web client need: apt-get install chromium")
