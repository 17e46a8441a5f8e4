"""What is published holds the built web client: installed, it serves it, on a machine without Node."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import httpx2
import pytest

ROOT = Path(__file__).parents[2]
PATIENCE = 300.0


def ran(*command: str | Path, folder: Path, environment: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel made of the sdist, as an installer makes it, with no Node to be found."""
    folder = tmp_path_factory.mktemp("package")
    ran(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", folder, folder=ROOT)
    [sdist] = folder.glob("*.tar.gz")
    with tarfile.open(sdist) as packed:
        names = [name.partition("/")[2] for name in packed.getnames()]
    assert "src/chinwag/web_files/index.html" in names
    assert not [name for name in names if "node_modules" in name or name.startswith(".venv")]
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--no-deps", "--no-build-isolation")
    ran(*pip, "-w", folder, sdist, folder=folder, environment={"PATH": "/nonexistent", "HOME": str(folder)})
    [made] = folder.glob("*.whl")
    return made


def test_a_wheel_holds_what_browsers_are_given(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        names = {name.removeprefix("chinwag/web_files/") for name in packed.namelist() if "web_files/" in name}
    assert {"index.html", "index.html.br", "index.html.gz", "sw.js", "manifest.webmanifest"} <= names
    scripts = [name for name in names if re.fullmatch(r"assets/.+\.js", name)]
    assert scripts
    assert all({f"{name}.br", f"{name}.gz"} <= names for name in scripts)
    assert not [name for name in names if name.endswith((".ts", ".svelte", ".map"))]


async def test_an_installed_wheel_serves_the_client_without_node(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--no-deps", "--target", site, wheel)
    ran(*pip, folder=tmp_path)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("CHINWAG_")}
    environment |= {"PATH": "/nonexistent", "PYTHONPATH": str(site)}
    where = ran(
        sys.executable, "-c", "import chinwag; print(chinwag.__file__)", folder=tmp_path, environment=environment
    )
    assert where.startswith(str(site)), "the installed one, not the checkout"
    ports = ("--server-port", "0", "--observe-port", "0", "--data-path", str(tmp_path / "data"))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "chinwag.cli", "serve", *ports),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL, cwd=tmp_path, env=environment,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            line = (await process.stdout.readline()).decode()
        assert line.endswith("in a browser\n"), line
        async with httpx2.AsyncClient(base_url=line.split()[1], timeout=90) as client:
            page = await client.get("/", headers={"accept": "text/html"})
            assert page.status_code == 200
            scripts = re.findall(r'(?:src|href)="(/assets/[^"]+)"', page.text)
            assert scripts
            for one in scripts:
                assert (await client.get(one)).status_code == 200
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(60):
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
