"""Readiness sees a full disk before a commit meets it."""

import errno
import os
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from chinwag.adapters.embedded import open_embedded
from chinwag.adapters.embedded.room import ROOM_BYTES, must_take_writes
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


def test_a_disk_is_tried_with_as_much_as_opening_the_store_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "000004.log").write_bytes(b"x" * 1000)
    (tmp_path / "000005.sst").write_bytes(b"x" * 1000)
    (tmp_path / ".trial").write_bytes(b"left by a process that was killed")
    asked: list[int] = []
    monkeypatch.setattr(os, "posix_fallocate", lambda _file, _start, size: asked.append(size))
    must_take_writes(tmp_path)
    assert asked == [ROOM_BYTES + 1000]
    assert not (tmp_path / ".trial").exists()


@pytest.mark.parametrize("cause", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO])
def test_a_disk_that_takes_nothing_is_told_with_its_cause_and_keeps_nothing_of_the_trial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cause: int
) -> None:
    def fail(*_: int) -> None:
        raise OSError(cause, os.strerror(cause))

    monkeypatch.setattr(os, "posix_fallocate", fail)
    with pytest.raises(Refused, match=os.strerror(cause)) as refused:
        must_take_writes(tmp_path)
    assert refused.value.code is Code.UNAVAILABLE
    assert list(tmp_path.iterdir()) == []
