"""What everybody can read at the end of a run, for its record."""

import asyncio
from collections.abc import Callable

import msgspec
from prove.facts import AnyFact, HistoryEnd, InboxEnd
from prove.wire import in_history, in_inbox
from tests.support.device import Device
from tests.support.held import Loaded

from chinwag.client.events import decode_event
from chinwag.wire.codec import Cursor, parse_cursor
from chinwag.wire.sync import SyncPage

PAGE = 500


async def note_account(device: Device, loaded: Loaded, write: Callable[[AnyFact], object]) -> None:
    """All histories of the device's account, which it has just loaded, and its inbox up to the same moment."""
    account = device.account
    for conversation in loaded.events:
        for event in loaded.numbered(conversation):
            write(in_history(account, event))
        write(HistoryEnd(account, conversation, loaded.held.mirror.conversations[conversation].head))
    at, floor = Cursor(loaded.cursor.epoch, 0), 0
    while at.position < loaded.cursor.position:
        page = await _page(device, at)
        if page.reset is not None:
            # What lies below is too old to be kept: what is kept begins here.
            at = parse_cursor(page.cursor)
            floor = at.position
            continue
        assert page.events, f"the inbox of {account} has nothing after {at}"
        for entry in page.events:
            if entry.position <= loaded.cursor.position:
                write(in_inbox(account, entry.position, decode_event(entry.event)))
        at = parse_cursor(page.cursor)
    head = max(floor, loaded.cursor.position)
    write(InboxEnd(account, loaded.cursor.epoch, floor, head))


async def _page(device: Device, at: Cursor) -> SyncPage:
    """One page of the inbox, when the server's budget of polls allows it."""
    while True:
        answer = await device.place.request("GET", f"/v1/sync?after={at}&limit={PAGE}", token=device.token)
        if answer.status_code != 429:
            assert answer.status_code == 200, answer.text
            return msgspec.json.decode(answer.content, type=SyncPage)
        await asyncio.sleep(float(answer.headers["retry-after"]))
