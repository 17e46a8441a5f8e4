"""Servers made wrong on purpose, at least one for each promise: whoever proves that the promises hold must catch them.

`python -m prove.faults.wrong NAME serve …` runs `chinwag serve …` with one thing made wrong; `command(NAME)` is that
for `ServerProcess`. Without a name all are listed.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from prove.faults.wrong.changing import CHANGING
from prove.faults.wrong.clustered import CLUSTERED
from prove.faults.wrong.deciding import DECIDING
from prove.faults.wrong.filing import FILING
from prove.faults.wrong.healing import HEALING
from prove.faults.wrong.large import LARGE as _LARGE
from prove.faults.wrong.storing import STORING
from prove.faults.wrong.streamed import STREAMED as _STREAMED
from prove.faults.wrong.telling import TELLING
from prove.faults.wrong.wrong import Wrong

__all__ = ["EVERY", "LARGE", "PLANTS", "STREAMED", "WRONGS", "Wrong", "command"]

WRONGS: Final[Mapping[str, Wrong]] = {
    wrong.name: wrong for wrong in (*DECIDING, *CHANGING, *STORING, *TELLING, *HEALING, *FILING)
}
"""All that a storm over one process finds, by name."""
PLANTS: Final[Mapping[str, Wrong]] = {wrong.name: wrong for wrong in CLUSTERED}
"""Those that are wrong only where there are several processes."""
STREAMED: Final[Mapping[str, Wrong]] = {wrong.name: wrong for wrong in _STREAMED}
"""Those that are wrong only on the cassandra profile."""
LARGE: Final[Mapping[str, Wrong]] = {wrong.name: wrong for wrong in _LARGE}
"""Those that are wrong only where groups are wide or large."""
EVERY: Final[Mapping[str, Wrong]] = {**WRONGS, **PLANTS, **STREAMED, **LARGE}
"""All of them."""


def command(name: str) -> tuple[str, ...]:
    """What stands before `serve` for the wrong server `name`; works in any folder."""
    assert name in EVERY, name
    return (sys.executable, str(Path(__file__).with_name("__main__.py")), name)
