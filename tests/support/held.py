"""What a device holds: kept by events, or loaded afresh over HTTP. P11 says that the two are equal."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from prove.held import Held, Own
from tests.support.places import Place

from chinwag.client.comparable import Comparable
from chinwag.client.events import Unknown, decode_event, decode_numbered
from chinwag.wire.codec import Cursor, parse_cursor
from chinwag.wire.conversations import ConversationPage, ConversationView, EventPage
from chinwag.wire.values import AccountId, ConversationId, Event, Message, NumberedEvent

PAGE = 200


class Loaded(msgspec.Struct):
    """Everything afresh. stable: nothing came into the inbox meanwhile, so this is the state at `cursor`."""

    cursor: Cursor
    stable: bool
    held: Held
    events: dict[ConversationId, list[bytes]]

    def numbered(self, conversation: ConversationId) -> list[NumberedEvent | Unknown]:
        """A conversation's whole readable history."""
        return [decode_numbered(raw) for raw in self.events[conversation]]

    def own_numbers(self) -> dict[ConversationId, list[int]]:
        """The numbers of the account's own messages."""
        return {
            name: [one.number for one in self.numbered(name) if isinstance(one, Message) and one.sender == me]
            for name, me in ((name, self.held.account) for name in self.events)
        }


async def load(place: Place, account: AccountId, token: str) -> Loaded:
    """Load all that an account can see."""
    cursor = await _cursor(place, token)
    held = Held(account)
    events: dict[ConversationId, list[bytes]] = {}
    before: str | None = None
    while True:
        more = f"&before={before}" if before else ""
        page = await get(place, token, f"/v1/conversations?limit=50{more}", ConversationPage)
        for view in page.conversations:
            held.mirror.put(view)
            events[view.id] = await history(place, token, view.id)
        if page.next is None:
            break
        before = page.next
    await _load_own(place, token, held.own)
    return Loaded(cursor, await _cursor(place, token) == cursor, held, events)


async def load_one(place: Place, token: str, held: Held, conversation: ConversationId) -> bool:
    """Load one conversation into `held`; False if it is not to be seen."""
    answer = await place.request("GET", f"/v1/conversations/{conversation}", token=token)
    if answer.status_code == 404:
        held.mirror.drop(conversation)
        return False
    assert answer.status_code == 200, answer.text
    held.mirror.put(msgspec.json.decode(answer.content, type=ConversationView))
    return True


async def history(place: Place, token: str, conversation: ConversationId) -> list[bytes]:
    """All events of a conversation that may be read, rising."""
    events: list[bytes] = []
    after = 0
    while True:
        path = f"/v1/conversations/{conversation}/changes?after={after}&limit={PAGE}"
        page = await get(place, token, path, EventPage)
        events += [bytes(one) for one in page.events]
        if len(page.events) < PAGE:
            return events
        after = decode_numbered(page.events[-1]).number


async def get(place: Place, token: str, path: str, kind: type) -> Any:
    """One answer, typed."""
    answer = await place.request("GET", path, token=token)
    assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text}"
    return msgspec.json.decode(answer.content, type=kind)


def conversations(held: Held, own: Mapping[ConversationId, Sequence[int]]) -> dict[ConversationId, Comparable]:
    """What is compared of the conversations."""
    return held.mirror.comparable(own)


def decoded(raw: bytes | msgspec.Raw) -> Event | Unknown:
    """An event out of its frame."""
    return decode_event(raw)


async def _cursor(place: Place, token: str) -> Cursor:
    answer = await place.request("GET", "/v1/cursor", token=token)
    assert answer.status_code == 200, answer.text
    return parse_cursor(answer.json()["cursor"])


async def _load_own(place: Place, token: str, own: Own) -> None:
    me = (await place.request("GET", "/v1/me", token=token)).json()
    own.name, own.display_name, own.about = me["name"], me["display_name"], me["about"]
    own.direct_from, own.share_read = me["settings"]["direct_from"], me["settings"]["share_read"]
    for path in ("/v1/friends", "/v1/friends/requests"):
        for friend in (await place.request("GET", f"{path}?limit=200", token=token)).json()["items"]:
            own.friends[friend["user"]["id"]] = (friend["state"], friend["by"])
    own.devices = {one["id"] for one in (await place.request("GET", "/v1/devices", token=token)).json()["items"]}
