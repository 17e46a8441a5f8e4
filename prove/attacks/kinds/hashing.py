"""Right log-ins of many accounts at once, so that the hashing of passwords has no place left for anybody else."""

import asyncio
from collections import Counter

from prove.attacks.attack import Attack, Outcome
from prove.attacks.ground import PASSWORD, Ground

_ACCOUNTS = 42
_LOG_INS = 7
"""Of each: fewer than the places of one name, so that it is the network's that they fill."""
_FEWEST = 12
"""Accounts in the short form: 12 x 7 log-ins are more than the places of one network, 42 x 7 more than there are."""
_OF_ONE_NAME = 12
_THEIRS = "203.0.113.7"
_NEIGHBOUR = "198.51.100."
_OTHERS = 8
_TRIES = 20
_BURSTS = 5
_IN, _FULL = "let in", "overloaded"


async def attack(ground: Ground) -> Outcome:
    """Meanwhile others log in from elsewhere, and the attackers sign up under a name that is taken."""

    async def show(path: str, name: str, address: str) -> str:
        for _ in range(_TRIES):
            answer = await ground.http.post(
                path, json={"name": name, "password": PASSWORD}, headers={"x-forwarded-for": address}
            )
            code = str(answer.json().get("code", _IN))
            if code != "unavailable":
                break
            # The machine is busy with something else: its database did not answer in time.
            await asyncio.sleep(float(answer.headers.get("retry-after", 1)))
        return code

    attackers = max(_FEWEST, ground.times(_ACCOUNTS))
    crowd = await asyncio.gather(*(ground.person("lever") for _ in range(attackers)))
    others = await asyncio.gather(*(ground.person("other") for _ in range(max(2, ground.times(_OTHERS)))))
    log_ins = [asyncio.create_task(show("/v1/sessions", one.name, _THEIRS)) for one in crowd for _ in range(_LOG_INS)]
    done, _ = await asyncio.wait(log_ins, return_when=asyncio.FIRST_COMPLETED)
    assert done
    name = crowd[0].name
    one_name: list[str] = []
    for _ in range(_BURSTS):  # on a busy machine they may come one after the other, and find room each
        one_name += await asyncio.gather(
            *(show("/v1/sessions", name, f"2001:db8:{number:x}::1") for number in range(1, _OF_ONE_NAME + 1))
        )
        if _FULL in one_name:
            break
    taken = asyncio.create_task(show("/v1/accounts", others[0].name, _THEIRS))
    elsewhere = await asyncio.gather(
        *(show("/v1/sessions", one.name, f"{_NEIGHBOUR}{number}") for number, one in enumerate(others))
    )
    came = Counter(await asyncio.gather(*log_ins))
    return Outcome(
        f"log-ins of {len(crowd)} accounts: {dict(came)}; to one from everywhere: {dict(Counter(one_name))}; "
        f"others meanwhile: {dict(Counter(elsewhere))}; "
        f"signing up under a name that is taken: {await taken}",
        right={_IN, _FULL} <= came.keys()
        and _FULL in one_name
        and _FULL not in elsewhere
        and _IN in elsewhere
        and await taken == "name_taken",
    )


ATTACK = Attack(
    "hashing",
    "42 accounts log in 7 times each, at once, with the right passwords",
    "one network has so many places before the hashing: others log in, and a taken name is told without a hash",
    attack,
    flags=("--server-trusted-proxies=127.0.0.1",),
    seconds=240.0,
)
