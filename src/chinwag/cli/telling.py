"""Progress of long commands, on standard error: a bar on a terminal, a line a part elsewhere."""

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn

from chinwag.cli.out import megabytes, say
from chinwag.life.backup import Telling


class TerminalTelling(Telling):
    """Use it as a context manager."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False)
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
        self._progress = Progress(*columns, console=self._console, transient=True)
        self._part: TaskID | None = None
        self._shown = self._console.is_terminal

    def __enter__(self) -> "TerminalTelling":
        if self._shown:
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown:
            self._progress.stop()

    def doing(self, what: str, total: int = 0) -> None:
        if not self._shown:
            say(f"{what} …" if not total else f"{what} ({megabytes(total)}) …", error=True)
            return
        if self._part is not None:
            self._progress.remove_task(self._part)
        self._part = self._progress.add_task(what, total=total or None)

    def now(self, what: str) -> None:
        """What the part under way has come to, for a terminal."""
        if not self._shown:
            return
        if self._part is None:
            self._part = self._progress.add_task(what, total=None)
        self._progress.update(self._part, description=what)

    def lost(self, what: str) -> None:
        say(what, error=True)

    def did(self, count: int) -> None:
        if self._part is not None:
            self._progress.advance(self._part, count)
