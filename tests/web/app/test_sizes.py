"""What a first visit costs. Figures that do not vary, so they are bounds."""

import re

from tests.web.app.conftest import ROOT

FILES = ROOT / "src" / "chinwag" / "web_files"
KB = 1024


def zipped(name: str) -> int:
    """Bytes of a file as it travels: zipped, or as it is where zipping gains nothing."""
    copy = FILES / f"{name}.gz"
    return (copy if copy.exists() else FILES / name).stat().st_size


def test_a_first_visit_stays_within_its_bounds() -> None:
    page = (FILES / "index.html").read_text()
    named = {name.lstrip("/") for name in re.findall(r'(?:src|href)="(/assets/[^"]+)"', page)}
    # the engine's worker is started by the first script
    worker = [f"assets/{one.name}" for one in (FILES / "assets").glob("engine.worker-*.js")]
    scripts = sum(zipped(name) for name in {*named, *worker} if name.endswith(".js"))
    styles = sum(zipped(name) for name in named if name.endswith(".css"))
    fonts = sum(zipped(f"assets/{one.name}") for one in (FILES / "assets").glob("figtree-latin-wght-*.woff2"))
    assert len(worker) == 1
    assert 0 < scripts <= 80 * KB
    assert 0 < styles <= 15 * KB
    assert fonts > 0
    assert scripts + styles + fonts + zipped("index.html") <= 150 * KB
