"""Wrong passwords for one name from many networks, so that its owner is kept out with the right one."""

import asyncio
from collections import Counter

from prove.attacks.attack import Attack, Outcome
from prove.attacks.ground import PASSWORD, Ground

_GUESSES = 100
_AT_ONCE = 8
_HOME = "2001:db8:1:1::1"


async def attack(ground: Ground) -> Outcome:
    """Guess until strangers are refused; the owner comes from home, and from elsewhere with an earlier token."""
    owner = await ground.person("owner")
    turns = asyncio.Semaphore(_AT_ONCE)

    async def show(password: str, address: str, **more: str) -> tuple[int, str]:
        async with turns:
            answer = await ground.http.post(
                "/v1/sessions",
                json={"name": owner.name, "password": password, **more},
                headers={"x-forwarded-for": address},
            )
        return answer.status_code, answer.json().get("refresh_token", "")

    came, token = await show(PASSWORD, _HOME)
    networks = [f"2001:db8:{n % 11:x}:{n:x}::1" for n in range(100, 100 + max(40, ground.times(_GUESSES)))]
    guessed = Counter(status for status, _ in await asyncio.gather(*(show("a wrong guess", one) for one in networks)))
    home, _ = await show(PASSWORD, "2001:db8:1:1::2")
    away, _ = await show(PASSWORD, "203.0.113.7", known_device=token)
    return Outcome(
        f"guesses: {dict(guessed)}; the owner: first {came}, from home {home}, from elsewhere with a token {away}",
        right=guessed.keys() == {401, 429} and (came, home, away) == (201, 201, 201),
    )


ATTACK = Attack(
    "lock-out",
    "guesses at one account's password from many networks",
    "strangers are refused after a while; the owner never, from a network or with a device that was in before",
    attack,
    flags=("--server-trusted-proxies=127.0.0.1", "--accounts-failed-logins-per-account=3"),
)
