"""Memory for what nobody reads, or never ends: pages of 4 MB, events to sockets that do not read, half frames."""

import asyncio

from prove.attacks.attack import Attack, Outcome
from prove.attacks.ground import Ground, Person
from prove.attacks.raw import Raw, frame, request

_READERS = 150
_HALVES = 80
_MESSAGES = 11
_TEXT = "\N{GRINNING FACE}" * 99_000
"""Of the longest ones: 396 KB, so that eleven fill a page."""
_WHY = b"too much of messages that are not whole"
_PER_DEVICE = 20
_WITHIN = 8
"""So many halves of 1.9 MB are less than 16 MiB."""
_TOO_MUCH = b"\x88" + bytes((2 + len(_WHY),)) + (1013).to_bytes(2, "big") + _WHY
_HALF = frame(b"x" * 1_900_000, claims=2_000_000)
_PAGES = 150 << 20
"""What pages may add: 8 MiB are kept for an account, four are made at a time, and reading them takes some. Sixty pages
that are all kept are 260 MB."""
_PARTS = 70 << 20
"""What halves may add: 16 MiB for an account, and 64 KiB of each beyond. Sixty of them are 114 MB."""


async def fill(owner: Person) -> str:
    """A group whose latest page is 4 MB long."""
    made = await owner.request("POST", "/v1/conversations", json={"title": "Long", "members": []})
    group = str(made.json()["conversation"])
    for _ in range(_MESSAGES):
        said = {"body": {"type": "text", "text": _TEXT}}
        assert (await owner.request("POST", f"/v1/conversations/{group}/messages", json=said)).status_code == 201
    return group


async def ask(ground: Ground, owner: Person, group: str, count: int) -> tuple[list[Raw], int]:
    """So many ask for that page at once, and read the first line of the answer; the number of those refused."""
    raws = [await Raw.open(ground.url, small=True) for _ in range(count)]
    path = f"/v1/conversations/{group}/messages?limit=200"
    for raw in raws:
        raw.write(request("GET", path, f"Authorization: Bearer {owner.token}"))
    async with asyncio.timeout(30):
        firsts = await asyncio.gather(*(raw.reader.readuntil(b"\r\n") for raw in raws))
    return raws, sum(b" 429 " in first for first in firsts)


async def idle(devices: list[Person]) -> list[Raw]:
    """As many sockets as these devices may have, which say nothing."""
    return [await device.socket() for device in devices for _ in range(_PER_DEVICE)]


async def halve(raws: list[Raw]) -> int:
    """Each brings most of a message and no end; how many of them were closed for it."""
    ends = [asyncio.create_task(raw.end()) for raw in raws]
    for raw in raws:
        raw.write(_HALF)
    closed = 0
    for ending in asyncio.as_completed(ends):
        closed += _TOO_MUCH in await ending
        if len(raws) - closed <= _WITHIN:
            break
    for task in ends:
        task.cancel()
    return closed


async def attack(ground: Ground) -> Outcome:
    """What the server's process holds must stay within the bounds of one account."""
    owner = await ground.person("owner")
    group = await fill(owner)
    before = ground.memory()
    readers, refused = await ask(ground, owner, group, max(60, ground.times(_READERS)))
    pages = ground.memory() - before
    for raw in readers:
        raw.cut()
    devices = [
        owner,
        *[await ground.log_in(owner.name) for _ in range(max(2, ground.times(_HALVES // _PER_DEVICE - 1)))],
    ]
    before = ground.memory()
    sockets = await idle(devices)
    silent = ground.memory() - before
    closed = await halve(sockets)
    parts = ground.memory() - before - silent
    for raw in sockets:
        raw.cut()
    return Outcome(
        f"{len(readers)} pages of 4 MB asked for and not read: {pages >> 20} MB more, {refused} refused; "
        f"{len(sockets)} idle sockets: {silent >> 10} KB more; "
        f"as many half messages of 2 MB: {parts >> 20} MB more, {closed} closed",
        right=refused > 0 and pages < _PAGES and parts < _PARTS and len(sockets) - closed <= _WITHIN,
    )


ATTACK = Attack(
    "memory",
    "pages of 4 MB that nobody reads, and messages of 2 MB that never end",
    "what waits, and what is held of messages, is bounded by account",
    attack,
)
