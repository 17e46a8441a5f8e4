"""The description of the API, asked for in one go many times, without a token."""

from prove.attacks.attack import Attack, Outcome
from prove.attacks.ground import Ground
from prove.attacks.raw import request

_REQUESTS = 2000


async def attack(ground: Ground) -> Outcome:
    """Pipeline the requests; all are answered, with the document or a refusal."""
    count = ground.times(_REQUESTS)
    raw = await ground.raw()
    asked = request("GET", "/v1/openapi.json")
    raw.write(asked * (count - 1) + request("GET", "/v1/openapi.json", "Connection: close"))
    got = await raw.end()
    answered = got.count(b"HTTP/1.1 ")
    return Outcome(f"{answered} of {count} pipelined requests answered ({len(asked) * count >> 10} KB)", right=True)


ATTACK = Attack(
    "document",
    "GET /v1/openapi.json, pipelined on one connection, without a token",
    "others are not delayed: it is made once, and one connection's requests take little of a turn",
    attack,
)
