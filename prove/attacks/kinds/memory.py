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
_PER_DEVICE = 20
_WITHIN = 8
"""So many halves of 1.9 MB are less than 16 MiB."""
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


async def halve(ground: Ground, owner: Person, count: int) -> tuple[list[Raw], int]:
    """So many sockets that bring most of a message and no end; how many of them were closed for it."""
    devices = [owner, *[await ground.log_in(owner.name) for _ in range((count - 1) // _PER_DEVICE)]]
    raws = [await devices[number // _PER_DEVICE].socket() for number in range(count)]
    ends = {asyncio.create_task(raw.end()) for raw in raws}
    for raw in raws:
        raw.write(_HALF)
    still = ends
    async with asyncio.timeout(60):
        while len(still) > _WITHIN:
            _, still = await asyncio.wait(still, return_when=asyncio.FIRST_COMPLETED)
    for task in still:
        task.cancel()
    return raws, count - len(still)


async def attack(ground: Ground) -> Outcome:
    """What the server's process holds must stay within the bounds of one account."""
    owner = await ground.person("owner")
    group = await fill(owner)
    before = ground.memory()
    readers, refused = await ask(ground, owner, group, max(60, ground.times(_READERS)))
    pages = ground.memory() - before
    for raw in readers:
        raw.cut()
    before = ground.memory()
    halves, closed = await halve(ground, owner, max(60, ground.times(_HALVES)))
    parts = ground.memory() - before
    for raw in halves:
        raw.cut()
    return Outcome(
        f"{len(readers)} pages of 4 MB asked for and not read: {pages >> 20} MB more, {refused} refused; "
        f"{len(halves)} half messages of 2 MB: {parts >> 20} MB more, {closed} closed",
        right=refused > 0 and pages < _PAGES and parts < _PARTS,
    )


ATTACK = Attack(
    "memory",
    "pages of 4 MB that nobody reads, and messages of 2 MB that never end",
    "what waits, and what is held of messages, is bounded by account",
    attack,
)
