"""Readiness sees a full disk before a commit meets it."""

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from chinwag.adapters.embedded import open_embedded
from chinwag.adapters.embedded.engine import ROOM_BYTES
from chinwag.domain.refusal import Code, Refused


class Usage(NamedTuple):
    total: int
    used: int
    free: int


async def test_a_full_disk_is_told_and_what_is_there_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stores = await open_embedded(tmp_path)
    for free, full in ((ROOM_BYTES, False), (ROOM_BYTES - 1, True), (0, True)):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: Usage(1 << 40, (1 << 40) - free, free))
        if not full:
            await stores.message_store.check()
            continue
        with pytest.raises(Refused) as refused:
            await stores.message_store.check()
        assert refused.value.code is Code.UNAVAILABLE
        assert await stores.message_store.states([]) == []
    await stores.close()
