"""The service worker knows the app's own addresses as the server does: others have no shell while one is away."""

import re
from pathlib import Path
from typing import Final

import pytest

from chinwag.roles.web.pages import BELOW, EXACT

WORKER: Final = (Path(__file__).parents[2] / "web" / "src" / "sw" / "sw.ts").read_text()
WRITTEN: Final = re.search(r"return /(.+)/\.test\(path\)", WORKER)
NOT_OURS: Final = ("/v1/server", "/assets/index.js", "/sw.js", "/icon-192.png", "/c/", "/c/g~1/x", "/searches")
"""What the server answers itself, files, and what leads nowhere: with the server away there is nothing to show."""


def is_page(path: str) -> bool:
    assert WRITTEN is not None
    return re.search(WRITTEN[1], path) is not None


@pytest.mark.parametrize("path", sorted(EXACT))
def test_each_page_has_a_shell(path: str) -> None:
    assert is_page(path)


@pytest.mark.parametrize("path", ["/c/g~1", "/c/d~1~2/17", "/settings/devices", "/search/me", "/search/in/g~1"])
def test_each_address_below_a_page_has_a_shell(path: str) -> None:
    assert path.startswith(BELOW)
    assert is_page(path)


@pytest.mark.parametrize("path", NOT_OURS)
def test_nothing_else_has(path: str) -> None:
    assert not is_page(path)
