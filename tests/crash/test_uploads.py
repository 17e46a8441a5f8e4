"""Uploads and kill -9: what was confirmed is there, what was not is asked for again, and nothing is made twice."""

from pathlib import Path
from typing import Any

import httpx2
import pytest
from prove.process import ServerProcess
from tests.support.media import Filer, picture
from tests.support.people import Crowd, begin_group

from chinwag.fail_points import VARIABLE

TUS: Any = {"tus_resumable": "1.0.0"}
PATCH: Any = {"content_type": "application/offset+octet-stream", **TUS}


class Stubborn:
    """Asks again when the server has died meanwhile, which it does once."""

    def __init__(self, process: ServerProcess, filer: Filer) -> None:
        self.process = process
        self.filer = filer

    async def ask(self, method: str, path: str, content: bytes | None = None, /, **headers: str) -> httpx2.Response:
        try:
            return await self.filer.ask(method, path, content, **headers)
        except httpx2.TransportError:
            await self.process.exited()
            self.process.environment.pop(VARIABLE)
            await self.process.start()
            device = self.filer.device
            await self.filer.close()
            self.filer = Filer(device)
            return await self.filer.ask(method, path, content, **headers)

    async def offset(self, at: str) -> int:
        answer = await self.ask("HEAD", at, **TUS)
        assert answer.status_code == 200, answer.text
        return int(answer.headers["upload-offset"])


@pytest.mark.parametrize("point", ["media.received", "media.received:2", "media.put", "media.ready"])
async def test_an_upload_goes_on_after_the_server_was_killed(tmp_path: Path, point: str) -> None:
    process = ServerProcess(tmp_path / "data", environment={VARIABLE: point})
    await process.start()
    crowd = Crowd(process)
    try:
        ann, ben = await crowd.people("ann", "ben")
        stubborn = Stubborn(process, Filer(ann))
        content = picture(700, 500, "PNG")
        half = len(content) // 2
        begun = await stubborn.ask("POST", "/v1/media", **TUS, upload_length=str(len(content)))
        at = begun.headers["location"]
        while (sent := await stubborn.offset(at)) < len(content):
            assert sent in (0, half), "a request that was killed behind its last byte counts as a whole"
            part = content[sent : sent + half] if sent == 0 else content[sent:]
            answer = await stubborn.ask("PATCH", at, part, **PATCH, upload_offset=str(sent))
            assert answer.status_code in (204, 409), answer.text
        while (ready := (await stubborn.ask("GET", f"/v1/media/{at.rpartition('/')[2]}?wait=30")).json())[
            "state"
        ] != "ready":
            assert ready["state"] == "processing"
        await stubborn.ask("GET", "/v1/me")
        assert process.starts == 2
        filer = stubborn.filer
        group = str(await begin_group(ann, ben))
        number = (await filer.send(group, {"upload": ready["id"]})).json()["number"]
        assert (await filer.ask("GET", f"/v1/conversations/{group}/messages/{number}/media")).content == content
        blobs = [path for path in (tmp_path / "data" / "media").rglob("*") if path.is_file() and len(path.name) == 64]
        assert len(blobs) == 3, "the original and two previews, each once"
        await filer.close()
    finally:
        await crowd.leave()
        process.end()
        print(process.log()[-5_000:])
