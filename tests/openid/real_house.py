"""A server, and a provider that nobody here wrote (npm's oidc-provider), both as processes of their own."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from prove.faults.clock import WrongClock
from prove.process import ServerProcess
from tests.support.quick_server import COMMAND

ROOT: Final = Path(__file__).parents[2]
HERE: Final = Path(__file__).parent / "real"
PATIENCE: Final = 60.0
CLIENT_SECRET: Final = "a secret of the client"


class RealProvider:
    """Its process."""

    def __init__(self, process: asyncio.subprocess.Process, issuer: str) -> None:
        self.issuer = issuer
        self._process = process

    async def tell(self, command: Mapping[str, Any]) -> None:
        """Give it a command, and return when it is done."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command).encode() + b"\n")
        assert (await said(self._process))["done"] == command


async def said(process: asyncio.subprocess.Process) -> dict[str, Any]:
    """The next line of JSON that it writes."""
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE):
        while line := await process.stdout.readline():
            if line.startswith(b"{"):
                return dict(json.loads(line))
    raise AssertionError("the provider has ended")


@asynccontextmanager
async def real_provider(public: str) -> AsyncIterator[RealProvider]:
    """One that sends people back to the server at `public`."""
    installed = await asyncio.create_subprocess_exec(
        "tools/web.sh", "node", str(HERE.relative_to(ROOT)), cwd=ROOT, stdout=subprocess.PIPE
    )
    node = (await installed.communicate())[0].decode().strip().splitlines()[-1]
    assert installed.returncode == 0
    process = await asyncio.create_subprocess_exec(
        node,
        *("server.js", f"{public}/v1/openid/staff/callback", f"{public}/v1/openid/staff/logout", f"{public}/"),
        cwd=HERE,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield RealProvider(process, (await said(process))["issuer"])
    finally:
        process.kill()
        await process.wait()


class House:
    """The server, whose clock can be moved, and the provider."""

    def __init__(self, server: ServerProcess, clock: WrongClock, provider: RealProvider) -> None:
        self.server = server
        self.clock = clock
        self.provider = provider


@asynccontextmanager
async def real_house(
    folder: Path, port: int, *, recheck_hours: float = 24.0, sign_up: str = "everybody"
) -> AsyncIterator[House]:
    """All of it, with the server's data and configuration in `folder`."""
    public = f"http://127.0.0.1:{port}"
    async with real_provider(public) as provider:
        secret = folder / "secret"
        secret.write_text(CLIENT_SECRET)
        secret.chmod(0o600)
        (folder / "chinwag.toml").write_text(
            f'[server]\npublic_url = "{public}"\n[openid.staff]\nissuer = "{provider.issuer}"\nclient_id = "chinwag"\n'
            f'client_secret_file = "secret"\nlabel = "The company"\nadmin_groups = ["wheel"]\n'
            f'recheck_hours = {recheck_hours}\nsign_up = "{sign_up}"\n'
        )
        server = ServerProcess(
            folder / "data", command=COMMAND, environment={"CHINWAG_CONFIG": str(folder / "chinwag.toml")}, port=port
        )
        clock = WrongClock(server)
        await server.start()
        try:
            yield House(server, clock, provider)
        finally:
            server.end()
            print(server.log())
