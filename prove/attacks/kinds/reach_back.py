"""Whoever gets rights in a group turns its history open, goes and comes again: by a link, by joining, as its heir."""

from typing import Any

from prove.attacks.attack import Attack, Outcome
from prove.attacks.ground import Ground, Person

_SAID = "before you came"


async def change(person: Person, group: str, key: str, wanted: dict[str, Any]) -> int:
    """Change the group; the status of the answer."""
    answer = await person.request(
        "POST", f"/v1/conversations/{group}/changes", json={"change": wanted}, headers={"idempotency-key": key}
    )
    return answer.status_code


def settings(history: str, join: str = "closed") -> dict[str, Any]:
    """The change to these settings."""
    return {"type": "settings", "settings": {"history": history, "join": join}}


async def attack(ground: Ground) -> Outcome:
    """What was said before they came stays unread, whichever way they go."""
    owner, admin, stranger = [await ground.person(name) for name in ("owner", "admin", "stranger")]
    made = await owner.request(
        "POST", "/v1/conversations", json={"title": "Old", "members": [], "settings": {"history": "joined"}}
    )
    group = made.json()["conversation"]
    for number in range(5):
        said = {"body": {"type": "text", "text": f"{_SAID} {number}"}}
        await owner.request("POST", f"/v1/conversations/{group}/messages", json=said)
    done = [
        await change(owner, group, "1", {"type": "add", "account": admin.account}),
        await change(owner, group, "2", {"type": "role", "account": admin.account, "role": "admin"}),
        await change(admin, group, "3", settings("all", "open")),
        await change(admin, group, "4", {"type": "leave"}),
        await change(admin, group, "5", {"type": "join"}),
    ]
    link = await owner.request("POST", f"/v1/conversations/{group}/links", json={})
    code = link.json().get("code", "")
    done += [
        (await stranger.request("POST", f"/v1/links/{code}", json={})).status_code,
        await change(owner, group, "6", {"type": "leave"}),
        await change(stranger, group, "7", settings("joined", "open")),
        await change(admin, group, "8", settings("all", "open")),
        await change(stranger, group, "9", {"type": "leave"}),
        await change(stranger, group, "10", {"type": "join"}),
    ]
    read = []
    for one in (admin, stranger):
        answer = await one.request("GET", f"/v1/conversations/{group}/messages?limit=200")
        read += [event for event in answer.json().get("events", []) if _SAID in str(event)]
    await change(admin, group, "11", {"type": "leave"})
    await change(stranger, group, "12", {"type": "leave"})
    again = [
        await change(stranger, group, "13", {"type": "join"}),
        (await stranger.request("POST", f"/v1/links/{code}", json={})).status_code,
    ]
    return Outcome(
        f"{len(read)} old messages read; after the last member left: {again} (on the way: {done})",
        right=not read and all(status >= 400 for status in again) and done[:5] == [201] * 5,
    )


ATTACK = Attack(
    "reach-back",
    "an admin, an heir and a guest by link open the history of a group, leave and join again",
    "they read from where it was opened or they came; with its last member a group is closed",
    attack,
)
