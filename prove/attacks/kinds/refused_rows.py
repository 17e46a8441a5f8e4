"""Groups that cannot be made are asked for again and again, each under another key: each could leave a row."""

import asyncio
from collections import Counter
from typing import Any

from prove.attacks.attack import Attack, Outcome
from prove.attacks.ground import Ground

_TIMES = 300
_AT_ONCE = 8


async def attack(ground: Ground) -> Outcome:
    """No row stays of what was refused, and the key of one that was refused is free."""
    mallory, shy = await ground.person("mallory"), await ground.person("shy")
    await shy.request("PATCH", "/v1/me/settings", json={"direct_from": "friends"})
    wishes: tuple[dict[str, Any], ...] = (
        {"title": "", "members": []},
        {"title": "x" * 201, "members": []},
        {"title": "a\u0007b", "members": []},
        {"title": "Tea", "members": ["123456789"]},
        {"title": "Tea", "members": ["no account"]},
        {"title": "Tea", "members": [shy.account]},
        {"title": "Tea", "members": [str(number) for number in range(600)]},
        {"title": "Tea", "members": [], "settings": {"description": "x" * 1001}},
    )
    turns = asyncio.Semaphore(_AT_ONCE)

    async def attempt(number: int, wish: dict[str, Any]) -> int:
        async with turns:
            answer = await mallory.request(
                "POST", "/v1/conversations", json=wish, headers={"idempotency-key": f"k{number}"}
            )
        return answer.status_code

    count = max(2 * len(wishes), ground.times(_TIMES))
    came = Counter(await asyncio.gather(*(attempt(n, wishes[n % len(wishes)]) for n in range(count))))
    again = await attempt(0, {"title": "Tea", "members": []})
    file = ground.directory()
    try:
        of_device = "SELECT count(*) FROM created_groups WHERE device = ?"
        (rows,) = file.execute(of_device, (mallory.device,)).fetchone()
    finally:
        file.close()
    return Outcome(
        f"{rows} row of {count} wishes that were refused {dict(came)} and one that was not {again}",
        right=rows == 1 and again == 201 and min(came) >= 400 and max(came) < 500,
    )


ATTACK = Attack(
    "refused-rows",
    "groups that cannot be made, each asked for under another Idempotency-Key",
    "what is refused leaves no row, and its key begins anew",
    attack,
)
