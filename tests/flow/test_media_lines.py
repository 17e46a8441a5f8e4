"""The lines in which sends of media wait: one account fills none of the others' room."""

import asyncio
from typing import cast

import pytest

from chinwag.domain.body import Attach, Media
from chinwag.domain.command import Send
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId, UploadId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.media.sends import WAITING_OF_ACCOUNT, MediaSends
from chinwag.flow.wish import Wish
from chinwag.ports.message_store import MessageStore

MEDIA = Media(UploadId("7"), "a.txt", "text/plain", 1)


class Slow:
    """Whoever looks, once it is let go on."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()

    async def see(self, _account: AccountId, _attach: Attach) -> Media:
        await self.go_on.wait()
        return MEDIA


def wish(account: str, number: int) -> Wish:
    """A send of media of that account, of some device and into some conversation."""
    line = ConversationId(f"g~{number % 7}")
    attach = Attach(UploadId("7"))
    return Wish(
        AccountId(account), DeviceId(f"{account}-{number % 3}"), line, ClientId(str(number)), Send(MEDIA), attach
    )


async def test_an_account_waits_with_so_many_and_others_go_on() -> None:
    slow, gone = Slow(), []
    done = asyncio.Event()

    def go_on(_: str, sent: Wish) -> None:
        gone.append(sent.account)
        if len(gone) == WAITING_OF_ACCOUNT + 1:
            done.set()

    def refuse(_: str, sent: Wish, code: Code, detail: str) -> None:
        raise AssertionError((sent, code, detail))

    sends: MediaSends[str] = MediaSends(
        slow, cast("MessageStore", None), go_on, refuse, asyncio.get_running_loop().time
    )
    for number in range(WAITING_OF_ACCOUNT):
        sends.put("one", wish("1", number))
    with pytest.raises(Refused) as refused:
        sends.put("one", wish("1", WAITING_OF_ACCOUNT))
    assert refused.value.code is Code.RATE_LIMITED
    sends.put("other", wish("2", 0))
    slow.go_on.set()
    await done.wait()
    assert (sends.waiting, gone.count(AccountId("1")), gone.count(AccountId("2"))) == (0, WAITING_OF_ACCOUNT, 1)
    sends.put("one", wish("1", 1))
    sends.stop()


class GivenUp(Slow):
    """One whose first look is cancelled, and not whoever waits for it."""

    async def see(self, account: AccountId, attach: Attach) -> Media:
        if not self.go_on.is_set():
            self.go_on.set()
            raise asyncio.CancelledError
        return await super().see(account, attach)


async def test_a_look_that_was_cancelled_keeps_nothing_waiting_behind_it() -> None:
    gone, refused = list[ClientId](), list[Code]()
    done = asyncio.Event()

    def go_on(_: str, sent: Wish) -> None:
        gone.append(sent.id)
        done.set()

    def refuse(_: str, sent: Wish, code: Code, detail: str) -> None:
        del sent, detail
        refused.append(code)

    class NoKeys:
        async def keys(self, names: object) -> list[None]:
            del names
            return [None]

    clock = asyncio.get_running_loop().time
    sends: MediaSends[str] = MediaSends(GivenUp(), cast("MessageStore", NoKeys()), go_on, refuse, clock)
    sends.put("one", wish("1", 0))
    sends.put("one", wish("1", 21))  # of the same device, into the same conversation
    async with asyncio.timeout(60):
        await done.wait()
    assert (refused, gone, sends.waiting) == ([Code.UNAVAILABLE], [ClientId("21")], 0)
