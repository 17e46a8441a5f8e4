"""One process of ours that outlives the command which started it, and is known again by more than its number."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from chinwag.engines.errors import EngineError, PortTakenError, StillEndingError
from chinwag.engines.place import Place
from chinwag.lasting import kept_log

LOOK_SECONDS: Final = 0.02
"""Between two looks at something that nobody tells of."""
_TAIL: Final = 2_000


class Running(msgspec.Struct, frozen=True):
    """A process: its number, when it began (numbers come again), its address, and where in its log it begins."""

    pid: int
    began: str
    host: str
    port: int
    logged: int


def launch(
    command: Sequence[str], log: Path, place: Place, environment: dict[str, str], host: str, port: int
) -> Running:
    """Start a program in a session of its own, so that no terminal ends it. What it says goes to `log`."""
    with kept_log(log) as said:
        logged = said.tell()
        try:
            child = subprocess.Popen(  # noqa: S603 - our own words
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                cwd="/",
                env=environment,
                start_new_session=True,
                umask=0o077,
                user=place.uid,
                group=place.gid,
                extra_groups=None if place.uid is None else [],
            )
        except OSError as error:
            raise EngineError(f"{command[0]} cannot be started: {error}") from error
    child.returncode = 0  # it is to outlive this object, which would warn of that
    return Running(child.pid, began(child.pid), host, port, logged)


def began(pid: int) -> str:
    """When the process began, in words that no other process of this number has; empty if there is none."""
    _reap(pid)
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return "" if Path("/proc/self/stat").exists() else _began_by_ps(pid)
    state, *rest = stat.rpartition(")")[2].split()
    return "" if state == "Z" else f"{Path('/proc/sys/kernel/random/boot_id').read_text().strip()} {rest[18]}"


def lives(one: Running) -> bool:
    """Whether it is still that process."""
    return began(one.pid) == one.began


def wait_until(holds: Callable[[], bool], seconds: float) -> bool:
    """Look again and again; whether it holds before `seconds` are over."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(LOOK_SECONDS)
    return True


def wait_until_ready(
    name: str,
    one: Running,
    ready: Callable[[], bool],
    seconds: float,
    log: Path,
    *,
    taken: str,
    flag: str,
    ending: str = "",
) -> None:
    """Return when it is ready. Raises `EngineError` if it ends, or is not ready in time: then it is as it was.

    taken: what it writes if another program has its port, `flag`: what names another one; `PortTakenError` then.
    ending: what it writes if an earlier one has not quite ended; `StillEndingError` then.
    """
    wait_until(lambda: ready() or not lives(one), seconds)
    if lives(one):
        if ready():
            return
        raise EngineError(f"{name} was not ready in {seconds:.0f} s; its log {log} ends:\n{said(one, log)}")
    last = said(one, log)
    if ending and ending in last:
        raise StillEndingError(f"what is left of an earlier {name} does not end; the log {log} ends:\n{last}")
    if taken in last:
        raise PortTakenError(f"port {one.port} of {one.host} is taken: choose another with {flag}")
    raise EngineError(f"{name} ended at its start; its log {log} ends:\n{last}")


def stop(name: str, one: Running, number: signal.Signals, seconds: float) -> None:
    """Ask the process to end, and wait for that. Does nothing to another process that has its number now.

    Raises `EngineError` if it goes on.
    """
    if not lives(one):
        return
    with contextlib.suppress(ProcessLookupError):
        try:
            os.kill(one.pid, number)
        except PermissionError:
            raise EngineError(f"{name} (process {one.pid}) belongs to another user: run this as that one") from None
    if not wait_until(lambda: not lives(one), seconds):
        raise EngineError(f"{name} (process {one.pid}) did not end in {seconds:.0f} s: look at its log")


def said(one: Running, log: Path) -> str:
    """The last lines that the process wrote, for a message."""
    try:
        with log.open("rb") as file:
            file.seek(max(one.logged, log.stat().st_size - _TAIL))
            lines = file.read(_TAIL).decode(errors="replace").splitlines()
    except OSError:
        return ""
    return "\n".join(f"  {line}" for line in lines[-8:])


def _reap(pid: int) -> None:
    """A child that ended would stay as a zombie."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def _began_by_ps(pid: int) -> str:
    """As `began`, on systems without /proc."""
    said = subprocess.run(  # noqa: S603 - our own words
        ["/bin/ps", "-o", "lstart=,stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.split()
    return "" if not said or said[-1].startswith("Z") else " ".join(said[:-1])
