"""Somebody has a copy of the keys, and makes tokens and tickets that never expire, for any device."""

import json
import time
from collections.abc import Callable
from pathlib import Path

from chinwag.adapters.files.key_store import FileKeyStore
from chinwag.domain.ids import AccountId, DeviceId
from chinwag.flow.access.admission import Principal
from chinwag.flow.access.key_ring import KeyRing
from chinwag.flow.access.tickets import Tickets
from chinwag.flow.access.tokens import Tokens
from chinwag.ports.bus import NodeId
from prove.attacks.attack import Attack, Outcome
from prove.attacks.ground import Ground, Person
from prove.attacks.raw import Raw, frame

_YEARS = 100 * 365 * 86_400_000


def now_ms() -> int:
    """The thief's clock is right."""
    return time.time_ns() // 1_000_000


class Thief:
    """The keys as they were, and what can be made with them."""

    def __init__(self, folder: Path, victim: Person) -> None:
        self._ring = KeyRing(FileKeyStore(folder), now_ms(), lifetime_ms=_YEARS)
        self._account, self._device = AccountId(victim.account), DeviceId(victim.device)

    def token(self, clock: Callable[[], int] = now_ms) -> str:
        """An access token good for a hundred years; clock: says when it was made."""
        return Tokens(self._ring, clock).access(self._account, self._device)[0]

    def refresh(self) -> str:
        """A refresh token of the right form."""
        return Tokens(self._ring, now_ms).refresh(self._device)

    def ticket(self, node: str) -> str:
        """A ticket for a gateway."""
        principal = Principal(self._account, self._device, now_ms() + _YEARS)
        return Tickets(self._ring, now_ms, NodeId(node)).issue(principal, NodeId(node))[0]


async def hello(ground: Ground, ticket: str) -> str:
    """The type of what a socket with this ticket is told first."""
    raw = await Raw.socket(ground.url)
    raw.write(frame(json.dumps({"type": "hello", "ticket": ticket}).encode()))
    _, payload = await raw.frame()
    raw.cut()
    said = json.loads(payload)
    return str(said.get("code", said["type"]))


async def attack(ground: Ground) -> Outcome:
    """Before the keys are replaced, one's lifetime bounds what they make; afterwards nothing that they made is good."""
    await ground.end_chat()  # whoever is logged in will be logged out
    victim = await ground.person("victim")
    open_socket = await victim.socket()
    keys = ground.process.data / "keys"
    copy = ground.process.data.parent / "stolen"
    copy.mkdir(mode=0o700)
    for path in keys.iterdir():
        (copy / path.name).touch(mode=0o600)
        (copy / path.name).write_bytes(path.read_bytes())
    thief = Thief(copy, victim)
    gateways = (await victim.request("GET", "/v1/gateways")).json()
    node = gateways["gateways"][0]["ticket"].split(".")[3]

    async def me(token: str) -> int:
        return (await ground.http.get("/v1/me", headers={"authorization": f"Bearer {token}"})).status_code

    made = {hour: thief.token(lambda hour=hour: now_ms() + hour * 3_600_000) for hour in (-1, 0, 1)}  # type: ignore[misc]
    before = {hour: await me(token) for hour, token in made.items()}
    tickets = [thief.ticket(node) for _ in range(3)]
    first = await hello(ground, tickets[0])
    await ground.command("keys", "rotate", "--leaked")
    said = await open_socket.end()
    after = [await me(token) for token in (*made.values(), thief.token(), victim.token)]
    later = [await hello(ground, tickets[1]), await hello(ground, thief.ticket(node))]
    refreshed = await ground.http.post(
        "/v1/sessions/refresh", json={"refresh_token": thief.refresh(), "attempt": "a forged one"}
    )
    again = await ground.log_in(victim.name)
    audit = await ground.command("audit")
    return Outcome(
        f"tokens made an hour ago, now, in an hour: {list(before.values())}; after the replacing {after}, tickets "
        f"{later}, a refresh {refreshed.status_code}; the owner logs in anew: {await me(again.token)}",
        right=list(before.values()) == [401, 200, 401]
        and first == "welcome"
        and b"unauthenticated" in said
        and set(after) == {401}
        and set(later) == {"unauthenticated"}
        and refreshed.status_code == 401
        and await me(again.token) == 200
        and "keys.replace" in audit,
    )


ATTACK = Attack(
    "leaked-key",
    "tokens of a hundred years, tickets and refresh tokens made with a copy of the keys",
    "none is good for longer than a token's lifetime, and none at all after `keys rotate --leaked`",
    attack,
    alone=True,
)
