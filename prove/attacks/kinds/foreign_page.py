"""What a page of another site can make its visitor's browser send: simple posts, which need nobody's leave."""

import json

from prove.attacks.attack import Attack, Outcome
from prove.attacks.ground import PASSWORD, Ground

_FOREIGN = {"origin": "https://evil.example"}


async def attack(ground: Ground) -> Outcome:
    """Each must be refused."""
    body = {"name": "visitor", "password": PASSWORD}
    codes = []
    for number, kind in enumerate(("text/plain", "application/x-www-form-urlencoded", "application/json")):
        text = json.dumps({"name": f"visitor-{number}", "password": PASSWORD})
        answer = await ground.http.post("/v1/accounts", content=text, headers={"content-type": kind, **_FOREIGN})
        codes.append(answer.status_code)
        answer = await ground.http.post(
            "/v1/accounts", content=text, headers={"content-type": kind} if number < 2 else _FOREIGN
        )
        codes.append(answer.status_code)
    taken = [code for code in codes if code < 400]
    own = await ground.http.post("/v1/accounts", json=body)
    return Outcome(f"answered {codes}; its own page {own.status_code}", right=not taken and own.status_code == 201)


ATTACK = Attack(
    "foreign-page",
    "POST /v1/accounts as text/plain, as a form, and from a foreign Origin",
    "JSON only, and an Origin is looked at as for sockets",
    attack,
)
