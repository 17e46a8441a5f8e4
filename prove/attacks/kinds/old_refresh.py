"""Refresh tokens and their attempts, shown again when they have long expired, and with the clock put back."""

from prove.attacks.attack import Attack, Outcome
from prove.attacks.ground import PASSWORD, Ground

_DAY = 86_400.0
_ATTEMPT = "the very same"


async def attack(ground: Ground) -> Outcome:
    """Every branch of a refresh is asked: the newest token, the one before with its attempt, and with another."""
    await ground.end_chat()  # its tokens expire with all others
    victim = await ground.person("victim")

    async def log_in() -> str:
        answer = await ground.http.post("/v1/sessions", json={"name": victim.name, "password": PASSWORD})
        return str(answer.json()["refresh_token"])

    async def refresh(token: str, attempt: str = _ATTEMPT) -> tuple[int, str]:
        answer = await ground.http.post("/v1/sessions/refresh", json={"refresh_token": token, "attempt": attempt})
        return answer.status_code, answer.json().get("refresh_token", answer.json().get("code", ""))

    tokens = [await log_in() for _ in range(4)]
    fresh = [await refresh(token) for token in tokens]
    lost = await refresh(tokens[0])  # the answer was lost: the same again
    within = (lost == fresh[0], *(status for status, _ in fresh))
    newest = [token for _, token in fresh]
    old = []
    for days in (91.0, 365.0, 3650.0):
        ground.move_clock(days * _DAY)
        old += [await refresh(tokens[0]), await refresh(newest[1]), await refresh(tokens[2], "another one")]
        old += [await refresh(newest[2])]
    ground.move_clock(-3650 * _DAY)  # years before they were made
    back = [await refresh(tokens[3]), await refresh(newest[3])]
    me = await ground.http.get("/v1/me", headers={"authorization": f"Bearer {victim.token}"})
    ground.move_clock(0.0)
    taken = [status for status, _ in old if status != 401]
    return Outcome(
        f"in time {within}; {len(taken)} of {len(old)} taken after years; with the clock put back: "
        f"refresh {[status for status, _ in back]}, an access token from the future {me.status_code}",
        right=within == (True, 200, 200, 200, 200) and not taken and me.status_code == 401,
    )


ATTACK = Attack(
    "old-refresh",
    "refresh tokens and their attempts, 91 days to ten years later, and with the clock put back",
    "an expired one is refused on every branch, and an access token from the future too",
    attack,
    alone=True,
)
