"""Somebody is put into group after group, by many, without ever being asked."""

import asyncio
from collections import Counter

from prove.attacks.attack import Attack, Outcome
from prove.attacks.ground import Ground, Person

_GROUPS = 1200
_ADDERS = 4
_AT_ONCE = 16
_MOST = 60
"""Fifty at once, ten an hour, and what an hour of the attack would let through."""


async def put_in(adder: Person, number: int, victim: str) -> int:
    """A group with the victim in it from its beginning, or one to which it is added; the status."""
    beginning = {"title": f"g{number}", "members": [victim] if number % 2 else []}
    made = await adder.request("POST", "/v1/conversations", json=beginning)
    if number % 2 or made.status_code != 201:
        return made.status_code
    path = f"/v1/conversations/{made.json()['conversation']}/changes"
    added = await adder.request("POST", path, json={"change": {"type": "add", "account": victim}})
    return added.status_code


async def listed(person: Person) -> int:
    """In how many conversations somebody is."""
    count, before = 0, ""
    while True:
        page = (await person.request("GET", f"/v1/conversations?limit=200{before}")).json()
        count += len(page["conversations"])
        if not page.get("next"):
            return count
        before = f"&before={page['next']}"


async def attack(ground: Ground) -> Outcome:
    """One is asked by nobody, another takes such things from friends only."""
    adders = [await ground.person("adder") for _ in range(_ADDERS)]
    victim, shy = await ground.person("victim"), await ground.person("shy")
    await shy.request("PATCH", "/v1/me/settings", json={"direct_from": "friends"})
    turns = asyncio.Semaphore(_AT_ONCE)

    async def attempt(number: int) -> int:
        async with turns:
            return await put_in(adders[number % _ADDERS], number, victim.account)

    tries = max(200, ground.times(_GROUPS))
    came = Counter(await asyncio.gather(*map(attempt, range(tries))))
    refused = Counter([await put_in(adders[0], number, shy.account) for number in range(8)])
    groups, none = await listed(victim), await listed(shy)
    return Outcome(
        f"{groups} of {tries} times into a group {dict(came)}; {none} times one whom only friends may add "
        f"{dict(refused)}",
        right=0 < groups <= _MOST and none == 0 and refused.keys() == {403},
    )


ATTACK = Attack(
    "being-added",
    "1,200 groups with somebody in them who was never asked, and who may forbid it",
    "about fifty at once and ten an hour come through; whoever wants friends alone is in none",
    attack,
)
