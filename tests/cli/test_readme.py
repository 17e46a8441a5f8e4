"""The talk that the README shows is what terminals show: its lines are played, and looked for on them."""

import re
from pathlib import Path

import pytest
from prove.process import ServerProcess

from .terminals import PASSWORD, Terminal

pytestmark = pytest.mark.asyncio
README = Path(__file__).parents[2] / "README.md"


def _shown() -> list[list[str]]:
    """The README's sessions: the code blocks that show a terminal."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", README.read_text(), re.DOTALL | re.MULTILINE)
    return [block.splitlines() for language, block in blocks if not language]


def _plain(lines: list[str], url: str) -> list[str]:
    """Without what differs from day to day: times, dates, the port, rows that the width breaks."""
    joined = " ".join(" ".join(lines).split()).replace(url, "http://127.0.0.1:8420")
    joined = re.sub(r"\b\d\d:\d\d\b", "00:00", joined)
    joined = re.sub(r"\b[A-Z][a-z]+day, \d\d [A-Z][a-z]+ \d{4}\b", "DATE", joined)
    return joined.split(" ")


def _in_order(wanted: list[str], rows: list[str], url: str) -> None:
    """Every word of `wanted` is on the screen, in that order."""
    words = iter(_plain(rows, url))
    missing = next((word for word in _plain(wanted, url) if word not in words), None)
    assert missing is None, f"{missing!r} of the README is not in:\n" + "\n".join(rows)


async def _enter(terminal: Terminal, name: str) -> None:
    await terminal.sees("Your name:")
    terminal.type(f"{name}\r")
    await terminal.sees(f"Do you have an account there as {name}? [Y/n]")
    terminal.type("n\r")
    await terminal.sees("Password (not shown):")
    terminal.type(f"{PASSWORD}\r")
    await terminal.sees(f"You are {name}")


async def test_two_people_talk_and_a_third_in_a_group(process: ServerProcess, tmp_path: Path) -> None:
    first, second, talk, answered, group = _shown()[:5]
    await process.start()
    no_password = {"CHINWAG_PASSWORD": ""}
    anna = await Terminal.open(tmp_path, variables=no_password)
    await anna.sees("Server [")
    anna.type(f"{process.url}\r")
    await _enter(anna, "anna")
    await anna.sees("/help tells more.")
    _in_order(first[1:], [row.replace(f"8420]: {process.url}", "8420]:") for row in anna.rows], process.url)
    ben = await Terminal.open(tmp_path, variables=no_password)
    await _enter(ben, "ben")
    _in_order(second[1:], ben.rows, process.url)
    await ben.sees("/help tells more.")
    anna.type("/open ben\r")
    await anna.sees("ben>")
    anna.type("Hello Ben\r")
    await anna.sees("delivered")
    await ben.sees("• anna (1 new) Hello Ben")
    ben.type("/open anna\r")
    await anna.sees("ben has read it")
    ben.type("Hello Anna, all well?\r")
    await ben.sees("anna has read it")
    await anna.sees("ben: Hello Anna, all well?")
    _in_order(talk, await anna.until(lambda rows: rows[-1] == "ben>"), process.url)
    _in_order(answered, await ben.until(lambda rows: rows[-1] == "anna>"), process.url)
    cleo = await Terminal.open(tmp_path, "--server", process.url, "--name", "cleo", variables=no_password)
    await cleo.sees("Do you have an account there as cleo? [Y/n]")
    cleo.type("n\r")
    await cleo.sees("Password (not shown):")
    cleo.type(f"{PASSWORD}\r")
    await cleo.sees("/help tells more.")
    anna.type("/new Picnic ben cleo\r")
    await anna.until(lambda rows: rows[-1] == "#Picnic>")
    for other in (ben, cleo):
        await other.sees("• #Picnic anna began “Picnic” with ben, cleo")
    anna.type("Sunday at three?\r")
    await cleo.sees("• #Picnic (1 new) anna: Sunday at three?")
    cleo.type("/open #Picnic\r")
    await anna.sees("cleo has read it")
    cleo.type("I bring cake\r")
    await anna.sees("cleo: I bring cake")
    _in_order(group[1:], await anna.until(lambda rows: rows[-1] == "#Picnic>"), process.url)
    for terminal in (anna, ben, cleo):
        terminal.type("/quit\r")
        assert await terminal.ended() == 0
