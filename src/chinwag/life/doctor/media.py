"""Media: whether every file that is needed is there and as it was, and whether there are others."""

import hashlib
import random
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from chinwag.adapters.relational.media_named import MediaNamed, media_named
from chinwag.domain.refusal import Refused
from chinwag.flow.clock import HOUR_MS, system_clock
from chinwag.life.doctor.finding import Finding, fail, ok, warn
from chinwag.life.folder import DIRECTORY, MEDIA, media_in
from chinwag.ports.media_store import MediaStore

NAMED: Final = 3
"""So many files are named."""
READ_SECONDS: Final = 10.0
"""For so long files are read, chosen by chance."""
ORPHAN_MS: Final = 48 * HOUR_MS
"""A file that is younger may be on its way."""
_PIECE: Final = 1 << 20
_SHORT: Final = 12


def media(data: Path, now: int | None = None, read_seconds: float = READ_SECONDS) -> Iterator[Finding]:
    """What the directory of `data` names against what is in its folder. now: milliseconds since 1970."""
    try:
        named = media_named(data / DIRECTORY)
    except sqlite3.Error as error:
        yield fail("media", f"{DIRECTORY} cannot be read: {error}", "restore a backup")
        return
    if named is None or (not named.needed and not (data / MEDIA).is_dir()):
        return
    there = {path.name: path for path in media_in(data)}
    yield from _missing(named, there)
    yield from _orphaned(named, there, system_clock() if now is None else now)
    yield from _damaged(named, there, read_seconds)


async def media_elsewhere(data: Path, store: MediaStore, where: str) -> list[Finding]:
    """What the directory of `data` names against what is in an object store."""
    named = media_named(data / DIRECTORY)
    if named is None:
        return []
    try:
        there = {blob.hash async for blob in store.blobs()}
    except Refused as refused:
        return [
            warn("media", f"{where} cannot be asked: {refused.detail}", "look at the settings of `s3`, and the store")
        ]
    lost = sorted(named.needed - there)
    if lost:
        said = ", ".join(one[:_SHORT] for one in lost[:NAMED])
        advice = f"bring the objects of those names back from a former version or a copy of {where}"
        return [fail("media", f"{len(lost):,} of {len(named.needed):,} files are missing in {where}: {said}", advice)]
    return [ok("media", f"all {len(named.needed):,} files are in {where}")]


def _missing(named: MediaNamed, there: dict[str, Path]) -> Iterator[Finding]:
    lost = sorted(named.needed - there.keys())
    if lost:
        said = ", ".join(one[:_SHORT] for one in lost[:NAMED])
        advice = f"copy the files of those names from {MEDIA}/ of a backup; what they are shown in stays without them"
        yield fail("media", f"{len(lost):,} of {len(named.needed):,} files are missing: {said}", advice)
    else:
        yield ok("media", f"all {len(named.needed):,} files are there")


def _orphaned(named: MediaNamed, there: dict[str, Path], now: int) -> Iterator[Finding]:
    stray = sorted(
        name
        for name, path in there.items()
        if name not in named.needed and name not in named.known and _age(path, now) > ORPHAN_MS
    )
    if stray:
        said = ", ".join(one[:_SHORT] for one in stray[:NAMED])
        advice = f"nothing shows them: take them out of {MEDIA}/, once you are sure that {DIRECTORY} is the right one"
        yield warn("media", f"{len(stray):,} files are nobody's: {said}", advice)


def _damaged(named: MediaNamed, there: dict[str, Path], seconds: float) -> Iterator[Finding]:
    names = sorted(named.needed & there.keys())
    random.shuffle(names)
    until, read, wrong = time.monotonic() + seconds, 0, []
    for name in names:
        try:
            if not _is(there[name], name, until):
                wrong.append(name)
        except TimeoutError:
            break
        except OSError:
            wrong.append(name)
        read += 1
    if wrong:
        said = ", ".join(one[:_SHORT] for one in sorted(wrong)[:NAMED])
        advice = f"mend the disk, and copy the files of those names from {MEDIA}/ of a backup"
        yield fail("media", f"{len(wrong):,} files are not what they were, or cannot be read: {said}", advice)
    elif names:
        yield ok("media", f"{read:,} of {len(names):,} files were read, and are as they were")


def _age(path: Path, now: int) -> float:
    """Milliseconds since the file was written; 0 for one that went just now."""
    try:
        return now - path.stat().st_mtime * 1000
    except OSError:
        return 0


def _is(path: Path, hash_: str, until: float) -> bool:
    """Whether the file has that SHA-256. Raises TimeoutError, OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            if time.monotonic() > until:
                raise TimeoutError
            digest.update(piece)
    return digest.hexdigest() == hash_
