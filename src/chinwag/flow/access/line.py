"""The line before the hashing of passwords: how many may wait, of whom, and whose turn is next.

A hash costs a thread for tens of milliseconds, whether the password is right or wrong. So one network, or one name,
has a bounded share of the places; networks take turns, so that many from one of them make nobody else wait for more
than one; and those who were here before have places of their own, which strangers cannot take.
"""

import asyncio
from collections import Counter, OrderedDict, deque
from typing import Final

from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.claimant import Claimant

WAITING: Final = 256
"""Places for strangers; beyond, people would give up before their turn came."""
WAITING_KNOWN: Final = 64
"""Places besides, for known claimants."""
OF_NETWORK: Final = 64
"""Places of one network's strangers, and again of its known claimants; twice as many of the network around it."""
OF_NAME: Final = 8
"""Places of one name's strangers, and of each known claimant."""
AGAIN_SECONDS: Final = 2.0


class Turn:
    """A place in the line. `come` is done when it is its turn."""

    __slots__ = ("come", "keys", "known", "queue")

    def __init__(self, claimant: Claimant) -> None:
        self.come: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.known = bool(claimant.known)
        whose = "known" if self.known else "stranger"
        # What is counted, with its bound.
        self.keys = [(f"{whose} {network}", OF_NETWORK << width) for width, network in enumerate(claimant.networks)]
        if claimant.known or claimant.name:
            self.keys.append((f"name {claimant.known} {claimant.name}", OF_NAME))
        self.queue = f"{whose} {claimant.networks[-1] if claimant.networks else ''}"


class Line:
    """`threads` at work, and who waits for them."""

    def __init__(self, threads: int, waiting: int = WAITING) -> None:
        self._free = threads
        self._places = threads + waiting
        self._inside = Counter[bool]()
        self._counts = Counter[str]()
        self._queues: OrderedDict[str, deque[Turn]] = OrderedDict()

    def enter(self, claimant: Claimant) -> Turn:
        """Take a place. Raises `overloaded`. Every turn is left, once."""
        turn = Turn(claimant)
        if self._inside[turn.known] >= (WAITING_KNOWN if turn.known else self._places):
            raise Refused(Code.OVERLOADED, "too many people are logging in", AGAIN_SECONDS)
        if any(self._counts[key] >= most for key, most in turn.keys):
            raise Refused(Code.OVERLOADED, "too many log-ins from here or to this account wait", AGAIN_SECONDS)
        self._inside[turn.known] += 1
        self._counts.update(key for key, _ in turn.keys)
        if self._free:
            self._free -= 1
            turn.come.set_result(None)
        else:
            self._queues.setdefault(turn.queue, deque()).append(turn)
        return turn

    def leave(self, turn: Turn) -> None:
        """Give the place back, whether its turn had come or not, and call the next."""
        self._inside[turn.known] -= 1
        for key, _ in turn.keys:
            self._counts[key] -= 1
            if not self._counts[key]:
                del self._counts[key]
        if turn.come.done() and not turn.come.cancelled():
            self._free += 1
            self._call_next()
        else:
            self._give_up(turn)

    def _call_next(self) -> None:
        while self._queues:
            name, queue = self._queues.popitem(last=False)
            turn = queue.popleft()
            if queue:
                self._queues[name] = queue  # and behind all others
            if not turn.come.done():
                self._free -= 1
                turn.come.set_result(None)
                return

    def _give_up(self, turn: Turn) -> None:
        queue = self._queues.get(turn.queue)
        if queue is not None and turn in queue:
            queue.remove(turn)
            if not queue:
                del self._queues[turn.queue]
