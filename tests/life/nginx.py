"""A real nginx in front of a server, with the files of `deploy/nginx` as they are shipped."""

import asyncio
import os
import re
import shutil
import socket
import subprocess
from pathlib import Path

SHIPPED = Path(__file__).parents[2] / "deploy" / "nginx"
PACKAGE = "nginx-light"
START_SECONDS = 30.0


def nginx_command() -> str:
    """Where nginx is; installed if it is not there and this process may do that. Fails with the line to type."""
    there = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if there is None and os.geteuid() == 0 and shutil.which("apt-get"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for line in (["apt-get", "-qq", "update"], ["apt-get", "-qq", "-y", "install", PACKAGE]):
            subprocess.run(line, env=environment, check=False, capture_output=True, timeout=300)
        there = shutil.which("nginx", path="/usr/sbin:/usr/bin")
    assert there is not None, f"these tests need a real nginx: sudo apt-get install {PACKAGE}"
    return there


class Nginx:
    """One nginx on a free port of loopback, in front of `url`. upstream: the shipped file that names the servers."""

    def __init__(
        self,
        folder: Path,
        url: str,
        upstream: str,
        certificate: tuple[Path, Path] | None = None,
        locations: str | None = None,
    ) -> None:
        """`certificate`: PEM files of the chain and of the key; with them it speaks TLS.

        `locations`: what stands in locations.conf instead of what is shipped.
        """
        self.folder = folder
        self.command = nginx_command()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self.port}"
        listen = f"listen 127.0.0.1:{self.port}"
        if certificate:
            listen += f" ssl; ssl_certificate {certificate[0]}; ssl_certificate_key {certificate[1]}"
        self.configuration = folder / "nginx.conf"
        folder.mkdir()
        for shipped in SHIPPED.glob("*.conf"):
            shutil.copy(shipped, folder)
        if locations is not None:
            (folder / "locations.conf").write_text(locations)
        servers = folder / upstream
        written, count = re.subn(
            r"server 127\.0\.0\.1:8420;", f"server {url.removeprefix('http://')};", servers.read_text()
        )
        assert count == 1
        servers.write_text(written)
        self.configuration.write_text(f"""
            daemon off; master_process off; pid {folder}/pid; error_log stderr warn; worker_rlimit_nofile 1024;
            events {{ worker_connections 512; }}
            http {{
                access_log off;
                client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
                uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
                include {upstream};
                server {{ {listen}; server_name chat.example.org; include locations.conf; }}
            }}
        """)
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Start, and wait until it listens."""
        self._process = subprocess.Popen(  # noqa: ASYNC220 - returns at once
            [self.command, "-e", "stderr", "-p", self.folder, "-c", self.configuration],
            stdin=subprocess.DEVNULL,
            stderr=(self.folder / "log").open("wb"),
        )
        async with asyncio.timeout(START_SECONDS):
            while True:
                assert self._process.poll() is None, (self.folder / "log").read_text()
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                except ConnectionRefusedError:
                    await asyncio.sleep(0.02)  # nginx does not say when it is ready
                    continue
                writer.close()
                return

    def end(self) -> None:
        """Leave no process behind."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait()
