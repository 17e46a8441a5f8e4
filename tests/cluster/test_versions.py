"""Two versions of Chinwag on one cluster, side by side, while people chat: the order of an update is delivery first."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
import pytest
from tests.support.clusters import Cluster
from tests.support.device import Device, texts
from tests.support.newer import newer_version
from tests.support.people import log_in_device, sign_up
from tests.support.places import Sockets
from tests.support.serving import PATIENCE, becomes, readiness, serving

from chinwag.domain.ids import ClientId
from chinwag.wire.frames import Ack, Error, Send
from chinwag.wire.values import Text

PEOPLE = ("--role", "gateway,api,presence,housekeeping")
DELIVERY = ("--role", "delivery")


class Chat:
    """Two people on one process each, who write to one another; all that was acked is awaited by both."""

    def __init__(self, anna: Device, berta: Device) -> None:
        self.anna, self.berta = anna, berta
        self.said: list[str] = []

    async def go_on(self, what: str, count: int = 5) -> None:
        """So many texts each way, each acked at the first try, and heard by both."""
        for number in range(count):
            for one, other in ((self.anna, self.berta), (self.berta, self.anna)):
                text = f"{what} {number} of {one.name}"
                answer = await one.ask(Send(ClientId(text.replace(" ", "-")), Text(text), to=other.account))
                assert isinstance(answer, Ack), (text, answer)
                self.said.append(text)
        for one in (self.anna, self.berta):
            await one.until(lambda one=one: len(texts(one)) >= len(self.said), "all texts")  # type: ignore[misc]
            assert texts(one) == self.said
            assert one.gaps == []

    async def end(self) -> None:
        """Both go."""
        for one in (self.anna, self.berta):
            await one.close()


async def owns_all(device: Device, to: Device, text: str) -> Ack:
    """Send the same until it is placed: a refusal meanwhile must be one that a retry helps."""
    async with asyncio.timeout(PATIENCE):
        while True:
            answer = await device.ask(Send(ClientId(text.replace(" ", "-")), Text(text), to=to.account))
            if isinstance(answer, Ack):
                return answer
            assert (answer.code, answer.retryable) == ("unavailable", True), answer
            device.answers.clear()


async def two_people(place: Sockets) -> tuple[Device, Device]:
    """Anna and Berta, who are new, each with a device that is online."""
    devices = []
    for name in ("anna", "berta"):
        await sign_up(place, name)
        devices.append(await log_in_device(place, name))
        await devices[-1].connect()
    anna, berta = devices
    return anna, berta


async def test_delivery_first_people_of_both_versions_chat_and_nothing_is_refused(
    cluster: Cluster, tmp_path: Path
) -> None:
    await cluster.init()
    newer = newer_version(tmp_path / "newer")
    async with AsyncExitStack() as stack:
        old_delivery = await stack.enter_async_context(serving(cluster, "old-delivery", *DELIVERY))
        old_people = await stack.enter_async_context(serving(cluster, "old-people", *PEOPLE))
        before = Sockets(old_people)
        chat = Chat(*await two_people(before))
        await chat.go_on("old alone")
        # the newer delivery comes, both own partitions; then the older one leaves
        new_delivery = await stack.enter_async_context(serving(cluster, "new-delivery", *DELIVERY, environment=newer))
        await chat.go_on("two deliveries")
        assert await old_delivery.stop() == 0
        await chat.go_on("new delivery")
        # the rest follows: people of both versions write to one another
        new_people = await stack.enter_async_context(serving(cluster, "new-people", *PEOPLE, environment=newer))
        after = Sockets(new_people)
        await chat.berta.close()
        chat.berta = moved(chat.berta, after)
        await chat.berta.connect()
        await chat.go_on("both")
        # the older one takes its leave, and its people come to the newer
        assert await old_people.stop() == 0
        await chat.anna.close()
        chat.anna = moved(chat.anna, after)
        await chat.anna.connect()
        await chat.go_on("new alone")
        assert not any("Traceback" in one.log() for one in (old_delivery, old_people, new_delivery, new_people))
        await chat.end()
        await before.close()
        await after.close()


def moved(device: Device, place: Sockets) -> Device:
    """The same device, which connects elsewhere from now on."""
    device.place = place
    return device


@pytest.mark.cluster_prove
async def test_delivery_last_the_older_gives_its_partitions_up_and_all_goes_on_once_it_is_updated(
    cluster: Cluster, tmp_path: Path
) -> None:
    await cluster.init()
    newer = newer_version(tmp_path / "newer")
    async with AsyncExitStack() as stack:
        old_delivery = await stack.enter_async_context(serving(cluster, "old-delivery", *DELIVERY))
        people = await stack.enter_async_context(serving(cluster, "new-people", *PEOPLE, environment=newer))
        place = Sockets(people)
        anna, berta = await two_people(place)
        answer = await anna.ask(Send(ClientId("early"), Text("early"), to=berta.account))
        assert isinstance(answer, Error), "no older version decides by rules that it does not know"
        assert (answer.code, answer.retryable) == ("unavailable", True)
        anna.answers.clear()
        await becomes(old_delivery, False)
        _, words = await readiness(old_delivery)
        assert "versions" in [one["name"] for one in words["checks"] if not one["passed"]]
        await stack.enter_async_context(serving(cluster, "new-delivery", *DELIVERY, environment=newer))
        await owns_all(anna, berta, "early")
        await berta.until(lambda: "early" in texts(berta), "the text")
        assert texts(berta) == ["early"]
        for device in (anna, berta):
            await device.close()
        await place.close()


@pytest.mark.cluster_prove
@pytest.mark.parametrize(
    ("table", "column"),
    [("messages.life", "version"), ("registry.version", "number"), ("cluster.identity", "version")],
)
async def test_tables_of_a_newer_version_serve_those_who_are_there_and_refuse_an_older_one_that_starts(
    cluster: Cluster, table: str, column: str
) -> None:
    await cluster.init()
    async with serving(cluster, "old") as old:
        place = Sockets(old)
        chat = Chat(*await two_people(place))
        await chat.go_on("before", 1)
        connection = await asyncpg.connect(cluster.database)
        await connection.execute(f"UPDATE {table} SET {column} = {column} + 1")
        await connection.close()
        await chat.go_on("after")
        for command in (("serve",), ("cluster", "init")):
            told = await cluster.run(*command)
            assert told.returncode == 1
            last = told.stderr.decode().splitlines()[-1]
            assert last.startswith("chinwag: ")
            assert "use the version that made them, or a newer one" in last
            assert "Traceback" not in told.stderr.decode()
        await chat.go_on("still", 1)
        await chat.end()
        await place.close()
