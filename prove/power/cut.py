"""What a disk holds after a power cut: all that was synced, and of the rest what chance leaves.

Three ways: `bare`, nothing else; `torn`, some of it; `whole`, all of it, which is what kill -9 leaves. For `torn`:

- of the changes of names in each folder the first few last, for folders are journalled in order;
- of the writes to each file the first few last, the next one in part; or each sector of it has an age of its own, for
  a cache writes pages when it likes, and a disk writes sectors whole.
"""

import random
from pathlib import Path
from typing import Final, Literal

from prove.power.disk import Disk, File, Folder, Node, Write, settle

Way = Literal["bare", "torn", "whole"]
SECTOR: Final = 512
PAGE: Final = 4096


class Image:
    """What is left. files: content by path below the disk. dropped: by path, the bytes written that are not there."""

    def __init__(self) -> None:
        self.folders: dict[Path, int] = {}
        self.files: dict[Path, tuple[File, bytes]] = {}
        self.dropped: dict[Path, int] = {}

    def write(self, target: Path) -> None:
        """Make it, in the empty folder `target`."""
        for path, mode in self.folders.items():
            (target / path).mkdir(exist_ok=True)
            (target / path).chmod(mode)
        written: dict[int, Path] = {}
        for path, (file, content) in self.files.items():
            first = written.setdefault(id(file), target / path)
            if first != target / path:
                (target / path).hardlink_to(first)
                continue
            first.touch(file.mode)
            first.chmod(file.mode)
            first.write_bytes(content)


def cut(disk: Disk, way: Way, chance: random.Random) -> Image:
    """Cut the power of `disk`, which is of no use afterwards."""
    image = Image()
    names_then = dict(_walk(disk.top, now=True))
    if way != "bare":
        for folder in [node for node in names_then.values() if isinstance(node, Folder)]:
            settle(folder, len(folder.pending) if way == "whole" else chance.randint(0, len(folder.pending)))
    kept: dict[int, bytes] = {}
    for path, node in _walk(disk.top, now=False):
        if isinstance(node, Folder):
            image.folders[path] = node.mode
            continue
        if id(node) not in kept:
            content, dropped = _survived(node, way, chance)
            if node.mapped and way == "torn":
                content = _pages(disk.root / path, content, chance)
            kept[id(node)] = content
            image.dropped[path] = dropped
        image.files[path] = (node, kept[id(node)])
    for path, node in names_then.items():
        if isinstance(node, File) and id(node) not in kept:
            image.dropped[path] = len(node.now())  # its name is gone, so all of it is
    return image


def differences(disk: Disk) -> list[str]:
    """Where the record, played back, does not give the folder that is really there: what it missed.

    Nothing may stand here, or nothing is concluded. Of files with mapped pages only the name is looked at.
    """
    wanted = dict(_walk(disk.top, now=True))
    real = {path.relative_to(disk.root): path for path in disk.root.rglob("*") if not path.is_socket()}
    wrong = [f"{path}: only in the record" for path in wanted if path not in real and path != Path()]
    wrong += [f"{path}: not in the record" for path in real if path not in wanted]
    for path, node in wanted.items():
        if isinstance(node, File) and path in real and not node.mapped and real[path].read_bytes() != node.now():
            wrong.append(f"{path}: holds something else than the record says")
    return wrong


def _walk(folder: Folder, *, now: bool, path: Path = Path()) -> "list[tuple[Path, Node]]":
    found: list[tuple[Path, Node]] = [(path, folder)]
    for name, node in sorted((folder.names if now else folder.synced).items()):
        if isinstance(node, Folder):
            found += _walk(node, now=now, path=path / name)
        else:
            found.append((path / name, node))
    return found


def _survived(file: File, way: Way, chance: random.Random) -> tuple[bytes, int]:
    """What the file holds, and how many bytes of what was written are not there."""
    pending = file.pending
    written = sum(len(write.data or b"") for write in pending)
    content = bytearray(file.synced)
    kept = 0
    style = way if way != "torn" else chance.choice(("bare", "first", "first", "aged", "aged", "whole"))
    if style == "aged":
        kept = _aged(content, pending, chance)
    elif style != "bare":
        whole = pending if style == "whole" else pending[: chance.randint(0, len(pending))]
        for write in whole:
            write.apply(content)
            kept += len(write.data or b"")
        if len(whole) < len(pending) and (data := pending[len(whole)].data):
            part = data[: chance.randint(0, len(data) // SECTOR) * SECTOR]
            Write(pending[len(whole)].offset, part).apply(content)
            kept += len(part)
    return bytes(content), written - kept


def _aged(content: bytearray, pending: list[Write], chance: random.Random) -> int:
    """Each sector got a number of the writes to it, the first ones; the size is one that the file had."""
    touched: dict[int, int] = {}
    sizes = [len(content)]
    parts: list[tuple[int, int, bytes]] = []
    for write in pending:
        if write.data is None:
            sizes.append(write.offset)
            continue
        sizes.append(max(sizes[-1], write.offset + len(write.data)))
        for sector, at, data in _sectors(write.offset, write.data):
            touched[sector] = touched.get(sector, 0) + 1
            parts.append((sector, at, data))
    left = {sector: chance.randint(0, count) for sector, count in touched.items()}
    size = chance.choice(sizes)
    kept = 0
    for sector, at, data in parts:
        if left[sector]:
            left[sector] -= 1
            Write(at, data).apply(content)
            kept += len(data)
    Write(size, None).apply(content)
    return kept


def _sectors(offset: int, data: bytes) -> "list[tuple[int, int, bytes]]":
    found = []
    end = offset + len(data)
    at = offset
    while at < end:
        until = min(end, (at // SECTOR + 1) * SECTOR)
        found.append((at // SECTOR, at, data[at - offset : until - offset]))
        at = until
    return found


def _pages(real: Path, content: bytes, chance: random.Random) -> bytes:
    """Mapped pages: each as it was last, or as the record has it, or nothing but zeros."""
    last = real.read_bytes() if real.is_file() else b""
    pages = []
    for at in range(0, len(content), PAGE):
        known = content[at : at + PAGE]
        pages.append(chance.choice((known, last[at : at + len(known)].ljust(len(known), b"\0"), bytes(len(known)))))
    return b"".join(pages)
