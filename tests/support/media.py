"""Files for tests, and people who upload, send and read them over HTTP."""

import io
import secrets
from collections.abc import Mapping
from typing import Any

import httpx2
from PIL import Image
from tests.support.device import Device

OCTETS = "application/octet-stream"


def picture(width: int = 900, height: int = 600, kind: str = "JPEG") -> bytes:
    """A picture that no other call makes."""
    image = Image.effect_noise((width, height), 40).convert("RGB")
    image.putpixel((0, 0), tuple(secrets.token_bytes(3)))
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


def client_of(url: str, token: str) -> httpx2.AsyncClient:
    """Whoever holds `token`, if there is one, at the server at `url`."""
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return httpx2.AsyncClient(base_url=url, headers=headers, timeout=60)


class Filer:
    """Somebody with files: requests as raw as they go over the network."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.client = client_of(device.place.process.url, device.token)  # type: ignore[attr-defined]

    async def close(self) -> None:
        await self.client.aclose()

    async def ask(self, method: str, path: str, content: bytes | None = None, /, **headers: str) -> httpx2.Response:
        """One request; underscores in names of headers are dashes."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.request(method, path, content=content, headers=named)

    async def upload(self, content: bytes, name: str = "file", kind: str = "file") -> dict[str, Any]:
        """Upload in one request, and wait until it is ready."""
        made = await self.client.post(
            "/v1/media", params={"name": name, "as": kind}, content=content, headers={"content-type": OCTETS}
        )
        assert made.status_code == 201, made.text
        ready = await self.ready(made.json()["id"])
        assert ready["state"] == "ready", ready
        return ready

    async def ready(self, upload: str) -> dict[str, Any]:
        """An upload once it was looked at."""
        while True:
            answer = await self.ask("GET", f"/v1/media/{upload}?wait=30")
            assert answer.status_code == 200, answer.text
            found: dict[str, Any] = answer.json()
            if found["state"] != "processing":
                return found

    async def send(self, conversation: str, body: Mapping[str, object], key: str | None = None) -> httpx2.Response:
        """Post a message of media."""
        return await self.client.post(
            f"/v1/conversations/{conversation}/messages",
            json={"body": {"type": "media", **body}},
            headers={"idempotency-key": key or secrets.token_hex(8)},
        )

    async def message(self, conversation: str, number: int) -> dict[str, Any]:
        """What a message says."""
        answer = await self.ask("GET", f"/v1/conversations/{conversation}/messages/{number}")
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()["event"]["body"]
        return body
