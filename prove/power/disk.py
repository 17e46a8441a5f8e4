"""A disk as a program's calls leave it: what is there now, and what of it is sure to outlast a power cut.

The promises taken from the system are those of fsync(2) and no others. A sync of a file makes last what was written to
it before the sync began, and its size; not its name. A sync of a folder makes last the names made, moved and taken
away in it before the sync began. All else may be on the disk or not; what exactly is left to `cut`.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from prove.power.record import Kind, Recorded


class Unmodelled(Exception):  # noqa: N818 - it says what the call is
    """The program did what the model does not know: nothing can be concluded from the run."""


class Write:
    """Data at an offset, or (data None) a new size."""

    __slots__ = ("data", "offset")

    def __init__(self, offset: int, data: bytes | None) -> None:
        self.offset = offset
        self.data = data

    def apply(self, content: bytearray) -> None:
        """Do it."""
        end = self.offset + len(self.data or b"")
        if len(content) < end:
            content.extend(bytes(end - len(content)))
        if self.data is None:
            del content[end:]
        else:
            content[self.offset : end] = self.data


class File:
    """synced: what it holds for sure. pending: what was done to it since, in order."""

    def __init__(self, mode: int, content: bytes = b"") -> None:
        self.mode = mode
        self.synced = bytearray(content)
        self.pending: list[Write] = []
        self.mapped = False
        """Its pages are written to without a call: what it holds is known to nobody."""

    def now(self) -> bytearray:
        """What it holds for those who read it now."""
        content = bytearray(self.synced)
        for write in self.pending:
            write.apply(content)
        return content

    def sync(self, count: int) -> None:
        """The first `count` of what is pending lasts."""
        for write in self.pending[:count]:
            write.apply(self.synced)
        del self.pending[:count]


class Renaming:
    """One name that goes from here to there; or comes (there only), or goes (here only).

    A move between folders is one change in both: it lasts in both or in neither, as in every journal.
    """

    __slots__ = ("node", "places")

    def __init__(self, places: "list[tuple[Folder, str, Node | None]]") -> None:
        """places: folder, name, and what the name is from now on (None: nothing)."""
        self.places = places


class Folder:
    """names: what is there now. synced: what is there for sure. pending: what became of names since, in order."""

    def __init__(self, mode: int) -> None:
        self.mode = mode
        self.names: dict[str, Node] = {}
        self.synced: dict[str, Node] = {}
        self.pending: list[Renaming] = []


Node = File | Folder


def settle(folder: Folder, count: int) -> None:
    """The first `count` changes of names in `folder` last; those before them in other folders too, if they moved."""
    for change in folder.pending[:count]:
        if change not in folder.pending:
            continue
        for other, _name, _node in change.places:
            if other is not folder and change in other.pending:
                # what was done there before lasts as well, or the order would be broken
                settle(other, other.pending.index(change))
        for other, name, node in change.places:
            if change in other.pending:
                other.pending.remove(change)
            if node is None:
                other.synced.pop(name, None)
            else:
                other.synced[name] = node


def _sync(node: Node, last: "Write | Renaming | None") -> None:
    """All up to `last` lasts. It may do so already, if a later sync was done sooner."""
    if isinstance(node, File):
        if last in node.pending:
            node.sync(node.pending.index(last) + 1)
    elif last in node.pending:
        settle(node, node.pending.index(last) + 1)


class Disk:
    """What a program's calls made of the folder `root`, which is as it was when they began."""

    def __init__(self, root: Path) -> None:
        """Everything in `root` is taken as synced."""
        self.root: Final = root
        self.inodes: dict[int, Node] = {}
        self.top = self._read(root)
        self._begun: dict[int, tuple[Node, Write | Renaming | None]] = {}

    def _read(self, path: Path) -> Folder:
        found = path.stat()
        folder = Folder(found.st_mode & 0o7777)
        self.inodes[found.st_ino] = folder
        for entry in path.iterdir():
            if entry.is_dir():
                node: Node = self._read(entry)
            else:
                state = entry.stat()
                # two names of one file are one file
                node = self.inodes.get(state.st_ino) or File(state.st_mode & 0o7777, entry.read_bytes())
                self.inodes[state.st_ino] = node
            folder.names[entry.name] = folder.synced[entry.name] = node
        return folder

    def play(self, entries: Iterable[Recorded]) -> None:
        """Do what the program did. Raises Unmodelled."""
        for entry in entries:
            self._do(entry)

    def unsynced(self, name: str) -> bool:
        """Whether a file of that name, wherever it is, holds what may be lost."""
        return any(
            isinstance(node, File) and node.pending
            for folder in self.inodes.values()
            if isinstance(folder, Folder) and (node := folder.names.get(name))
        )

    def _do(self, entry: Recorded) -> None:
        kind = entry.kind
        if kind is Kind.WROTE:
            self._file(entry.inode).pending.append(Write(entry.number, entry.second))
        elif kind is Kind.SIZED:
            self._file(entry.inode).pending.append(Write(entry.number, None))
        elif kind is Kind.BEGAN:
            node = self._node(entry.inode)
            self._begun[entry.number] = (node, node.pending[-1] if node.pending else None)
        elif kind is Kind.SYNCED:
            _sync(*self._begun.pop(entry.number))
        elif kind is Kind.MAPPED:
            self._file(entry.inode).mapped = True
        elif kind is Kind.MADE:
            folder, name = self._place(entry.first)
            if folder.names.get(name) is not self.inodes.get(entry.inode) or name not in folder.names:
                self._make(folder, name, entry.inode, File(entry.number))
        elif kind is Kind.FOLDER:
            folder, name = self._place(entry.first)
            self._make(folder, name, entry.inode, Folder(entry.number))
        elif kind is Kind.UNKNOWN:
            raise Unmodelled(entry.first.decode())
        else:
            self._rename(entry)

    def _rename(self, entry: Recorded) -> None:
        folder, name = self._place(entry.first)
        node = folder.names[name]
        if entry.kind in (Kind.UNLINKED, Kind.REMOVED):
            self._change([(folder, name, None)])
            return
        there, other = self._place(entry.second)
        if there.names.get(other) is node:
            return  # two names of one file: rename(2) does nothing
        places: list[tuple[Folder, str, Node | None]] = [(there, other, node)]
        if entry.kind is Kind.RENAMED:
            places.append((folder, name, None))
        self._change(places)

    def _make(self, folder: Folder, name: str, inode: int, node: Node) -> None:
        self.inodes[inode] = node  # an inode's number is used again once the file that had it is gone
        self._change([(folder, name, node)])

    def _change(self, places: list[tuple[Folder, str, Node | None]]) -> None:
        change = Renaming(places)
        for folder, name, node in places:
            if node is None:
                del folder.names[name]
            else:
                folder.names[name] = node
        for folder in dict.fromkeys(folder for folder, _, _ in places):
            folder.pending.append(change)

    def _node(self, inode: int) -> Node:
        node = self.inodes.get(inode)
        if node is None:
            raise Unmodelled(f"inode {inode}, which nobody made")
        return node

    def _file(self, inode: int) -> File:
        node = self._node(inode)
        if not isinstance(node, File):
            raise Unmodelled(f"inode {inode} is a folder")
        return node

    def _place(self, path: bytes) -> tuple[Folder, str]:
        """The folder of a path, and the name in it."""
        *folders, name = Path(path.decode()).relative_to(self.root).parts
        folder = self.top
        for part in folders:
            inner = folder.names[part]
            assert isinstance(inner, Folder), path
            folder = inner
        return folder, name
