"""Pushes a second of one server, the processor time of each, and how long after the `ack` they arrive.

    python -m bench.pushes [--people 300] [--messages 5] [--data FOLDER]

One person writes to a group of so many, each with a browser that is not connected: every message is one push to each.
The browsers are a receiver on this machine, which opens each payload and checks its signature, in this process; the
server is one of its own, all roles in it. Ends by itself, after `MOST_SECONDS` at the latest. A message's pushes begin
a second after it, which is the server's way to make one push of a burst.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from typing import Final

import httpx2
from bench.data import Person, logins, make_people, opened
from bench.used import spent
from prove.process import ServerProcess
from tests.support.push_receiver import PushReceiver, Subscription, push_receiver

from chinwag.domain.push import BURST_MS
from chinwag.load.peer import Login

MOST_SECONDS: Final = 600.0
AT_ONCE: Final = 8
"""Subscriptions that are made at once."""
SETTINGS: Final = {
    "CHINWAG_PUSH_CONTACT": "mailto:bench@example.org",
    "CHINWAG_PUSH_HOSTS": "127.0.0.1",
    "CHINWAG_PUSH_ALLOW_THIS_MACHINE": "true",
}


async def written(data: Path, count: int) -> tuple[str, list[Person]]:
    """A data folder with so many people and one more, all in one group."""
    people = await make_people(data, count + 1)
    async with opened(data) as book:
        group = await book.group(people)
    return group.id, people


async def subscribed(client: httpx2.AsyncClient, receiver: PushReceiver, members: list[Login]) -> list[Subscription]:
    """A browser for each."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(member: Login) -> Subscription:
        headers = {"authorization": f"Bearer {member.token}"}
        async with gate:
            key = (await client.get("/v1/push", headers=headers)).json()["web"]["key"]
            browser = receiver.subscribe(key)
            answer = await client.put("/v1/push/subscription", headers=headers, json=browser.body)
            assert answer.status_code == 200, answer.text
        return browser

    return await asyncio.gather(*(one(member) for member in members))


async def main(asked: argparse.Namespace) -> None:
    """Measure, and print."""
    with tempfile.TemporaryDirectory(dir=asked.data) as folder:
        data = Path(folder) / "data"
        group, people = await written(data, asked.people)
        writer, *members = logins(data, people)
        process = ServerProcess(data, environment=SETTINGS)
        async with push_receiver() as receiver:
            await process.start()
            try:
                async with httpx2.AsyncClient(base_url=process.url, timeout=60.0) as client:
                    browsers = await subscribed(client, receiver, members)
                    told(await measured(client, receiver, browsers, process.pid, group, writer, asked.messages))
            finally:
                process.end()


async def measured(
    client: httpx2.AsyncClient,
    receiver: PushReceiver,
    browsers: list[Subscription],
    process: int,
    group: str,
    writer: Login,
    messages: int,
) -> list[tuple[float, float, list[float]]]:
    """For each message pushes a second, microseconds of the server for each, and seconds from the ack."""
    found = []
    for number in range(messages + 1):
        before = spent(process)
        answer = await client.post(
            f"/v1/conversations/{group}/messages",
            headers={"authorization": f"Bearer {writer.token}", "idempotency-key": f"bench-{number}"},
            json={"body": {"type": "text", "text": f"message {number} of the bench, of usual length for one"}},
        )
        assert answer.is_success, answer.text
        acked = time.monotonic()
        for browser in browsers:
            await receiver.until(browser, number + 1, MOST_SECONDS)
        at = sorted(browser.pushed[number].at for browser in browsers)
        used = spent(process) - before
        if number:  # the first only warms up
            rate = (len(at) - 1) / (at[-1] - at[0])
            found.append((rate, used * 1e6 / len(at), [one - acked for one in at]))
    return found


def told(found: list[tuple[float, float, list[float]]]) -> None:
    """Print what was found: medians over the messages."""
    rates, costs = [one[0] for one in found], [one[1] for one in found]
    late = sorted(second for one in found for second in one[2])
    print(f"{statistics.median(rates):.0f} pushes a second ({min(rates):.0f} to {max(rates):.0f})")
    print(f"{statistics.median(costs):.0f} us of the server's processor time for each, all roles together")
    print(
        f"from ack to push, {BURST_MS} ms of it waited: first {late[0]:.2f} s, "
        f"median {late[len(late) // 2]:.2f} s, last {late[-1]:.2f} s"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=300)
    parser.add_argument("--messages", type=int, default=5)
    parser.add_argument("--data", type=Path, default=None, help="where the folder of the run is made")
    asyncio.run(asyncio.wait_for(main(parser.parse_args()), MOST_SECONDS))
