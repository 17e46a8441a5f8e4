"""`chinwag keys rotate` changes the signing key under a running server and logs nobody out."""

from pathlib import Path

from tests.life.commands import chinwag
from tests.support.people import Crowd


async def test_rotating_logs_nobody_out(crowd: Crowd, tmp_path: Path) -> None:
    ann = await crowd.person("ann")
    keys = crowd.process.data / "keys"
    before = set(keys.glob("access-*.pem"))
    ran = await chinwag("keys", "rotate", "--data-path", crowd.process.data, folder=tmp_path)
    assert ran.code == 0, ran.said
    new = set(keys.glob("access-*.pem")) - before
    assert len(new) == 1
    assert new.pop().stat().st_mode & 0o777 == 0o600
    answer = await ann.place.request("GET", "/v1/me", token=ann.token)
    assert answer.status_code == 200, answer.text
