"""Caddy takes the file of `deploy/caddy` as it is shipped, also the version that Debian 12 has."""

import shutil
import subprocess
from pathlib import Path

import pytest

SHIPPED = Path(__file__).parents[2] / "deploy" / "caddy" / "Caddyfile"
CADDY = shutil.which("caddy")


@pytest.mark.skipif(CADDY is None, reason="there is no Caddy here: sudo apt-get install caddy")
def test_caddy_takes_the_shipped_file(tmp_path: Path) -> None:
    ran = subprocess.run(
        [str(CADDY), "validate", "--config", SHIPPED, "--adapter", "caddyfile"],
        env={"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr


def test_the_shipped_file_passes_on_no_other_upgrade() -> None:
    """What decides is written down once, and nothing goes around it."""
    text = SHIPPED.read_text()
    assert "header_regexp Upgrade (?i)^websocket$" in text
    assert "request_header @no_socket -Upgrade" in text
    assert text.count("reverse_proxy") == 1
