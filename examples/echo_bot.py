"""A bot that says everything again: `python examples/echo_bot.py http://127.0.0.1:8420 echo "a password"`."""

import asyncio
import sys
from pathlib import Path

from chinwag.client import ApiError, Client
from chinwag.wire.values import Message, Text


async def echo(url: str, name: str, password: str, store: Path) -> None:
    """Answer every text with its own body, once, for ever; `store` is the bot's memory."""
    try:
        client = Client.resume(store)  # the device of last time: it missed nothing since
    except FileNotFoundError:
        client = await Client.log_in(url, name, password, store=store)
    async with client:
        async for event in client.events():
            if isinstance(event, Message) and isinstance(event.body, Text) and event.sender != client.account:
                # An id made of what is answered: should the event come twice after a crash, the answer does not.
                answer_to = f"echo {event.conversation} {event.number}"
                try:
                    await client.send(event.body, conversation=event.conversation, reply_to=event.number, id=answer_to)
                except ApiError as refused:
                    print(f"not echoed: {refused}")  # removed from the group, for example


if __name__ == "__main__":
    asyncio.run(echo(sys.argv[1], sys.argv[2], sys.argv[3], Path("echo_bot.state")))
