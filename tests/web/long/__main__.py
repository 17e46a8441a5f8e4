"""Prove the web client at length: `make web-prove`."""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from playwright.async_api import async_playwright
from prove.process import ServerProcess
from tests.web.app import scrolling
from tests.web.browsers import chromium
from tests.web.long import kills, million
from tests.web.page_server import COMMAND, PAGE, ROOT, built_page


async def _kills(server: ServerProcess, folder: Path, rounds: int, seed: int) -> bool:
    await server.start()
    async with async_playwright() as playwright:
        found = await kills.kills(playwright, server.url, folder, rounds, seed)
    print(kills.table(found), flush=True)
    return await server.stop() == 0 and all(one.good for one in found)


async def _million(server: ServerProcess, count: int) -> bool:
    found = await million.million(server, count)
    print(million.table(found), flush=True)
    return all(one.whole for one in found)


async def _walks(server: ServerProcess, count: int, frames: int) -> bool:
    complaints: list[str] = []
    async with chromium() as browser:
        found = await scrolling.walks(browser, server, count, frames // 2, complaints)
    print(scrolling.table(found), *complaints, flush=True)
    return await server.stop() == 0 and all(one.good for one in found) and complaints == []


async def _all(folder: Path, rounds: int, seed: int, count: int, frames: int) -> bool:
    page = {PAGE: str(built_page(folder / "page"))}
    good = True
    if rounds:
        server = ServerProcess(folder / "kills", command=COMMAND, environment=page, cwd=ROOT)
        try:
            good &= await _kills(server, folder, rounds, seed)
        finally:
            server.end()
    if count:
        server = ServerProcess(folder / "million", command=COMMAND, environment=page, cwd=ROOT)
        try:
            good &= await _million(server, count)
        finally:
            server.end()
    if count and frames:
        server = ServerProcess(folder / "walks", command=(sys.executable, "-m", "tests.support.quick_server"), cwd=ROOT)
        try:
            good &= await _walks(server, count, frames)
        finally:
            server.end()
    return good


def main() -> int:
    """Run it; 0 if every promise was kept."""
    wish = argparse.ArgumentParser(prog="make web-prove", description=__doc__)
    wish.add_argument("--kills", type=int, default=10, help="how often a browser is killed while it sends 200 lines")
    wish.add_argument("--seed", type=int, default=7, help="of the moments of the kills")
    wish.add_argument("--messages", type=int, default=1_000_000, help="how long the long conversation is")
    wish.add_argument("--frames", type=int, default=3_000, help="for how many frames one scrolls in it")
    said = wish.parse_args()
    with tempfile.TemporaryDirectory(prefix="chinwag-web-") as folder:
        good = asyncio.run(_all(Path(folder), said.kills, said.seed, said.messages, said.frames))
    print("every promise was kept" if good else "a promise was BROKEN: see the tables")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
