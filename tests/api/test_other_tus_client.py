"""A client of tus that nobody here wrote (npm's tus-js-client) uploads, breaks off, goes on and throws away."""

import asyncio
import json
import os
import subprocess
from pathlib import Path
from typing import Any, Final

from tests.support.media import Filer, picture
from tests.support.people import Crowd

ROOT: Final = Path(__file__).parents[2]
HERE: Final = Path(__file__).parent / "tus_client"


async def node() -> str:
    """Where Node is, with what the client needs beside it."""
    installed = await asyncio.create_subprocess_exec(
        "tools/web.sh", "node", str(HERE.relative_to(ROOT)), cwd=ROOT, stdout=subprocess.PIPE
    )
    said = (await installed.communicate())[0].decode()
    assert installed.returncode == 0
    return said.strip().splitlines()[-1]


async def uploaded(program: str, filer: Filer, file: Path, kind: str, breaks: int) -> dict[str, Any]:
    """What the client says of a file that it uploads as `kind`, broken off once after so many bytes."""
    words = (f"{str(filer.client.base_url).rstrip('/')}/v1/media", filer.device.token, str(file), kind, str(breaks))
    process = await asyncio.create_subprocess_exec(
        program, "upload.js", *words, cwd=HERE, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    said, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    told: dict[str, Any] = json.loads(said)
    return told


async def test_it_goes_on_where_it_broke_off_and_throws_away(crowd: Crowd, tmp_path: Path) -> None:
    program = await node()
    ann = Filer(await crowd.person("ann"))
    try:
        file, photo = tmp_path / "größe 1.bin", tmp_path / "p.png"
        file.write_bytes(os.urandom(700_001))
        photo.write_bytes(picture(900, 600, "PNG"))
        told = await uploaded(program, ann, file, "file", 300_000)
        ready = await ann.ready(told["url"].rpartition("/")[2])
        assert (ready["name"], ready["as"], ready["media"]["size"]) == (file.name, "file", 700_001)
        assert told["seen"][0] > 300_000, "it did not begin anew"
        assert told["seen"][-1] == 700_001
        assert (await ann.ask("GET", f"/v1/media/{told['dropped'].rpartition('/')[2]}")).status_code == 404
        told = await uploaded(program, ann, photo, "picture", 100_000)
        ready = await ann.ready(told["url"].rpartition("/")[2])
        assert (ready["media"]["width"], ready["media"]["height"], ready["bare"]) == (900, 600, True)
    finally:
        await ann.close()
