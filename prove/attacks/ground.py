"""Where an attack takes place: a server of its own, the attackers' accounts on it, connections to it."""

import asyncio
import os
import secrets
import sqlite3
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import httpx2

from chinwag.life.folder import DIRECTORY
from prove.attacks.bystander import Bystander
from prove.attacks.felt import Felt
from prove.attacks.raw import Raw, frame
from prove.faults.clock import WrongClock
from prove.process import ServerProcess

_TRIES: Final = 20
PASSWORD: Final = "correct horse battery"
_TIMEOUT: Final = 180.0
"""Seconds after which a wait fails. Nothing is decided by them: a slow machine hashes a hundred passwords meanwhile."""


class Person:
    """An account with one device."""

    def __init__(self, ground: "Ground", name: str, account: str, device: str, token: str) -> None:
        self.ground = ground
        self.name = name
        self.account = account
        self.device = device
        self.token = token

    async def request(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """A request with this one's token; `options` as httpx takes them."""
        headers = {"authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        return await self.ground.http.request(method, path, headers=headers, **options)

    async def socket(self) -> Raw:
        """A socket on which this one is welcome."""
        raw = await Raw.socket(self.ground.url)
        raw.write(frame(b'{"type":"hello","token":"%s"}' % self.token.encode()))
        opcode, payload = await raw.frame()
        assert opcode == 1 and b'"welcome"' in payload, payload  # noqa: PT018
        return raw


class Ground:
    """A running server and what attackers have there. scale: how much of everything to do, 1 being all."""

    def __init__(
        self, process: ServerProcess, scale: float, bystander: Bystander, clock: WrongClock | None = None
    ) -> None:
        """clock: the server's, where the attack may move it: where it is alone with the server."""
        self.process = process
        self.scale = scale
        self._bystander = bystander
        self._felt: Felt | None = None
        self._clock = clock
        self.http = httpx2.AsyncClient(base_url=process.url, timeout=_TIMEOUT)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.http.aclose()

    @property
    def url(self) -> str:
        """The server's address."""
        return self.process.url

    def times(self, count: int) -> int:
        """So many in the long form, fewer in the short one, never none."""
        return max(1, round(count * self.scale))

    async def person(self, name: str) -> Person:
        """Sign somebody up with a first device; the name gets an ending of its own."""
        name = f"{name}-{secrets.token_hex(3)}"
        for _ in range(_TRIES):
            made = await self.http.post("/v1/accounts", json={"name": name, "password": PASSWORD, "device": ""})
            if made.status_code != 503:  # else the machine is too busy to write it in time: come again
                break
            await asyncio.sleep(made.json()["retry_after"])
        assert made.status_code == 201, made.text
        return self._person(name, made.json())

    async def log_in(self, name: str, **more: str) -> Person:
        """One more device of an account that is there."""
        answer = await self.http.post("/v1/sessions", json={"name": name, "password": PASSWORD, **more})
        assert answer.status_code == 201, answer.text
        return self._person(name, answer.json())

    def _person(self, name: str, given: Any) -> Person:
        return Person(self, name, given["account"]["id"], given["device"], given["access_token"])

    async def raw(self) -> Raw:
        """A connection on which anything may be written."""
        return await Raw.open(self.url)

    async def end_chat(self) -> Felt:
        """Let the two bystanders finish, before something that would log them out, say; what they felt."""
        if self._felt is None:
            self._felt = await self._bystander.felt()
        return self._felt

    def move_clock(self, seconds: float) -> None:
        """Let the server's clock be wrong by so much. For attacks that are `alone`."""
        assert self._clock is not None
        self._clock.jump(seconds)

    async def command(self, *arguments: str, entered: str = "") -> str:
        """Run a command of `chinwag` on the server's data, as its operator; what it said. It must end well."""
        code, said = await run_command(*arguments, "--data-path", str(self.process.data), entered=entered)
        assert code == 0, said
        return said

    def directory(self) -> sqlite3.Connection:
        """The file of accounts, as somebody who has the server's user opens it."""
        return sqlite3.connect(self.process.data / DIRECTORY, timeout=_TIMEOUT, isolation_level=None)

    def memory(self) -> int:
        """Bytes of memory that the server's process has in use now, its share of what is shared (PSS)."""
        rollup = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
        return int(next(line.split()[1] for line in rollup.splitlines() if line.startswith("Pss:"))) << 10


async def run_command(*arguments: str, entered: str = "", **variables: str) -> tuple[int, str]:
    """Run `chinwag` in a process of its own; its exit code, and all that it wrote."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CHINWAG_")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "chinwag.cli", *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=kept | variables,
    )
    try:
        async with asyncio.timeout(_TIMEOUT):
            said, _ = await process.communicate(entered.encode())
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode is not None
    return process.returncode, said.decode(errors="replace")
