"""What a process has used of the machine."""

import os
from pathlib import Path
from typing import Final, Literal

_TICKS: Final = os.sysconf("SC_CLK_TCK")


def spent(process: int) -> float:
    """Seconds of processor time of a process."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def pss(process: int | Literal["self"] = "self") -> int:
    """Bytes: its share of physical memory (PSS)."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:"))
