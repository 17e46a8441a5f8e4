"""The order of a run: files that take long come first, so that no worker is left alone with one at the end.

Workers take a file each in this order (`--dist loadfile --no-loadscope-reorder`), and end with files of a second.
"""

from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[1]
LONG: Final = (
    "prove/test_wrong_servers.py",
    "web/app/test_pushed.py",
    "web/app/test_media_cuts.py",
    "web/app/test_media.py",
    "web/test_network.py",
    "prove/test_storm.py",
    "web/app/test_media_real.py",
    "web/app/test_screens.py",
    "web/app/test_cuts.py",
    "prove/test_cassandra_storm.py",
    "prove/test_cluster_storm.py",
    "erasure/test_erasure.py",
    "hostile/test_attacks.py",
    "life/test_nginx.py",
    "web/app/test_told.py",
    "push/test_push_server.py",
    "web/app/test_plain.py",
    "web/app/test_push_story.py",
    "life/test_damaged_data.py",
    "web/app/test_links.py",
    "web/app/test_scrolling.py",
    "cli/test_commands.py",
    "web/app/test_reacting.py",
    "hostile/test_doors.py",
    "web/test_engine.py",
    "web/app/test_states.py",
    "web/app/test_keyboard.py",
    "prove/test_power_cut.py",
    "web/app/test_wishes.py",
    "api/test_api_guessing.py",
    "web/test_accounts.py",
    "web/app/test_story_of_changes.py",
    "web/app/test_changes.py",
    "web/app/test_large.py",
    "web/app/test_story.py",
    "web/app/test_unread.py",
    "web/app/test_tokens.py",
    "web/app/test_media_scrolling.py",
    "web/app/test_texts.py",
    "web/test_many.py",
    "web/test_standstill.py",
    "promises/test_server_life.py",
    "prove/test_planted_large.py",
    "prove/test_fail_points.py",
)
"""The files that take longest in all, the longest first, by the folder of all tests."""


class LongFirst:
    """A plugin of pytest's."""

    def __init__(self, files: tuple[str, ...] = LONG) -> None:
        self._rank = {ROOT / file: rank for rank, file in enumerate(files)}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Put the tests of these files before all others; else the order stays."""
        items.sort(key=lambda item: self._rank.get(item.path, len(self._rank)))
