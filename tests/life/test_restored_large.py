"""A backup is brought back under who had a large group open: what is held beyond the group's end is dropped."""

import asyncio
import socket
from pathlib import Path

import pytest
from prove.process import ServerProcess
from tests.client.test_large_groups import same_as_loaded
from tests.life.commands import chinwag
from tests.support.quick_server import COMMAND
from tests.support.reader import Reader

from chinwag.client import Client, FeedBegan, LoadAfresh, open_large
from chinwag.wire.values import ConversationId, GroupSettings, Message, Text

FLAGS = ("--limits-large-group-members", "100", "--limits-wide-above", "2", "--limits-large-above", "2")
PASSWORD = "correct horse battery"


def free_port() -> int:
    """One that nothing listens on now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


async def say(client: Client, group: ConversationId, *texts: str) -> int:
    """Messages; the last one's number."""
    number = 0
    for text in texts:
        number = (await client.send(text, conversation=group)).number
    return number


def held_texts(reader: Reader, group: ConversationId) -> list[str]:
    """The messages that it holds, by number."""
    held = reader.mirror.conversations[group].messages
    found = [one for _, one in sorted(held.items()) if isinstance(one, Message)]
    return [one.body.text for one in found if isinstance(one.body, Text)]


@pytest.mark.parametrize("said", [1, 5], ids=["below what is held", "beyond what is held"])
async def test_a_number_held_beyond_the_head_is_dropped_by_the_reset(tmp_path: Path, said: int) -> None:
    """said: messages after the backup was brought back and before the reader comes, under numbers that it holds."""
    port = free_port()
    before = ServerProcess(tmp_path / "data", *FLAGS, port=port, command=COMMAND)
    elsewhere = ServerProcess(tmp_path / "restored", *FLAGS, command=COMMAND)
    after = ServerProcess(tmp_path / "restored", *FLAGS, port=port, command=COMMAND)
    try:
        await before.start()
        async with (
            await Client.sign_up(before.url, "anna", PASSWORD) as anna,
            await Client.sign_up(before.url, "ben", PASSWORD) as ben,
            await Client.sign_up(before.url, "carl", PASSWORD) as carl,
        ):
            tea = (await anna.create_group("Tea", settings=GroupSettings(join="open", large=True))).conversation
            await ben.join(tea)
            await carl.join(tea)
            reader = Reader(ben)
            reading = asyncio.create_task(reader.run())
            try:
                await reader.until(lambda: reader.head(tea) == 3 and reader.held(tea).large)
                open_large(reader.mirror, ben, tea)
                kept = await say(anna, tea, "kept")
                await reader.until(lambda: reader.head(tea) == kept)
                ran = await chinwag("backup", tmp_path / "backup", "--data-path", before.data, folder=tmp_path)
                assert ran.code == 0, ran.said
                lost = await say(anna, tea, "lost 1", "lost 2", "lost 3")
                await reader.until(lambda: reader.head(tea) == lost)
                assert held_texts(reader, tea)[-1] == "lost 3"
                assert await before.stop() == 0
                ran = await chinwag("restore", tmp_path / "backup", "--data-path", after.data, folder=tmp_path)
                assert ran.code == 0, ran.said
                # Others are there before the reader is: on another port, which it does not know.
                await elsewhere.start()
                async with await Client.log_in(elsewhere.url, "carl", PASSWORD) as first:
                    now = await say(first, tea, *(f"new {count}" for count in range(said)))
                assert now == kept + said
                assert await elsewhere.stop() == 0
                await after.start()
                await reader.until(lambda: reader.of(LoadAfresh))
                assert [one.cause for one in reader.of(LoadAfresh)] == ["epoch"]  # type: ignore[union-attr]
                await reader.until(lambda: reader.head(tea) == now)
                last = await say(carl, tea, "live again")
                await reader.until(lambda: reader.head(tea) == last)
                assert await same_as_loaded(reader)
                texts = held_texts(reader, tea)
                assert texts[-1] == "live again"
                assert not [text for text in texts if text.startswith("lost")], texts
                begun = reader.of(FeedBegan)[-1]
                assert isinstance(begun, FeedBegan)
                assert ben.follows(tea), "it goes on being open"
                assert begun.beyond is (said < 3)
            finally:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)
    finally:
        for one in (before, elsewhere, after):
            one.end()
        print(before.log()[-3_000:], after.log()[-3_000:])
