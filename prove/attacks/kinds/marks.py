"""Texts of 60 KB of combining marks wherever a name or a password is taken: normal forms take the square of them."""

import asyncio

from prove.attacks.attack import Attack, Outcome
from prove.attacks.ground import PASSWORD, Ground

_TIMES = 20
_MARKS = "e" + "\N{COMBINING ACUTE ACCENT}\N{COMBINING DOT BELOW}" * 14_000
_TRIES: tuple[tuple[str, dict[str, str], int], ...] = (
    ("/v1/accounts", {"name": _MARKS, "password": PASSWORD}, 422),
    ("/v1/accounts", {"name": "mallory", "password": _MARKS}, 422),
    ("/v1/sessions", {"name": _MARKS, "password": PASSWORD}, 401),
    ("/v1/sessions", {"name": "mallory", "password": _MARKS}, 401),
    ("/v1/sessions", {"name": "mallory", "password": PASSWORD, "known_device": _MARKS}, 401),
)


async def attack(ground: Ground) -> Outcome:
    """Each is refused as any other wrong one."""
    times = ground.times(_TIMES)

    async def attempt(path: str, body: dict[str, str], expected: int) -> bool:
        answer = await ground.http.post(path, json=body)
        return answer.status_code in (expected, 429, 503)

    refused = await asyncio.gather(*(attempt(*one) for one in _TRIES * times))
    mallory = await ground.person("mallory")
    for change in ("display_name", "about"):
        answer = await mallory.request("PATCH", "/v1/me", json={change: _MARKS})
        refused.append(answer.status_code == 422)
    return Outcome(f"{sum(refused)} of {len(refused)} refused for what they are", right=all(refused))


ATTACK = Attack(
    "marks",
    "names, passwords and profiles of 56 KB of combining marks",
    "refused by their length before any normal form is made of them",
    attack,
)
