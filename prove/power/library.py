"""The preloaded library: built at first use, and kept for the next time."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

SOURCES: Final = Path(__file__).with_name("preload")


class NoCompiler(Exception):  # noqa: N818 - it says what is missing
    """The library cannot be built. Says what to type."""


def library() -> Path:
    """The library as a shared object; made if these sources were not built before. Raises NoCompiler."""
    sources = sorted(SOURCES.glob("*.[ch]"))
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "chinwag"
    built = cache / f"power-{digest}.so"
    if built.exists():
        return built
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise NoCompiler("a C compiler is needed; type this:  sudo apt-get install gcc libc6-dev")
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        made = Path(folder) / "power.so"
        units = [str(source) for source in sources if source.suffix == ".c"]
        command = [compiler, "-O2", "-shared", "-fPIC", "-Wall", "-o", str(made), *units, "-ldl", "-lpthread"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise NoCompiler(f"the library could not be built:\n{done.stderr}")
        made.replace(built)  # whole, also for others who build at the same time
    return built


def environment(disk: Path, record: Path, without_sync: str | None = None, sync_us: int = 0) -> dict[str, str]:
    """What a program needs in its environment to be on `disk` and written down in `record`.

    without_sync: a pattern of paths below the disk, as in fnmatch(3), whose syncs do nothing. sync_us: microseconds
    that each sync takes besides.
    """
    given = {"LD_PRELOAD": str(library()), "POWER_DISK": str(disk), "POWER_RECORD": str(record)}
    if sync_us:
        given["POWER_SYNC_US"] = str(sync_us)
    return given if without_sync is None else given | {"POWER_WITHOUT_SYNC": without_sync}
