"""What a client asks over HTTP, with a real server: links, open groups, blocks, announcements."""

from pathlib import Path

import pytest
from prove.process import ServerProcess
from tests.life.commands import chinwag

from chinwag.client import ApiError, Client
from chinwag.wire.values import AccountEvent, Announced, GroupSettings

pytestmark = pytest.mark.asyncio
PASSWORD = "correct horse battery"


async def test_links_open_groups_blocks_and_announcements(process: ServerProcess, tmp_path: Path) -> None:
    await process.start()
    ada = await Client.sign_up(process.url, "ada", PASSWORD)
    bob = await Client.sign_up(process.url, "bob", PASSWORD)
    async with ada, bob:
        closed = (await ada.create_group("closed")).conversation
        made = await ada.create_link(closed, uses=2, valid_hours=1)
        assert (await ada.links(closed)) == [made.link]
        assert (await bob.look_at_link(made.code)).title == "closed"
        entered = await bob.join_by_link(made.code)
        assert (entered.conversation, await bob.join_by_link(made.code)) == (closed, entered)
        first = await ada.members(closed, limit=1)
        assert [one.account for one in first.members] == [ada.account]
        rest = await bob.members(closed, after=first.next)
        assert ([one.account for one in rest.members], rest.next) == ([bob.account], None)
        assert await ada.search_members(closed, "bo") == rest.members
        await ada.revoke_link(closed, made.link.id)
        assert not await ada.links(closed)
        with pytest.raises(ApiError, match="join link"):
            await bob.look_at_link(made.code)

        opened = (await ada.create_group("readers", settings=GroupSettings(join="open"))).conversation
        found = await bob.find_groups("READ")
        assert [one.id for one in found.items] == [opened]
        assert await bob.open_group(opened) == found.items[0]

        await bob.block(ada.account)
        assert [one.user.id for one in await bob.blocks()] == [ada.account]
        with pytest.raises(ApiError) as told:
            await ada.send("hello", to=bob.account)
        assert told.value.code == "recipient_refuses"
        await bob.unblock(ada.account)
        assert not await bob.blocks()

        said = await chinwag("announce", "Tonight at ten", "--data-path", process.data, folder=tmp_path)
        assert said.code == 0, said.said
        async for event in bob.events():
            if isinstance(event, AccountEvent) and isinstance(event.change, Announced):
                assert event.change.text == "Tonight at ten"
                break
        assert [one.text for one in (await bob.announcements()).items] == ["Tonight at ten"]
