"""A made-up token on addresses that need none: it must not switch the strangers' budget off."""

import asyncio

from prove.attacks.attack import Attack, Outcome
from prove.attacks.ground import Ground

_REQUESTS = 60


async def attack(ground: Ground) -> Outcome:
    """With a budget of 30 at once, more than that must be refused."""
    answers = await asyncio.gather(
        *(ground.http.get("/v1/openapi.json", headers={"authorization": "Bearer x"}) for _ in range(_REQUESTS))
    )
    refused = sum(answer.status_code == 429 for answer in answers)
    return Outcome(f"{refused} of {_REQUESTS} refused", right=refused > 0)


ATTACK = Attack(
    "budget-by-header",
    "Authorization: Bearer x on a public address",
    "public addresses take the strangers' budget, whatever is shown",
    attack,
    flags=("--limits-strangers-burst", "30", "--limits-strangers-per-second", "1"),
)
