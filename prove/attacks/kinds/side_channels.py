"""What somebody does in private is looked for in what others are shown: versions, marks, presence, receipts."""

import asyncio
from typing import Any

from prove.attacks.attack import Attack, Outcome
from prove.attacks.ground import Ground, Person

_LOOKS = 400


async def seen(watcher: Person, of: str, direct: str, number: int) -> list[Any]:
    """All that shows of somebody to somebody else."""
    shown = []
    for path in (
        f"/v1/users/{of}",
        f"/v1/users?id={of}",
        f"/v1/presence?account={of}",
        f"/v1/conversations/{direct}/messages/{number}/receipts",
        f"/v1/conversations/{direct}",
    ):
        answer = (await watcher.request("GET", path)).json()
        members = answer.get("members")
        shown.append(answer if members is None else [one for one in members if one["account"] == of])
    return shown


async def refused(writer: Person, direct: str) -> None:
    """Wait until the conversation knows of the block. What is tried is never placed: it answers what is not there."""
    impossible = {"body": {"type": "text", "text": "?"}, "reply_to": 1_000_000}
    for _ in range(_LOOKS):
        answer = await writer.request("POST", f"/v1/conversations/{direct}/messages", json=impossible)
        if answer.json()["code"] == "recipient_refuses":
            return
        await asyncio.sleep(0.05)  # a block is known within a second, and nothing tells of it: that is the point
    raise AssertionError("the block never came into force")


async def attack(ground: Ground) -> Outcome:
    """The victim blocks, reads, changes its settings and devices; the watcher must see nothing of it."""
    victim, watcher = await ground.person("victim"), await ground.person("watcher")
    low, high = sorted((victim.account, watcher.account))
    direct = f"d~{low}~{high}"
    for text in ("one", "two"):
        said = {"body": {"type": "text", "text": text}}
        sent = await watcher.request("POST", f"/v1/conversations/{direct}/messages", json=said)
        assert sent.status_code == 201, sent.text
    number = sent.json()["number"]
    await victim.request("PUT", f"/v1/blocks/{watcher.account}")
    await refused(watcher, direct)
    before = await seen(watcher, victim.account, direct, number)
    later = await ground.log_in(victim.name)
    acts = [
        await victim.request("PATCH", "/v1/me/settings", json={"direct_from": "friends"}),
        await victim.request("POST", f"/v1/conversations/{direct}/read", json={"number": number}),
        await victim.request("DELETE", f"/v1/devices/{later.device}"),
        await victim.request("POST", "/v1/conversations", json={"title": "Tea", "members": []}),
        await victim.request("POST", "/v1/heartbeat"),
    ]
    # The victim's own view says when its mark has been applied: from then on it could show.
    for _ in range(_LOOKS):
        own = (await victim.request("GET", f"/v1/conversations/{direct}")).json()
        if own["read"] >= number:
            break
        await asyncio.sleep(0.05)
    after = await seen(watcher, victim.account, direct, number)
    done = [answer.status_code for answer in acts]
    changed = [index for index, pair in enumerate(zip(before, after, strict=True)) if pair[0] != pair[1]]
    return Outcome(
        f"{len(changed)} of {len(after)} looks showed something (the victim's acts: {done}, its mark {own['read']})",
        right=not changed and own["read"] == number and max(done) < 300,
    )


ATTACK = Attack(
    "side-channels",
    "who was blocked looks whether the other reads, comes, blocks or changes anything in private",
    "no version, mark, receipt or presence tells of it",
    attack,
)
