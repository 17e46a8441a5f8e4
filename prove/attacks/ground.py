"""Where an attack takes place: a server of its own, the attackers' accounts on it, connections to it."""

import secrets
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import httpx2

from prove.attacks.raw import Raw, frame
from prove.process import ServerProcess

PASSWORD: Final = "correct horse battery"
_TIMEOUT: Final = 60.0


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

    def __init__(self, process: ServerProcess, scale: float) -> None:
        self.process = process
        self.scale = scale
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

    async def person(self, name: str, **log_in: str) -> Person:
        """Sign somebody up and log in; the name gets an ending of its own."""
        name = f"{name}-{secrets.token_hex(3)}"
        made = await self.http.post("/v1/accounts", json={"name": name, "password": PASSWORD})
        assert made.status_code == 201, made.text
        return await self.log_in(name, **log_in)

    async def log_in(self, name: str, **more: str) -> Person:
        """One more device of an account that is there."""
        answer = await self.http.post("/v1/sessions", json={"name": name, "password": PASSWORD, **more})
        assert answer.status_code == 201, answer.text
        given = answer.json()
        return Person(self, name, given["account"]["id"], given["device"], given["access_token"])

    async def raw(self) -> Raw:
        """A connection on which anything may be written."""
        return await Raw.open(self.url)

    def memory(self) -> int:
        """Bytes of memory that the server's process has in use now."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:"))) << 10
