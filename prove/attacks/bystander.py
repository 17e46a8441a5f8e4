"""Two people who chat while somebody attacks their server, in a process of their own: the attack must not slow them.

`python -m prove.attacks.bystander URL` says `ready` when they are there, chats until its input ends, and then says what
they felt, as JSON.
"""

import asyncio
import contextlib
import json
import secrets
import statistics
import sys
import time
from typing import Final

from chinwag.client import Client
from chinwag.wire.values import Message, Text
from prove.attacks.felt import Felt

PACE: Final = 0.1
"""Seconds between two messages: below every budget."""
_AT_LEAST: Final = 10
_PATIENCE: Final = 60.0
_COMMAND: Final = (sys.executable, "-m", "prove.attacks.bystander")


class Bystander:
    """The other process, from here."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def begin(cls, url: str) -> "Bystander":
        """Start it; they chat when this returns."""
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*_COMMAND, url, stdin=pipe, stdout=pipe)
        made = cls(process)
        try:
            async with asyncio.timeout(_PATIENCE):
                assert await made._line() == b"ready\n"
        except BaseException:
            await made.end()
            raise
        return made

    async def felt(self) -> Felt:
        """Let them finish; what they felt."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        async with asyncio.timeout(2 * _PATIENCE):
            return Felt(**json.loads(await self._line()))

    async def end(self) -> None:
        """Leave no process behind."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()

    async def _line(self) -> bytes:
        assert self._process.stdout is not None
        return await self._process.stdout.readline()


async def chat(url: str) -> None:
    """Sign up two, chat until the input ends, tell."""
    password = secrets.token_urlsafe(12)
    names = [f"by-{secrets.token_hex(4)}" for _ in range(2)]
    sent: dict[str, float] = {}
    took: list[float] = []
    one_came = asyncio.Event()
    async with (
        await Client.sign_up(url, names[0], password) as talker,
        await Client.sign_up(url, names[1], password) as listener,
    ):

        async def listen() -> None:
            async for event in listener.events():
                if isinstance(event, Message) and isinstance(event.body, Text) and event.body.text in sent:
                    took.append((time.monotonic() - sent[event.body.text]) * 1e3)
                    one_came.set()

        async def all_came() -> None:
            while len(took) < len(sent):
                one_came.clear()
                await one_came.wait()

        listening = asyncio.create_task(listen())
        stop = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
        print("ready", flush=True)
        while not stop.done() or len(sent) < _AT_LEAST:
            text = f"message {len(sent)}"
            sent[text] = time.monotonic()
            await talker.room()
            talker.post(text, to=listener.account)
            await asyncio.sleep(PACE)  # a pace below the budget, not a wait for anything
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                await all_came()
        listening.cancel()
    ordered = sorted(took) or [0.0]
    p99 = ordered[min(len(ordered) - 1, round(len(ordered) * 0.99))]
    felt = Felt(len(sent), len(sent) - len(took), statistics.median(ordered), p99, ordered[-1])
    print(json.dumps({name: getattr(felt, name) for name in felt.__struct_fields__}), flush=True)


if __name__ == "__main__":
    asyncio.run(chat(sys.argv[1]))
