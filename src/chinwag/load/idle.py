"""Many people who are there and say nothing: how fast they come, and what each costs while a heart beats."""

import asyncio
from collections.abc import Callable
from typing import Final

import msgspec

from chinwag.load.figures import Outcome, Stopwatch
from chinwag.load.peer import Faults, Login, Peer, beat_for_ever, connect

BEAT_SECONDS: Final = 5.0


class Idle(msgspec.Struct, frozen=True, tag="idle"):
    """Hold a session for each login, for `seconds` after the last has come."""

    url: str
    logins: tuple[Login, ...]
    seconds: float = 10.0


async def run(job: Idle, held: Callable[[], None]) -> Outcome:
    """Connect everybody, beat every `BEAT_SECONDS`, call `held` after `seconds` of that, and go."""
    faults = Faults()
    peers = [Peer(login, faults) for login in job.logins]
    early: list[Peer] = []  # those who have come: their hearts beat already
    watch = Stopwatch()
    beating = asyncio.create_task(beat_for_ever(early, BEAT_SECONDS))
    await connect(job.url, peers, early.append)
    seconds, share = watch.seconds, watch.share
    await asyncio.sleep(job.seconds)
    held()
    beating.cancel()
    for peer in peers:
        peer.end()
    return Outcome({"connects_s": round(len(peers) / seconds)}, round(share, 2), tuple(faults.first))
