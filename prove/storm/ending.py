"""The end of a storm: all is brought to rest, and what is there is read afresh for the checks."""

import asyncio
import contextlib
import time
from typing import Any, Final
from urllib.parse import quote

from prove.facts import HistoryEnd, InboxEnd, Kept, MentionsNow, Paged, PresenceNow, Quiet, Searched, State
from prove.held import Own, canonical
from prove.storm.crowd import Crowd
from prove.storm.device import Device
from prove.storm.http_connection import Token
from prove.storm.large_states import compare_large
from prove.storm.last_words import last_words
from prove.storm.lean_mirror import LeanMirror
from prove.storm.loading import get, get_cursor, load_own, load_views, loaded_mirror
from prove.storm.looks import write_reactions, write_told
from prove.storm.moods import by_request
from prove.storm.tides import Tides
from prove.storm.world import Stuck
from prove.wire import in_history, in_inbox, text_of

from chinwag.client.events import decode_event, decode_numbered
from chinwag.client.mirror import Mirror, changed_at
from chinwag.wire.codec import Cursor
from chinwag.wire.conversations import ConversationView, EventPage, SearchPage
from chinwag.wire.sync import SyncPage
from chinwag.wire.values import AccountId, ConversationId, Message

GONE: Final = 2
"""Accounts whose devices all go at the end, to see that this is noticed."""
LAST_SECONDS: Final = 30.0
REPEATS: Final = 10_000
PAGE: Final = 200
INBOX_PAGE: Final = 500
PAGES: Final = 5
"""Pages of messages of each conversation that are held against its history: the newest."""
WORDS: Final = 8
"""Words that each account looks for: the first ones of what devices said in messages and edits, early or late."""
HITS: Final = 50
PAUSE: Final = 0.2
INDEXED_SECONDS: Final = 120.0
"""How soon after the last send all can be found."""


async def come_to_rest(world: Crowd, tides: Tides | None = None) -> None:
    """Let all come back, and wait until everything is answered and every device is at its inbox's end. tides: of the
    large groups, which are compared as they are and then made small."""
    world.over = True
    alive = [device for device in world.devices if not device.dead]
    for device in alive:
        device.resume()
        device.back()
    await world.until(lambda: all(one.online or one.dead for one in alive), "everybody to be back", world.stuck_seconds)
    await world.until(lambda: not any(one.unanswered for one in alive), "an answer to every send", world.stuck_seconds)
    await last_words(world)
    for device in alive:
        await _repeats(device)
    if tides is not None:
        await tides.settle()
        await _reach_heads(world, alive)
        await compare_large(world)
        await tides.ebb()
    await _reach_heads(world, alive)


async def _reach_heads(world: Crowd, devices: list[Device]) -> None:
    while not await _at_heads(world, devices):
        pass


async def _repeats(device: Device) -> None:
    """What was sent again and lost with a server goes once more, until it is answered."""
    tries = 0
    while device.outbox.repeats and not device.dead:
        tries += 1
        if tries > REPEATS:
            raise Stuck(f"{device.id} repeated sends {REPEATS} times in vain")
        await by_request(device, *next(iter(device.outbox.repeats.values())))


async def _at_heads(world: Crowd, devices: list[Device]) -> bool:
    """Wait for every device to reach its head; whether no head has moved since."""
    tokens = {device.account: device.token for device in devices}
    before = {account: await get_cursor(world, token) for account, token in tokens.items()}
    await world.until(
        lambda: all(one.dead or (one.position >= before[one.account].position and one.applied) for one in devices),
        "every device to reach the end of its inbox",
        world.stuck_seconds,
    )
    return before == {account: await get_cursor(world, token) for account, token in tokens.items()}


async def read_afresh(world: Crowd) -> None:
    """Write down what is there: who is online, states kept and loaded, all histories, all inboxes."""
    by_account = _by_account(world)
    gone = set(list(by_account)[:GONE])
    for account in gone:
        for device in by_account[account]:
            device.away()
    alive = tuple(one.id for account, devices in by_account.items() if account not in gone for one in devices)
    world.write(Quiet(alive, world.now()))
    await _presence(world, by_account, gone)
    ends = {account: await _account(world, account, devices) for account, devices in by_account.items()}
    present = [(one, end) for account, end in ends.items() if account not in gone for one in by_account[account]]
    # A mark may have moved while all was read; a device that polls hears of it later. The checks find who stays behind.
    with contextlib.suppress(Stuck):
        await world.until(
            lambda: all(one.dead or one.position >= end for one, end in present), "what came in last", LAST_SECONDS
        )


async def read_all(world: Crowd) -> None:
    """Write down what can be read of a run that did not come to rest."""
    for account, devices in _by_account(world).items():
        await _account(world, account, devices)


def _by_account(world: Crowd) -> dict[AccountId, list[Device]]:
    by_account: dict[AccountId, list[Device]] = {}
    for device in world.devices:
        if not device.dead:
            by_account.setdefault(device.account, []).append(device)
    return by_account


async def _presence(world: Crowd, by_account: dict[AccountId, list[Device]], gone: set[AccountId]) -> None:
    """Write down who is told to be online. A break is not seen at once: who is gone has a while to become offline. So
    has who is there to be found online again, where another process has just begun to keep their presence."""
    deadline = time.monotonic() + world.offline_seconds
    told = await _told(world, by_account)
    while any(told[account] is (account in gone) for account in by_account) and time.monotonic() < deadline:
        await asyncio.sleep(1.0)
        told = await _told(world, by_account)
    for account in by_account:
        world.write(PresenceNow(account, told[account], account not in gone))


async def _told(world: Crowd, by_account: dict[AccountId, list[Device]]) -> dict[AccountId, bool]:
    """Each account asks for all others, until somebody was told of each: not all may know of all."""
    told: dict[AccountId, bool] = {}
    query = "&".join(f"account={account}" for account in by_account)
    for devices in by_account.values():
        page = await get(world, f"/v1/presence?{query}", devices[0].token, dict[str, Any])
        told |= {entry["account"]: entry["online"] for entry in page["items"]}
        if len(told) == len(by_account):
            break
    return {account: told.get(account, False) for account in by_account}


async def _account(world: Crowd, account: AccountId, devices: list[Device]) -> int:
    """Write down what an account can read, and what its devices have kept; where its inbox ended."""
    token = devices[0].token
    cursor = await get_cursor(world, token)
    views = await load_views(world, token)
    own = await load_own(world, token)
    own_numbers: dict[ConversationId, list[int]] = {}
    for view in views:
        own_numbers[view.id] = await _history(world, account, token, view)
        await _pages(world, account, token, view)
        if view.role is not None:
            world.write(MentionsNow(account, view.id, view.head, view.read, tuple(view.mentions)))
    await _searches(world, account, token)
    end = await _inbox(world, account, token, cursor)
    loaded = _comparable(loaded_mirror(account, LeanMirror, views), own, own_numbers)
    for device in devices:
        if device.position != cursor.position or not device.applied:
            continue  # a mark has moved after all: the checks find who stays behind
        kept = _comparable(device.held.mirror, device.held.own, own_numbers)
        for place in sorted(kept.keys() | loaded.keys()):
            world.write(State(device.id, place, device.position, kept.get(place, ""), loaded.get(place, "")))
        _write_kept(world, device)
    return end


def _write_kept(world: Crowd, device: Device) -> None:
    """Write down what a device holds of messages, but of those of which it knows that they have changed."""
    for held in device.held.mirror.conversations.values():
        for number, event in held.messages.items():
            if isinstance(event, Message) and number not in held.stale:
                text, changed = text_of(event.body), changed_at(event)
                world.write(Kept(device.id, held.id, number, event.sender, text, changed))


async def _history(world: Crowd, account: AccountId, token: Token, view: ConversationView) -> list[int]:
    """Write down all that can be read of a conversation; the numbers of the account's own messages."""
    own: list[int] = []
    after = 0
    while True:
        path = f"/v1/conversations/{view.id}/changes?after={after}&limit={PAGE}"
        page = await get(world, path, token, EventPage)
        for raw in page.events:
            event = decode_numbered(raw)
            world.write(in_history(account, event))
            after = event.number
            if isinstance(event, Message) and event.sender == account:
                own.append(event.number)
        if len(page.events) < PAGE:
            break
    world.write(HistoryEnd(account, view.id, view.head))
    return own


async def _pages(world: Crowd, account: AccountId, token: Token, view: ConversationView) -> None:
    """Write down what pages of messages and notices say, the newest first."""
    before = view.head + 1
    for _ in range(PAGES):
        asked = world.now()
        path = f"/v1/conversations/{view.id}/messages?before={before}&limit={PAGE}"
        page = await get(world, path, token, EventPage)
        numbers = tuple(decode_numbered(raw).number for raw in page.events)
        write_told(world, "page", account, page.events, asked)
        write_reactions(world, account, page)
        whole = len(numbers) < PAGE
        first = 1 if whole else numbers[0]
        world.write(Paged(account, view.id, first, before - 1, numbers))
        before = first
        if whole:
            break


async def _searches(world: Crowd, account: AccountId, token: Token) -> None:
    """Write down what an account finds of some words, once the index says that it is up to date."""
    deadline = time.monotonic() + INDEXED_SECONDS
    for _ in range(WORDS):
        word = (
            f"{world.draw.choice('mmme')}{world.draw.randint(1, max(1, world.draw.choice(world.devices).outbox.made))}"
        )
        while (found := await _search(world, account, token, word)) is None:
            if time.monotonic() > deadline:
                raise Stuck(f"the index is behind for more than {INDEXED_SECONDS:.0f} s")
            await asyncio.sleep(PAUSE)
        world.write(Searched(account, word, found))


async def _search(world: Crowd, account: AccountId, token: Token, word: str) -> tuple[tuple[str, int], ...] | None:
    """Where an account finds a word; None if the index is behind."""
    found: list[tuple[str, int]] = []
    before: str | None = ""
    while before is not None:
        asked = world.now()
        more = f"&before={quote(before)}" if before else ""
        page = await get(world, f"/v1/search?q=%22{word}%22&limit={HITS}{more}", token, SearchPage)
        if page.indexed_up_to is not None:
            return None
        events = [decode_numbered(hit.message) for hit in page.hits]
        write_told(world, "search", account, [hit.message for hit in page.hits], asked)
        found += [(event.conversation, event.number) for event in events]
        before = page.next
    return tuple(found)


async def _inbox(world: Crowd, account: AccountId, token: Token, cursor: Cursor) -> int:
    """Write down an inbox, from its beginning to `cursor` or what came after; where that ended."""
    at = Cursor(cursor.epoch, 0)
    while True:
        page = await get(world, f"/v1/sync?after={at}&limit={INBOX_PAGE}", token, SyncPage)
        for one in page.events:
            world.write(in_inbox(account, one.position, decode_event(one.event)))
            at = Cursor(cursor.epoch, one.position)
        if not page.events:
            break
    world.write(InboxEnd(account, cursor.epoch, 0, at.position))
    return at.position


def _comparable(mirror: Mirror, own: Own, own_numbers: dict[ConversationId, list[int]]) -> dict[str, str]:
    """A state as texts that are equal if and only if the states are, by conversation."""
    places: dict[str, str] = {name: canonical(one) for name, one in mirror.comparable(own_numbers).items()}
    return {**places, "account": canonical(own)}
