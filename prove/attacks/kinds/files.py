"""A command writes into a folder where others may write too: links, files and traps lie at every name it could take."""

import asyncio
import contextlib
import os
import stat
import tempfile
from pathlib import Path

from prove.attacks.attack import Attack, Outcome
from prove.attacks.ground import Ground, run_command

_SUFFIXES = (".partial", ".tmp", ".draft", "~", ".part")
_OPEN = stat.S_IRWXG | stat.S_IRWXO


async def watch(folder: Path, ended: asyncio.Event) -> tuple[set[str], int]:
    """Look at the folder until the end; the names that came there, and the rights of others on any of them."""
    laid = set(os.listdir(folder))  # noqa: PTH208 - names are what is wanted
    names: set[str] = set()
    rights = 0
    while not ended.is_set():
        for name in set(os.listdir(folder)) - laid:  # noqa: PTH208
            names.add(name)
            with contextlib.suppress(FileNotFoundError):
                rights |= (folder / name).lstat().st_mode & _OPEN
        await asyncio.sleep(0.001)
    return names, rights


async def attack(ground: Ground) -> Outcome:
    """Export twice: the file that was laid at the name itself stays, and nothing is written through a link."""
    data = str(ground.process.data)
    with tempfile.TemporaryDirectory(prefix="chinwag-attack-") as place:
        folder = Path(place) / "everybody's"
        folder.mkdir()
        folder.chmod(0o1777)
        victim = Path(place) / "victim"
        victim.write_text("mine")
        for suffix in _SUFFIXES:
            (folder / f"all.jsonl{suffix}").symlink_to(victim)
        (folder / "taken.jsonl").symlink_to(victim)
        (folder / "dangling.jsonl").symlink_to(Path(place) / "made")
        ended = asyncio.Event()
        watching = asyncio.create_task(watch(folder, ended))
        codes = []
        for name in ("all", "taken", "dangling"):
            code, _ = await run_command("export", "--output", str(folder / f"{name}.jsonl"), "--data-path", data)
            codes.append(code)
        ended.set()
        names, rights = await watching
        written = folder / "all.jsonl"
        untouched = victim.read_text() == "mine" and not (Path(place) / "made").exists()
        mode = written.lstat().st_mode
    foreseen = {name for name in names if name.startswith("all.jsonl") and name != "all.jsonl"}
    return Outcome(
        f"exits {codes}; mode {stat.S_IMODE(mode):04o}; names on the way: {len(names)}, rights of others: {rights:04o}",
        right=codes[0] == 0
        and all(codes[1:])
        and untouched
        and stat.S_ISREG(mode)
        and not (mode | rights) & _OPEN
        and not foreseen,
    )


ATTACK = Attack(
    "files",
    "links and files laid at the names that an export into everybody's folder could take",
    "no link is followed, no file written into, and nobody else may read what is made, at any moment",
    attack,
)
