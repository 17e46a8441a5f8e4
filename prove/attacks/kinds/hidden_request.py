"""A request in the body of one that asks for another protocol, sent as a proxy passes it on."""

import itertools

from prove.attacks.attack import Attack, Outcome
from prove.attacks.ground import Ground
from prove.attacks.raw import request

_UPGRADES = ("x", "h2c", "websocket, x", "websocket", "WebSocket")


async def attack(ground: Ground) -> Outcome:
    """Count the answers on each connection: one request was made, so one may come."""
    mallory = await ground.person("mallory")
    hidden = request("GET", "/v1/me", f"Authorization: Bearer {mallory.token}")
    more = 0
    asked = 0
    for upgrade, path, body in itertools.product(
        _UPGRADES, ("/v1/socket", "/v1/sessions"), (hidden, b"\r\n" * 10_000 + hidden)
    ):
        raw = await ground.raw()
        whole = request("POST", path, "Connection: upgrade", f"Upgrade: {upgrade}", body=body)
        head = len(whole) - len(body)
        raw.write(whole[:head])
        await raw.writer.drain()
        raw.write(whole[head:] + hidden)
        got = await raw.end()
        more += got.count(b"HTTP/1.1 ") > 1 or b"200 OK" in got
        asked += 1
    return Outcome(f"{more} of {asked} hidden requests were answered", right=not more)


ATTACK = Attack(
    "hidden-request",
    "bodies that hold a request, behind a wish for another protocol",
    "the body is read by its own framing, and nothing behind it",
    attack,
)
