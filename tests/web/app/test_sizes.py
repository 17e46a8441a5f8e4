"""What a first visit costs, as a browser asks for it. Figures that do not vary, so they are bounds."""

import json
import re
from typing import Final
from urllib.parse import urlsplit

from playwright.async_api import Request
from tests.web.app.conftest import ROOT, Arrive

FILES: Final = ROOT / "src" / "chinwag" / "web_files"
KB: Final = 1024
FONT: Final = re.compile(r"figtree-latin-wght-normal-.*\.woff2$")


def zipped(path: str) -> int:
    """Bytes of a file as it travels: zipped, or as it is where zipping gains nothing."""
    name = path.removeprefix("/") or "index.html"
    copy = FILES / f"{name}.gz"
    return (copy if copy.exists() else FILES / name).stat().st_size


async def test_a_first_visit_stays_within_its_bounds(arrive: Arrive) -> None:
    visitor = await arrive()
    asked: list[Request] = []
    visitor.page.context.on("request", lambda request: asked.append(request))
    await visitor.visit()
    await visitor.page.get_by_label("Password").wait_for()
    before = [urlsplit(one.url).path for one in asked if one.service_worker is None]
    files = [path for path in before if not path.startswith("/v1/")]
    said = "\n".join(f"{zipped(path):7} {path}" for path in files)
    print(said)
    # All is among what was counted: the engine's worker, the styles, and the font, asked for with the page and once.
    assert any("worker" in path for path in files), said
    assert sum(FONT.search(path) is not None for path in files) == 1, said
    assert files.index(next(filter(FONT.search, files))) <= files.index(next(p for p in files if p.endswith(".css"))), (
        said
    )
    assets = [path for path in files if path.startswith("/assets/")]
    assert len(assets) == len(set(assets)), said
    assert sum(zipped(path) for path in files if path.endswith(".js")) <= 80 * KB, said
    assert sum(zipped(path) for path in files if path.endswith(".css")) <= 15 * KB, said
    assert sum(zipped(path) for path in files) <= 150 * KB, said


def test_the_shell_has_each_file_that_the_app_needs_and_no_large_icon() -> None:
    [listed] = re.findall(r'"?files"?:\s*(\[[^\]]*\])', (FILES / "sw.js").read_text())
    shell = set(json.loads(listed.replace("`", '"')))
    assets = {f"/assets/{one.name}" for one in (FILES / "assets").iterdir() if one.suffix in (".js", ".css")}
    assert assets <= shell
    assert not [path for path in shell if "512" in path]
