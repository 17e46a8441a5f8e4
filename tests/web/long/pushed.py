"""Measure the way of a push: from the server's answer to a message until a browser whose app is closed shows it.

python -m tests.web.long.pushed [--messages 1000] [--senders 20] [--seconds 1800]

The server's own Web Push sends it to a push service of ours on loopback, which opens it with the browser's keys; the
browser's own protocol hands it over, and the app's service worker shows it. What the service of a browser's maker takes
comes on top, and is nobody's to measure here. Nothing is judged.
"""

import argparse
import asyncio
import contextlib
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

from playwright.async_api import expect
from prove.process import ServerProcess
from tests.support.people import PASSWORD
from tests.support.push_receiver import PushReceiver, Subscription, push_receiver
from tests.web.app.conftest import ROOT
from tests.web.app.visitor import visitor_in
from tests.web.browsers import chromium
from tests.web.push_browser import HandedOut, subscribed_at
from tests.web.pushes import WHO, Pushes

from chinwag.client import Client
from chinwag.wire.values import AccountId

LONGEST: Final = 1_800.0
"""Seconds after which it ends, and tells of what was shown till then."""
PUSHING: Final = (
    *("--push-contact", "mailto:staff@example.org"),
    *("--push-hosts", "*"),
    *("--push-allow-this-machine", "true"),
)
TOLD: Final = """() => {
  self.shownAt = [];
  const show = self.registration.showNotification.bind(self.registration);
  self.registration.showNotification = async (title, options) => {
    await show(title, options);
    self.shownAt.push([options.data.conversation, options.data.number, Date.now()]);
  };
}"""

Key = tuple[str, int]


class Times:
    """When what happened to each message, in seconds since 1970."""

    def __init__(self) -> None:
        self.acked: dict[Key, float] = {}
        self.pushed: dict[Key, float] = {}
        self.shown: dict[Key, float] = {}

    def rows(self) -> list[tuple[str, float, float, float]]:
        """Each part of the way: p50, p99 and the longest, in milliseconds."""
        parts: Sequence[tuple[str, Mapping[Key, float], Mapping[Key, float]]] = (
            ("answer to the sender -> push service", self.acked, self.pushed),
            ("push service -> notification", self.pushed, self.shown),
            ("answer to the sender -> notification", self.acked, self.shown),
        )
        found = []
        for name, first, last in parts:
            times = sorted(1000 * (last[key] - first[key]) for key in first.keys() & last.keys())
            cuts = statistics.quantiles(times, n=100, method="inclusive")
            found.append((name, cuts[49], cuts[98], times[-1]))
        return found


async def _hand_over(receiver: PushReceiver, browser: Subscription, pushes: Pushes, times: Times) -> None:
    """Hand each push over as it arrives, until cancelled."""
    shift = time.time() - time.monotonic()
    done = 0
    while True:
        arrived = list(await receiver.until(browser, done + 1, LONGEST))
        for one in arrived[done:]:
            times.pushed[one.payload["conversation"], one.payload["number"]] = one.at + shift
            await pushes.hand_over(json.dumps(one.payload))
        done = len(arrived)


async def _rounds(senders: Sequence[Client], to: AccountId, rounds: int, pushes: Pushes, times: Times) -> None:
    """In each round every sender says one thing, and all of it is shown before the next."""

    async def say(client: Client, number: int) -> None:
        placed = await client.send(f"message {number}", to=to)
        times.acked[placed.conversation, placed.number] = time.time()

    for one in range(rounds):
        await asyncio.gather(*(say(client, one) for client in senders))
        while len(times.shown) < len(times.acked):
            for conversation, number, at in await pushes.worker.evaluate("() => self.shownAt.splice(0)"):
                times.shown[conversation, number] = at / 1000
            await asyncio.sleep(0.02)


async def measure(folder: Path, messages: int, senders: int, times: Times) -> None:
    """All of it, on a server of its own in `folder`; what is known when it is cancelled stands in `times`."""
    command = (sys.executable, "-m", "tests.support.quick_server")
    server = ServerProcess(folder / "data", *PUSHING, command=command, cwd=ROOT)
    await server.start()
    try:
        async with AsyncExitStack() as stack:
            receiver = await stack.enter_async_context(push_receiver())
            browser = await stack.enter_async_context(chromium())
            context = await browser.new_context(permissions=["notifications"], locale="en-GB")
            handed: HandedOut = await subscribed_at(context, receiver)
            anna = await visitor_in(context, [], lambda: server.url)
            await anna.sign_up("anna", "Anna")
            await anna.page.evaluate("async () => { await navigator.serviceWorker.ready; }")
            await anna.visit("/settings")
            await anna.page.get_by_role("button", name="Tell me here as well").click()
            await expect(anna.page.get_by_text("On for this browser.")).to_be_visible()
            account = AccountId(await anna.page.evaluate(WHO))
            pushes = await Pushes.to(anna.page)
            await pushes.worker.evaluate(TOLD)
            await anna.page.close()
            clients = [
                await stack.enter_async_context(await Client.sign_up(server.url, f"sender{number}", PASSWORD))
                for number in range(senders)
            ]
            handing = asyncio.create_task(_hand_over(receiver, handed.now, pushes, times))
            try:
                await _rounds(clients, account, messages // senders, pushes, times)
            finally:
                handing.cancel()
    finally:
        server.end()


def table(times: Times) -> str:
    """As Markdown."""
    head = [
        f"{len(times.shown)} of {len(times.acked)} messages, each pushed alone",
        "",
        "| | p50 | p99 | longest |",
        "|---|---|---|---|",
    ]
    return "\n".join([*head, *(f"| {name} | {a:.0f} ms | {b:.0f} ms | {c:.0f} ms |" for name, a, b, c in times.rows())])


async def _main(options: Any) -> None:
    times = Times()
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(TimeoutError):
        async with asyncio.timeout(options.seconds):
            await measure(Path(folder), options.messages, options.senders, times)
    print(table(times), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=1_000)
    parser.add_argument("--senders", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=LONGEST)
    asyncio.run(_main(parser.parse_args()))
