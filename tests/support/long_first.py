"""The order of a run: files that take long come first, so that no worker is left alone with one at the end.

Workers take a file each in this order (`--dist loadfile --no-loadscope-reorder`), and end with files of a second.
"""

from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[1]
LONG: Final = (
    "prove/test_wrong_servers.py",
    "web/test_network.py",
    "web/app/test_told.py",
    "web/app/test_plain.py",
    "web/app/test_changes.py",
    "web/app/test_cuts.py",
    "web/app/test_screens.py",
    "life/test_nginx.py",
    "prove/test_cluster_storm.py",
    "prove/test_storm.py",
    "hostile/test_attacks.py",
    "web/app/test_reacting.py",
    "erasure/test_erasure.py",
    "cli/test_commands.py",
)
"""The files that take longest in all, the longest first, by the folder of all tests."""


class LongFirst:
    """A plugin of pytest's."""

    def __init__(self, files: tuple[str, ...] = LONG) -> None:
        self._rank = {ROOT / file: rank for rank, file in enumerate(files)}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Put the tests of these files before all others; else the order stays."""
        items.sort(key=lambda item: self._rank.get(item.path, len(self._rank)))
