"""nginx in front of the demonstration: sockets to gateways, all else to the apis; once sticky, and once not."""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from chinwag.lasting import kept_log, whole_file

PATHS: Final = "/usr/sbin:/usr/local/sbin:/opt/homebrew/bin"
START_SECONDS: Final = 10.0
LOOK_SECONDS: Final = 0.02

_CONF: Final = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr warn; worker_rlimit_nofile 4096;
events {{ worker_connections 2048; }}
http {{
    access_log off;
    client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    client_max_body_size 2m;
    proxy_http_version 1.1;
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_read_timeout 75s; proxy_send_timeout 75s; proxy_connect_timeout 2s;
    proxy_next_upstream error timeout;
    map $http_upgrade $wished {{ default ""; "~*^websocket$" websocket; }}
    map $wished $connection_wished {{ default ""; websocket upgrade; }}
{servers}
}}
"""
_SERVER: Final = """
    upstream {name}_gateways {{ {how} {gateways} keepalive 16; }}
    upstream {name}_apis {{ {how} {apis} keepalive 16; }}
    server {{
        listen 127.0.0.1:{port};
        location = /v1/socket {{
            proxy_pass http://{name}_gateways;
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header Upgrade $wished;
            proxy_set_header Connection $connection_wished;
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
            proxy_buffering off;
        }}
        location = /v1/events {{
            proxy_pass http://{name}_apis;
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header Connection "";
            proxy_buffering off; gzip off;
        }}
        location / {{
            proxy_pass http://{name}_apis;
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header Connection "";
        }}
    }}"""


def nginx_command() -> str | None:
    """Where nginx is, if it is installed."""
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:{PATHS}")


class Nginx:
    """One nginx with two ports. spread: each connection to the server with the fewest; sticky: one by address."""

    def __init__(self, command: str, folder: Path, gateways: Sequence[str], apis: Sequence[str]) -> None:
        """gateways, apis: their base addresses."""
        self._command = command
        self._folder = folder
        self._gateways, self._apis = gateways, apis
        self._spread, self._sticky = _free_port(), _free_port()
        self.spread, self.sticky = f"http://127.0.0.1:{self._spread}", f"http://127.0.0.1:{self._sticky}"
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """Of its process; 0 if it does not run."""
        return self._process.pid if self._process is not None and self._process.returncode is None else 0

    async def start(self) -> None:
        """Start it; return when it listens. Raises TimeoutError."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        servers = self._server("spread", "least_conn;", self._spread) + self._server("sticky", "ip_hash;", self._sticky)
        configuration = self._folder / "nginx.conf"
        with whole_file(configuration, replace=True) as file:
            file.write(_CONF.format(folder=self._folder, servers=servers).encode())
        with kept_log(self._folder / "nginx.log") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(self._command, "-e", "stderr", "-p", str(self._folder), "-c", str(configuration)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        async with asyncio.timeout(START_SECONDS):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self._sticky)
                except ConnectionRefusedError:
                    await asyncio.sleep(LOOK_SECONDS)  # nginx does not say when it is ready
                    continue
                writer.close()
                return

    async def stop(self) -> None:
        """End it."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGTERM)
            await self._process.wait()

    def _server(self, name: str, how: str, port: int) -> str:
        return _SERVER.format(
            name=name, how=how, port=port, gateways=_servers(self._gateways), apis=_servers(self._apis)
        )


def _servers(urls: Sequence[str]) -> str:
    return " ".join(f"server {url.removeprefix('http://')} max_fails=1 fail_timeout=2s;" for url in urls)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
