"""What the sentences of a script do."""

import asyncio
import json
from typing import Final

import msgspec
from tests.conversations.notation import Language
from tests.conversations.stage import REVOKED, Stage
from tests.support.device import PATIENCE, Device
from tests.support.transports import PAUSE

from chinwag.domain.ids import AccountId, ClientId, direct_id
from chinwag.wire.conversations import Placed
from chinwag.wire.frames import Ack, Change, ClientFrame, Delete, Edit, Error, React, Read, Received, Send, Typing
from chinwag.wire.values import (
    Add,
    Deleted,
    Delivered,
    Edited,
    Event,
    GroupSettings,
    GroupSettingsChanged,
    Join,
    Joined,
    Leave,
    Left,
    Message,
    Notice,
    Pin,
    Pinned,
    Presence,
    Reaction,
    Remove,
    Removed,
    Retitled,
    Role,
    RoleChanged,
    SentBody,
    SetRole,
    SetSettings,
    SetTitle,
    Text,
)
from chinwag.wire.values import Read as ReadEvent
from chinwag.wire.values import Typing as TypingSignal

LANGUAGE: Final = Language()
says = LANGUAGE.says

Refused = str | None


# Who is there


@says("people {names}")
async def people(stage: Stage, names: list[str], refused: Refused) -> None:
    """Accounts, each with a first device, which is connected."""
    del refused
    for name in names:
        await stage.person(name)
        await stage.devices[name].connect()


@says("absent people {names}")
async def absent_people(stage: Stage, names: list[str], refused: Refused) -> None:
    """Accounts, each with a first device, which is not connected yet."""
    del refused
    for name in names:
        await stage.person(name)


@says("{who} logs in on {label}")
async def logs_in(stage: Stage, who: str, label: str, refused: Refused) -> None:
    """Another device, connected."""
    del refused
    device = await stage.log_in(who, f"{who}/{label}")
    await device.connect()


@says("{who} goes offline")
async def goes_offline(stage: Stage, who: str, refused: Refused) -> None:
    """The connection is cut."""
    del refused
    await stage.devices[who].disconnect()


@says("{who} comes back")
async def comes_back(stage: Stage, who: str, refused: Refused) -> None:
    """Connect with the device's own cursor."""
    device = stage.devices[who]
    await device.connect()
    if refused == REVOKED and stage.place.several and device.welcome is not None:
        # a process that had not heard of that yet let it in, and closes its socket as soon as it does
        await is_closed(stage, who, refused, refused=None)
        return
    code = device.byes[-1].code if device.welcome is None and device.byes else None
    assert code == refused, f"expected {refused}, got {code}"


@says("{who} comes back with little room")
async def comes_back_small(stage: Stage, who: str, refused: Refused) -> None:
    """So that it counts as slow as soon as it stalls."""
    del refused
    await stage.devices[who].connect(small=True)


@says("{who} comes back with cursor {text}[ and is reset {cause:code}]")
async def comes_back_with(stage: Stage, who: str, text: str, cause: str | None, refused: Refused) -> None:
    """Connect with another cursor; `EPOCH` in it is the inbox's own. After a reset the device loads afresh."""
    device = stage.devices[who]
    await device.connect(text.replace("EPOCH", str(device.epoch)))
    if refused is not None:
        assert [bye.code for bye in device.byes[-1:]] == [refused], device.transcript()
        return
    await device.until(lambda: device.resets, "a reset")
    assert device.resets[-1].cause == cause
    await device.load_again()


@says("inboxes are trimmed")
async def inboxes_are_trimmed(stage: Stage, refused: Refused) -> None:
    """All that is in inboxes now is too old to keep."""
    del refused
    assert stage.server is not None, "a script with this sentence says `at hand`"
    for device in stage.devices.values():
        if device.online:
            await device.reach_head()  # who is there has had it before
    inbox = stage.server.ports.inbox
    while await inbox.trim(1 << 60, 1000):
        pass


@says("{who} logs out")
async def logs_out(stage: Stage, who: str, refused: Refused) -> None:
    """For ever."""
    await stage.http(who, "DELETE", "/v1/sessions/current", refused=refused)
    stage.gone.add(who)


@says("{who} revokes {other:who}")
async def revokes(stage: Stage, who: str, other: str, refused: Refused) -> None:
    """Log another of one's own devices out."""
    await stage.http(who, "DELETE", f"/v1/devices/{stage.devices[other].id}", refused=refused)
    stage.gone.add(other)


@says("{who} closes the account")
async def closes_account(stage: Stage, who: str, refused: Refused) -> None:
    """For ever."""
    await stage.http(who, "DELETE", "/v1/me", {"password": "correct horse battery"}, refused=refused)
    stage.gone.update(key for key in stage.devices if key.split("/")[0] == who)


@says("{who} is closed {code}")
async def is_closed(stage: Stage, who: str, code: str, refused: Refused) -> None:
    """The server has said goodbye."""
    del refused
    device = stage.devices[who]
    await device.until(lambda: device.link is not None and device.link.ended.done(), "the end of its socket")
    assert [bye.code for bye in device.byes[-1:]] == [code], device.transcript()


@says("{who} stalls")
async def stalls(stage: Stage, who: str, refused: Refused) -> None:
    """It stops taking anything from the network."""
    del refused
    link = stage.devices[who].link
    assert link is not None
    link.stall()


@says("{who} reads on")
async def reads_on(stage: Stage, who: str, refused: Refused) -> None:
    """It takes from the network again."""
    del refused
    link = stage.devices[who].link
    assert link is not None
    link.resume()


# Sending


def _frame(
    stage: Stage,
    who: str,
    place: str,
    text: str,
    reply: int | None,
    mention: str | None,
    after: str | None,
    label: str | None,
) -> Send:
    mentions = (AccountId("*" if mention == "all" else stage.accounts[mention]),) if mention else ()
    body: SentBody = Text(text, mentions)
    name = ClientId(stage.new_id(label))
    conversation = stage.conversation(who, place)
    frame = Send(name, body, conversation, reply_to=reply or 0, after=ClientId(after) if after else None)
    stage.sent[who, name] = frame
    return frame


@says(
    "{who} sends {place} {text}[ replying to {reply:n}][ mentioning {mention:name}][ after {after:label}][ as {label}]"
)
async def sends(
    stage: Stage,
    who: str,
    place: str,
    text: str,
    reply: int | None,
    mention: str | None,
    after: str | None,
    label: str | None,
    refused: Refused,
) -> None:
    """Send and wait for the answer."""
    frame = _frame(stage, who, place, text, reply, mention, after, label)
    if any("\ud800" <= character <= "\udfff" for character in text):
        # No encoder of ours writes half a pair; JSON's escapes can.
        stage.devices[who].send(json.dumps(msgspec.to_builtins(frame) | {"type": "send"}).encode())
        answer = await stage.devices[who].answer(frame.id)
    else:
        answer = await _patiently(stage.devices[who], frame, refused)
    stage.judge(answer, refused)


async def _patiently(device: Device, frame: ClientFrame, refused: Refused) -> Ack | Error:
    """Ask as often as a large group wants one to, unless that is what is looked for."""
    answer = await device.ask(frame)
    while isinstance(answer, Error) and answer.code == "slow_down" != refused:
        await asyncio.sleep(answer.retry_after or 0.0)
        answer = await device.ask(frame)
    return answer


@says("{who} posts {place} {text}[ after {after:label}] as {label}")
async def posts(stage: Stage, who: str, place: str, text: str, after: str | None, label: str, refused: Refused) -> None:
    """Send and do not wait."""
    del refused
    stage.devices[who].send(_frame(stage, who, place, text, None, None, after, label))


@says("{who} posts {n} messages[ of {size:n} characters] to {place}")
async def posts_many(stage: Stage, who: str, n: int, size: int | None, place: str, refused: Refused) -> None:
    """Send many, each after the one before, and wait for all the answers."""
    del refused
    device, last, names = stage.devices[who], None, []
    for count in range(n):
        frame = _frame(stage, who, place, _numbered(count, size), None, None, last, None)
        device.send(frame)
        last = frame.id
        names.append(frame.id)
    for name in names:
        answer = await device.answer(name)
        stage.judge(answer, None)


def _numbered(count: int, size: int | None) -> str:
    return f"message {count}".ljust(size or 0, ".")


@says("{who} is answered {label}[ number {n}]")
async def is_answered(stage: Stage, who: str, label: str, n: int | None, refused: Refused) -> None:
    """What was posted is acked, or refused."""
    answer = await stage.devices[who].answer(label, len(stage.devices[who].answers.get(label, [])) or 1)
    stage.judge(answer, refused)
    if isinstance(answer, Ack):
        assert n is None or answer.number == n, answer


@says("{who} edits {place} {n} to {text}[ mentioning {mention:name}][ after {after:label}][ as {label}]")
async def edits(
    stage: Stage,
    who: str,
    place: str,
    n: int,
    text: str,
    mention: str | None,
    after: str | None,
    label: str | None,
    refused: Refused,
) -> None:
    """Give a message another text, and wait for the answer."""
    name, conversation = ClientId(stage.new_id(label)), stage.conversation(who, place)
    mentions = (AccountId(stage.accounts[mention]),) if mention else ()
    frame = Edit(name, conversation, n, Text(text, mentions), ClientId(after) if after else None)
    stage.sent[who, name] = frame
    stage.judge(await stage.devices[who].ask(frame), refused)


@says("{who} posts an edit of {place} {n} to {text}[ after {after:label}] as {label}")
async def posts_edit(
    stage: Stage, who: str, place: str, n: int, text: str, after: str | None, label: str, refused: Refused
) -> None:
    """As `edits`, and do not wait."""
    del refused
    name, conversation = ClientId(stage.new_id(label)), stage.conversation(who, place)
    stage.sent[who, name] = frame = Edit(name, conversation, n, Text(text), ClientId(after) if after else None)
    stage.devices[who].send(frame)


@says("{who} deletes {place} {n}[ after {after:label}][ as {label}]")
async def deletes(
    stage: Stage, who: str, place: str, n: int, after: str | None, label: str | None, refused: Refused
) -> None:
    """Delete a message, and wait for the answer."""
    name, conversation = ClientId(stage.new_id(label)), stage.conversation(who, place)
    stage.sent[who, name] = frame = Delete(name, conversation, n, ClientId(after) if after else None)
    stage.judge(await stage.devices[who].ask(frame), refused)


@says("{who} posts a deletion of {place} {n}[ after {after:label}] as {label}")
async def posts_deletion(
    stage: Stage, who: str, place: str, n: int, after: str | None, label: str, refused: Refused
) -> None:
    """As `deletes`, and do not wait."""
    del refused
    name, conversation = ClientId(stage.new_id(label)), stage.conversation(who, place)
    stage.sent[who, name] = frame = Delete(name, conversation, n, ClientId(after) if after else None)
    stage.devices[who].send(frame)


@says("{who} reacts {text} to {place} {n}[ after {after:label}][ as {label}]")
async def reacts(
    stage: Stage, who: str, text: str, place: str, n: int, after: str | None, label: str | None, refused: Refused
) -> None:
    """Put a reaction on a message, and wait for the answer."""
    await _react(stage, who, text, place, n, after, label, refused, on=True)


@says("{who} takes back {text} from {place} {n}[ after {after:label}][ as {label}]")
async def takes_back(
    stage: Stage, who: str, text: str, place: str, n: int, after: str | None, label: str | None, refused: Refused
) -> None:
    """One's own reaction, and wait for the answer."""
    await _react(stage, who, text, place, n, after, label, refused, on=False)


async def _react(
    stage: Stage,
    who: str,
    text: str,
    place: str,
    n: int,
    after: str | None,
    label: str | None,
    refused: Refused,
    *,
    on: bool,
) -> None:
    name, conversation = ClientId(stage.new_id(label)), stage.conversation(who, place)
    stage.sent[who, name] = frame = React(name, conversation, n, text, on, ClientId(after) if after else None)
    stage.judge(await stage.devices[who].ask(frame), refused)


@says("{who} resends {label}")
async def resends(stage: Stage, who: str, label: str, refused: Refused) -> None:
    """The same frame once more. The checks compare the numbers."""
    answer = await _patiently(stage.devices[who], stage.sent[who, label], refused)
    stage.judge(answer, refused)


@says("{who} asks {place} to be called {text} as {label}")
async def renames_as(stage: Stage, who: str, place: str, text: str, label: str, refused: Refused) -> None:
    """A change under an id of the script's."""
    frame = Change(ClientId(stage.new_id(label)), stage.conversation(who, place), SetTitle(text))
    stage.judge(await stage.devices[who].ask(frame), refused)


@says("{who} posts {text} to {place} over HTTP as {label}")
async def posts_over_http(stage: Stage, who: str, text: str, place: str, label: str, refused: Refused) -> None:
    """A POST under an id of the script's, after another send of that id."""
    device, conversation = stage.devices[who], stage.conversation(who, place)
    body = Text(text)
    stage.notes.sent(device.id, device.account, 0, Send(ClientId(label), body, conversation))
    path = f"/v1/conversations/{conversation}/messages"
    answer = await stage.http(
        who, "POST", path, {"body": json.loads(msgspec.json.encode(body))}, refused=refused, key=label
    )
    if refused is None:
        stage.acked(who, label, msgspec.json.decode(answer.content, type=Placed))
    else:
        stage.notes.refused(device.id, label, refused)


@says("{who} resends {label} through another session")
async def resends_elsewhere(stage: Stage, who: str, label: str, refused: Refused) -> None:
    """The same device, in a second session, which brings what it brings beside the first."""
    first = stage.devices[who]
    second = Device(stage.place, f"{first.name} again", first.account, first.id, first.token, stage.notes)
    try:
        await second.connect(None)
        answer = await second.ask(stage.sent[who, label])
    finally:
        await second.close()
    stage.judge(answer, refused)


@says("{who} resends {label} over HTTP")
async def resends_over_http(stage: Stage, who: str, label: str, refused: Refused) -> None:
    """The same send, as a POST."""
    frame = stage.sent[who, label]
    assert isinstance(frame, Send)
    body = {"body": json.loads(msgspec.json.encode(frame.body))}
    path = f"/v1/conversations/{frame.conversation}/messages"
    device = stage.devices[who]
    stage.notes.sent(device.id, device.account, 0, frame)
    answer = await stage.http(who, "POST", path, body, refused=refused, key=label)
    if refused is None:
        stage.acked(who, label, msgspec.json.decode(answer.content, type=Placed))
    else:
        stage.notes.refused(device.id, label, refused)


@says("{who} writes {text} and hears {code}")
async def writes(stage: Stage, who: str, text: str, code: str, refused: Refused) -> None:
    """Raw text to the session; an error frame comes back. `$NAME` is a person's account or a group's conversation."""
    del refused
    device = stage.devices[who]
    for name, value in {**stage.accounts, **stage.groups}.items():
        text = text.replace(f"${name}", value)
    before = len(device.errors)
    device.send(text.encode())
    await device.until(lambda: len(device.errors) > before, f"an error after {text[:80]}")
    error = device.errors[before]
    assert error.code == code, error
    _names(error, text, device.account)


def _names(error: Error, text: str, account: AccountId) -> None:
    """An error names the frame that it refuses, as far as that says what it is."""
    try:
        said = json.loads(text)
    except ValueError:
        said = {}
    to, conversation = said.get("to"), said.get("conversation")
    if conversation is None and to not in (None, account):
        conversation = direct_id(account, to)
    name = said.get("id")
    assert error.frame == said.get("type"), error
    assert error.id == (name if isinstance(name, str) and name else None), error
    assert error.conversation == conversation, error
    assert error.position == said.get("position"), error


@says("{who} asks {text} and hears {code}")
async def asks(stage: Stage, who: str, text: str, code: str, refused: Refused) -> None:
    """`METHOD PATH` over HTTP, refused."""
    del refused
    for name, value in {**stage.accounts, **stage.groups}.items():
        text = text.replace(f"${name}", value)
    method, path, *body = text.split(" ", 2)
    await stage.http(who, method, path, json.loads(body[0]) if body else None, refused=code)


# Seeing


@says("{who} sees {other:name} {text}[ in {place}][ number {n}][ replying to {reply:n}]")
async def sees(
    stage: Stage, who: str, other: str, text: str, place: str | None, n: int | None, reply: int | None, refused: Refused
) -> None:
    """The next message of that text, after what was seen before."""
    del refused
    sender = stage.accounts[other]

    def matches(event: object) -> bool:
        return isinstance(event, Message) and isinstance(event.body, Text) and event.body.text == text

    event = await stage.sees(who, f"{other}'s {text[:60]!r}", matches)
    assert isinstance(event, Message)
    assert event.sender == sender, event
    assert n is None or event.number == n, f"number {event.number}"
    assert reply is None or event.reply_to == reply, f"a reply to {event.reply_to}"
    assert place is None or event.conversation == stage.conversation(who, place), event.conversation


@says("{who} sees all {n} messages[ of {size:n} characters] of {other:name}")
async def sees_all(stage: Stage, who: str, n: int, size: int | None, other: str, refused: Refused) -> None:
    """`message 0`, `message 1`, … in order."""
    for count in range(n):
        text = _numbered(count, size)
        await sees(stage, who=who, other=other, text=text, place=None, n=None, reply=None, refused=refused)


@says("{who} sees {place} {number:n} edited[ to {text}][ number {n}]")
async def sees_edited(
    stage: Stage, who: str, place: str, number: int, text: str | None, n: int | None, refused: Refused
) -> None:
    """An event that says so, with the new text; without one where it may not be told."""
    del refused
    conversation, body = stage.conversation(who, place), None if text is None else Text(text)

    def matches(event: object) -> bool:
        return isinstance(event, Edited) and (event.conversation, event.target, event.body) == (
            conversation,
            number,
            body,
        )

    event = await stage.sees(who, f"{number} edited to {text}", matches)
    assert n is None or (isinstance(event, Edited) and event.number == n), event


@says("{who} sees {place} {number:n} deleted by {other:name}[ number {n}]")
async def sees_deleted(
    stage: Stage, who: str, place: str, number: int, other: str, n: int | None, refused: Refused
) -> None:
    """An event that says so."""
    del refused
    wanted = (stage.conversation(who, place), number, stage.accounts[other])

    def matches(event: object) -> bool:
        return isinstance(event, Deleted) and (event.conversation, event.target, event.sender) == wanted

    event = await stage.sees(who, f"{number} deleted by {other}", matches)
    assert n is None or (isinstance(event, Deleted) and event.number == n), event


@says("{who} sees {other:name} react {text} to {place} {number:n}[ number {n}]")
async def sees_reaction(
    stage: Stage, who: str, other: str, text: str, place: str, number: int, n: int | None, refused: Refused
) -> None:
    """An event that says so."""
    del refused
    await _sees_reaction(stage, who, other, text, place, number, n, on=True)


@says("{who} sees {other:name} take back {text} from {place} {number:n}[ number {n}]")
async def sees_taken_back(
    stage: Stage, who: str, other: str, text: str, place: str, number: int, n: int | None, refused: Refused
) -> None:
    """An event that says so."""
    del refused
    await _sees_reaction(stage, who, other, text, place, number, n, on=False)


async def _sees_reaction(
    stage: Stage, who: str, other: str, text: str, place: str, number: int, n: int | None, *, on: bool
) -> None:
    wanted = (stage.conversation(who, place), number, stage.accounts[other], text, on)

    def matches(event: object) -> bool:
        return (
            isinstance(event, Reaction)
            and (event.conversation, event.target, event.sender, event.reaction, event.on) == wanted
        )

    event = await stage.sees(who, f"{other} {'react' if on else 'take back'} {text}", matches)
    assert n is None or (isinstance(event, Reaction) and event.number == n), event


@says("{who} counts {text} on {place} {n}")
async def counts_reactions(stage: Stage, who: str, text: str, place: str, n: int, refused: Refused) -> None:
    """`👍 2 mine, 🎉 1`, or `nothing`: on a page, listed one by one, and as the device keeps them."""
    del refused
    conversation, device = stage.conversation(who, place), stage.devices[who]
    path = f"/v1/conversations/{conversation}/messages"
    answer = await stage.http(who, "GET", f"{path}?limit=1&after={n - 1}")
    event = answer.json()["events"][0]
    assert event["number"] == n, event
    given = event.get("reactions", [])
    told = [f"{one['reaction']} {one['count']}{' mine' * one.get('mine', False)}" for one in given]
    assert (", ".join(told) or "nothing") == text, given
    one = (await stage.http(who, "GET", f"{path}/{n}")).json()["event"]
    assert one.get("reactions", []) == given, one
    listed = (await stage.http(who, "GET", f"{path}/{n}/reactions")).json()["reactions"]
    for each in given:
        by = [entry["account"] for entry in listed if entry["reaction"] == each["reaction"]]
        assert len(by) == each["count"], listed
        assert by[:10] == each["by"], listed
    assert len(listed) == sum(each["count"] for each in given), listed
    await device.reach_head()
    kept = device.held.mirror.reactions(conversation).get(n)
    if kept is not None and device.held.mirror.conversations[conversation].role is not None:
        assert kept == {each["reaction"]: (each["count"], each.get("mine", False)) for each in given}, kept


@says("{who} sees {place} {number:n} {what:code} by {other:name}[ number {n}]")
async def sees_pinned(
    stage: Stage, who: str, place: str, number: int, what: str, other: str, n: int | None, refused: Refused
) -> None:
    """A notice: `pinned`, or `unpinned`."""
    del refused
    conversation, sender = stage.conversation(who, place), stage.accounts[other]
    change = Pinned(number, what == "pinned")

    def matches(event: object) -> bool:
        return isinstance(event, Notice) and (event.conversation, event.change) == (conversation, change)

    event = await stage.sees(who, f"{number} {what}", matches)
    assert isinstance(event, Notice)
    assert event.sender == sender, event
    assert n is None or event.number == n, event


@says("{who} finds pins {text} in {place}")
async def finds_pins(stage: Stage, who: str, text: str, place: str, refused: Refused) -> None:
    """Their numbers, the one pinned last at the end: in the view, and those that may be read as messages."""
    del refused
    path = f"/v1/conversations/{stage.conversation(who, place)}"
    view = (await stage.http(who, "GET", path)).json()
    assert view["pins"] == [int(one) for one in text.split()], view["pins"]
    messages = (await stage.http(who, "GET", f"{path}/pins")).json()["messages"]
    assert [one["number"] for one in messages] == view["pins"], messages


@says("{who} finds {text} at {place} {n}")
async def finds_text(stage: Stage, who: str, text: str, place: str, n: int, refused: Refused) -> None:
    """In the history that the server gives, and in what the device keeps if it keeps that message."""
    del refused
    await _finds(stage, who, place, n, {"type": "text", "text": text})


@says("{who} finds {place} {n} speaking to {names}")
async def finds_spoken_to(stage: Stage, who: str, place: str, n: int, names: list[str], refused: Refused) -> None:
    """Whom the server says that a message speaks to; `all` and `nobody` are what they say."""
    del refused
    conversation = stage.conversation(who, place)
    answer = await stage.http(who, "GET", f"/v1/conversations/{conversation}/messages?limit=1&after={n - 1}")
    event = answer.json()["events"][0]
    wanted = ["*" if name == "all" else stage.accounts[name] for name in names if name != "nobody"]
    assert (event["number"], event.get("mentioned", [])) == (n, wanted), event


@says("{who} finds {place} {n} {what:code}")
async def finds_without(stage: Stage, who: str, place: str, n: int, what: str, refused: Refused) -> None:
    """`deleted`, or `changed`: to something that is not to be read."""
    del refused
    await _finds(stage, who, place, n, {"type": what})


async def _finds(stage: Stage, who: str, place: str, n: int, body: dict[str, str]) -> None:
    conversation, device = stage.conversation(who, place), stage.devices[who]
    path = f"/v1/conversations/{conversation}"
    answer = await stage.http(who, "GET", f"{path}/messages?limit=1&after={n - 1}")
    event = answer.json()["events"][0]
    assert event["number"] == n, event
    assert event["body"] == body, event
    assert ("deleted" in event) == (body["type"] == "deleted"), event
    last = (await stage.http(who, "GET", path)).json()["last"]
    assert last["number"] != n or last["body"] == body, last
    await device.reach_head()
    held = device.held.mirror.conversations[conversation]
    kept = held.messages.get(n)
    # What was changed while one was no member, or not told for another's sake, one does not know without asking.
    if kept is not None and held.role is not None and n not in held.stale:
        assert isinstance(kept, Message)
        assert msgspec.to_builtins(kept.body) == body, kept


@says("{who} never sees {text}")
async def never_sees(stage: Stage, who: str, text: str, refused: Refused) -> None:
    """Not up to the inbox's head now, nor at the end of the script."""
    del refused
    await stage.devices[who].reach_head()
    stage.forbidden.append((who, text))


async def _notice(stage: Stage, who: str, place: str, n: int | None, what: str, change: object) -> None:
    def matches(event: Event | object) -> bool:
        return isinstance(event, Notice) and event.conversation == stage.groups[place] and event.change == change

    event = await stage.sees(who, what, matches)
    assert n is None or (isinstance(event, Notice) and event.number == n), event


@says("{who} sees {other:name} join {place}[ number {n}]")
async def sees_join(stage: Stage, who: str, other: str, place: str, n: int | None, refused: Refused) -> None:
    """By itself, or added."""
    del refused
    await _notice(stage, who, place, n, f"{other} join", Joined(AccountId(stage.accounts[other])))


@says("{who} sees {other:name} leave {place}[ number {n}][ to {heir:name}]")
async def sees_leave(
    stage: Stage, who: str, other: str, place: str, n: int | None, heir: str | None, refused: Refused
) -> None:
    """By itself; an owner leaves the group to somebody."""
    del refused
    owner = AccountId(stage.accounts[heir]) if heir else None
    await _notice(stage, who, place, n, f"{other} leave", Left(AccountId(stage.accounts[other]), owner))


@says("{who} sees {other:name} removed from {place}[ number {n}]")
async def sees_removed(stage: Stage, who: str, other: str, place: str, n: int | None, refused: Refused) -> None:
    """By somebody else."""
    del refused
    await _notice(stage, who, place, n, f"{other} removed", Removed(AccountId(stage.accounts[other])))


@says("{who} sees {other:name} become {role:name} in {place}")
async def sees_role(stage: Stage, who: str, other: str, role: str, place: str, refused: Refused) -> None:
    """A role is given."""
    del refused
    await _notice(
        stage, who, place, None, f"{other} become {role}", RoleChanged(AccountId(stage.accounts[other]), Role(role))
    )


@says("{who} sees {place} renamed {text}")
async def sees_renamed(stage: Stage, who: str, place: str, text: str, refused: Refused) -> None:
    """A new title."""
    del refused
    await _notice(stage, who, place, None, f"the title {text}", Retitled(text))


@says("{who} sees {place} set {options}")
async def sees_set(stage: Stage, who: str, place: str, options: dict[str, str], refused: Refused) -> None:
    """New settings."""
    del refused
    await _notice(stage, who, place, None, f"settings {options}", GroupSettingsChanged(_settings(options)))


# Groups


def _options(options: dict[str, str] | None) -> dict[str, object]:
    """As JSON has them; what is no setting stays as it is written."""
    return {name: {"true": True, "false": False}.get(value, value) for name, value in (options or {}).items()}


def _settings(options: dict[str, str]) -> GroupSettings:
    return msgspec.convert(options, GroupSettings, strict=False)


@says("{who} makes group {place}[ called {text}] with {names}[ set {options}]")
async def makes_group(
    stage: Stage,
    who: str,
    place: str,
    text: str | None,
    names: list[str],
    options: dict[str, str] | None,
    refused: Refused,
) -> None:
    """Over HTTP, as clients do."""
    members = [stage.accounts[name] for name in names]
    body = {"title": text if text is not None else place, "members": members, "settings": _options(options)}
    conversation = await stage.create(who, body, refused)
    if conversation is not None:
        stage.groups[place] = conversation


@says("{who} adds {other:name} to {place}")
async def adds(stage: Stage, who: str, other: str, place: str, refused: Refused) -> None:
    """To the members."""
    await stage.change(who, place, Add(AccountId(stage.accounts[other])), refused)


@says("{who} removes {other:name} from {place}")
async def removes(stage: Stage, who: str, other: str, place: str, refused: Refused) -> None:
    """From the members."""
    await stage.change(who, place, Remove(AccountId(stage.accounts[other])), refused)


@says("{who} leaves {place}")
async def leaves(stage: Stage, who: str, place: str, refused: Refused) -> None:
    """Go."""
    await stage.change(who, place, Leave(), refused)


@says("{who} joins {place}")
async def joins(stage: Stage, who: str, place: str, refused: Refused) -> None:
    """Come into an open group."""
    await stage.change(who, place, Join(), refused)


@says("{who} makes {other:name} {role:name} in {place}")
async def gives_role(stage: Stage, who: str, other: str, role: str, place: str, refused: Refused) -> None:
    """Give a role."""
    await stage.change(who, place, SetRole(AccountId(stage.accounts[other]), Role(role)), refused)


@says("{who} pins {place} {n}")
async def pins(stage: Stage, who: str, place: str, n: int, refused: Refused) -> None:
    """Pin a message for all."""
    await stage.change(who, place, Pin(n), refused)


@says("{who} unpins {place} {n}")
async def unpins(stage: Stage, who: str, place: str, n: int, refused: Refused) -> None:
    """Take it from the pins."""
    await stage.change(who, place, Pin(n, on=False), refused)


@says("{who} renames {place} {text}")
async def renames(stage: Stage, who: str, place: str, text: str, refused: Refused) -> None:
    """Give the group a title."""
    await stage.change(who, place, SetTitle(text), refused)


@says("{who} sets {place} {options}")
async def sets(stage: Stage, who: str, place: str, options: dict[str, str], refused: Refused) -> None:
    """Change the group's settings."""
    await stage.change(who, place, SetSettings(_settings(options)), refused)


# Reading


@says("{who} reads {place} up to {n}")
async def reads(stage: Stage, who: str, place: str, n: int, refused: Refused) -> None:
    """Move the mark, and wait for it to come back."""
    del refused
    conversation = stage.conversation(who, place)
    stage.devices[who].send(Read(conversation, n))
    account = stage.devices[who].account

    def matches(event: object) -> bool:
        return (
            isinstance(event, ReadEvent)
            and (event.account, event.conversation) == (account, conversation)
            and event.number >= n
        )

    await stage.hears(who, f"its own mark {n}", matches)


@says("{who} reads {place} up to {n} without effect")
async def reads_in_vain(stage: Stage, who: str, place: str, n: int, refused: Refused) -> None:
    """Move the mark back, or where one may not read. That nothing comes of it shows in what follows."""
    del refused
    stage.devices[who].send(Read(stage.conversation(who, place), n))


@says("{who} has received everything")
async def has_received(stage: Stage, who: str, refused: Refused) -> None:
    """Say so."""
    del refused
    device = stage.devices[who]
    await device.reach_head()
    device.send(Received(device.position))


@says("{who} sees {other:name} read {place} up to {n}")
async def sees_read(stage: Stage, who: str, other: str, place: str, n: int, refused: Refused) -> None:
    """A read mark at or past the number."""
    del refused
    await _mark(stage, who, other, place, n, ReadEvent)


@says("{who} sees {other:name} got {place} up to {n}")
async def sees_got(stage: Stage, who: str, other: str, place: str, n: int, refused: Refused) -> None:
    """A delivered mark at or past the number; reading implies it."""
    del refused
    await _mark(stage, who, other, place, n, (ReadEvent, Delivered))


async def _mark(stage: Stage, who: str, other: str, place: str, n: int, kind: type | tuple[type, ...]) -> None:
    wanted = (stage.accounts[other], stage.conversation(who, place))

    def matches(event: object) -> bool:
        if not isinstance(event, ReadEvent | Delivered) or not isinstance(event, kind):
            return False
        return (event.account, event.conversation) == wanted and event.number >= n

    await stage.hears(who, f"{other}'s mark {n}", matches)


@says("{who} never saw {other:name} read {place}")
async def never_saw_read(stage: Stage, who: str, other: str, place: str, refused: Refused) -> None:
    """No read mark of another's so far: say it once the mark has come back to its owner."""
    del refused
    device, wanted = stage.devices[who], (stage.accounts[other], stage.conversation(who, place))
    await device.reach_head()
    marks = [one.event for one in device.seen if isinstance(one.event, ReadEvent)]
    assert all((mark.account, mark.conversation) != wanted for mark in marks), device.transcript()


@says("{who} finds {other:name} in {place} at {n}[ and had {got:n}]")
async def finds_marks(
    stage: Stage, who: str, other: str, place: str, n: int, got: int | None, refused: Refused
) -> None:
    """The marks of a member, as the server says, in the list of all conversations as for the one."""
    conversation = stage.conversation(who, place)
    one = (await stage.http(who, "GET", f"/v1/conversations/{conversation}", refused=refused)).json()
    listed = (await stage.http(who, "GET", "/v1/conversations?limit=50", refused=refused)).json()["conversations"]
    for view in (one, next(each for each in listed if each["id"] == conversation)):
        [member] = [each for each in view["members"] if each["account"] == stage.accounts[other]]
        assert member["read"] == n, member
        assert got is None or member["delivered"] == got, member


@says("{who} shares no read marks")
async def shares_no_read_marks(stage: Stage, who: str, refused: Refused) -> None:
    """Nobody is told from now on, nor is it told of anybody. Its devices have heard, and have loaded afresh."""
    await _share_read(stage, who, refused, on=False)


@says("{who} shares read marks")
async def shares_read_marks(stage: Stage, who: str, refused: Refused) -> None:
    """Again. Its devices have heard, and have loaded afresh."""
    await _share_read(stage, who, refused, on=True)


async def _share_read(stage: Stage, who: str, refused: Refused, *, on: bool) -> None:
    await stage.http(who, "PATCH", "/v1/me/settings", {"share_read": on}, refused=refused)
    device = stage.devices[who]
    await device.until(lambda: device.held.own.share_read is on, "the change of its settings")
    await device.reach_head()


@says("{who} has {n} unread in {place}")
async def has_unread(stage: Stage, who: str, n: int, place: str, refused: Refused) -> None:
    """By what it keeps, and by what the server says."""
    del refused
    conversation, device = stage.conversation(who, place), stage.devices[who]
    await device.reach_head()
    kept = device.held.mirror.conversations[conversation].unread
    said = (await stage.http(who, "GET", f"/v1/conversations/{conversation}")).json()["unread"]
    assert (kept, said) == (n, n), f"kept {kept}, the server says {said}"


@says("{who} is spoken to in {place} by {numbers:numbers}")
async def is_spoken_to(stage: Stage, who: str, place: str, numbers: list[int], refused: Refused) -> None:
    """By unread messages of these numbers, or `nothing`: by what it keeps, and by what the server says."""
    del refused
    conversation, device = stage.conversation(who, place), stage.devices[who]
    await device.reach_head()
    kept = sorted(device.held.mirror.conversations[conversation].mentions)
    said = (await stage.http(who, "GET", f"/v1/conversations/{conversation}")).json()["mentions"]
    assert (kept, said) == (numbers, numbers), f"kept {kept}, the server says {said}"


@says("{who} finds with {place} {n} quoted {numbers:numbers}")
async def finds_quoted(stage: Stage, who: str, place: str, n: int, numbers: list[int], refused: Refused) -> None:
    """A page of that one message brings with it messages of these numbers, or `nothing`, as each is by itself."""
    del refused
    path = f"/v1/conversations/{stage.conversation(who, place)}/messages"
    page = (await stage.http(who, "GET", f"{path}?limit=1&before={n + 1}")).json()
    assert [event["number"] for event in page["events"]] == [n], page
    assert page["quoted"] == [(await stage.http(who, "GET", f"{path}/{number}")).json()["event"] for number in numbers]


@says("{who} can read {place} {first:n} to {last:n}")
async def can_read(stage: Stage, who: str, place: str, first: int, last: int, refused: Refused) -> None:
    """These numbers, and no others."""
    path = f"/v1/conversations/{stage.conversation(who, place)}/messages?limit=200&after=0"
    answer = await stage.http(who, "GET", path, refused=refused)
    if refused is None:
        numbers = [event["number"] for event in answer.json()["events"]]
        assert numbers == list(range(first, last + 1)), numbers


@says("{who} reads {text} nowhere in {place}")
async def reads_nowhere(stage: Stage, who: str, text: str, place: str, refused: Refused) -> None:
    """Neither in messages as they are now nor in any event that changed one."""
    del refused
    path = f"/v1/conversations/{stage.conversation(who, place)}"
    for page in ("messages", "changes"):
        answer = await stage.http(who, "GET", f"{path}/{page}?limit=200&after=0")
        events = answer.json()["events"]
        assert len(events) in range(1, 200), f"a page of {len(events)} does not say it all"
        assert text not in answer.text, [event for event in events if text in str(event)]


@says("{who} misses {first:n} to {last:n} of {place}")
async def misses(stage: Stage, who: str, place: str, first: int, last: int, refused: Refused) -> None:
    """Each page says so that holds an event next to the gap, and no other does."""
    del refused
    path = f"/v1/conversations/{stage.conversation(who, place)}/messages"
    for query in ("?after=0&limit=200", "", f"?after={first - 1}&limit=1", f"?before={last + 1}&limit=1"):
        page = (await stage.http(who, "GET", path + query)).json()
        assert page["gaps"] == [{"first": first, "last": last}], (query, page["gaps"])
    far = (await stage.http(who, "GET", f"{path}?before={first - 1}&limit=1")).json()
    assert far["gaps"] == [], far


@says("{who} can read {place}")
async def can_read_any(stage: Stage, who: str, place: str, refused: Refused) -> None:
    """At all."""
    path = f"/v1/conversations/{stage.conversation(who, place)}/messages"
    await stage.http(who, "GET", path, refused=refused)


@says("{who} finds {n} readers of {place} {number:n}")
async def finds_readers(stage: Stage, who: str, n: int, place: str, number: int, refused: Refused) -> None:
    """Receipts of a message: who has read it, with the time."""
    path = f"/v1/conversations/{stage.conversation(who, place)}/messages/{number}/receipts"
    answer = await stage.http(who, "GET", path, refused=refused)
    if refused is None:
        readers = [one for one in answer.json()["receipts"] if one["read_at"] is not None]
        assert len(readers) == n, answer.text


# What is only true now


@says("{who} types in {place}")
async def types_in(stage: Stage, who: str, place: str, refused: Refused) -> None:
    """Say that one is writing."""
    del refused
    stage.devices[who].send(Typing(stage.conversation(who, place)))


@says("{who} sees {other:name} typing in {place}")
async def sees_typing(stage: Stage, who: str, other: str, place: str, refused: Refused) -> None:
    """A signal."""
    del refused
    signal = TypingSignal(stage.conversation(who, place), AccountId(stage.accounts[other]))
    await stage.hears(who, f"{other} typing", lambda heard: heard == signal)


@says("{who} never saw {other:name} typing")
async def never_saw_typing(stage: Stage, who: str, other: str, refused: Refused) -> None:
    """Not so far: put a message that it sees before this."""
    del refused
    seen = [one for one in stage.devices[who].signals if isinstance(one, TypingSignal)]
    assert all(one.account != stage.accounts[other] for one in seen), seen


def _presence(stage: Stage, who: str, other: str) -> list[bool]:
    signals = stage.devices[who].signals
    return [one.online for one in signals if isinstance(one, Presence) and one.account == stage.accounts[other]]


@says("{who} sees {other:name} {state:code}")
async def sees_presence(stage: Stage, who: str, other: str, state: str, refused: Refused) -> None:
    """`online` or `offline`, by the newest signal. A device that polls gets none, and asks from time to time."""
    wanted = {"online": True, "offline": False}[state]
    if not stage.place.signals:
        async with asyncio.timeout(PATIENCE):
            while await _found(stage, who, other, refused) != state:  # noqa: ASYNC110 - as a client asks
                await asyncio.sleep(PAUSE)
        return
    await stage.devices[who].until(lambda: _presence(stage, who, other)[-1:] == [wanted], f"{other} {state}")


@says("{who} never saw {other:name} {state:code}")
async def never_saw_presence(stage: Stage, who: str, other: str, state: str, refused: Refused) -> None:
    """Not so far: put a message that it sees before this. A device that polls asks how it is now."""
    wanted = {"online": True, "offline": False}[state]
    if not stage.place.signals:
        assert await _found(stage, who, other, refused) != state
    assert wanted not in _presence(stage, who, other)


@says("{who} finds {other:name} {state:code}")
async def finds_presence(stage: Stage, who: str, other: str, state: str, refused: Refused) -> None:
    """Asked over HTTP: `online`, `offline`, or `unknown` to who may not know."""
    found = await _found(stage, who, other, refused)
    assert found == state, found


async def _found(stage: Stage, who: str, other: str, refused: Refused) -> str:
    answer = await stage.http(who, "GET", f"/v1/presence?account={stage.accounts[other]}", refused=refused)
    items = answer.json()["items"]
    return "unknown" if not items else "online" if items[0]["online"] else "offline"


# Friends and accounts


@says("{who} befriends {other:name}")
async def befriends(stage: Stage, who: str, other: str, refused: Refused) -> None:
    """Ask, or accept."""
    await stage.http(who, "PUT", f"/v1/friends/{stage.accounts[other]}", refused=refused)


@says("{who} unfriends {other:name}")
async def unfriends(stage: Stage, who: str, other: str, refused: Refused) -> None:
    """End, decline, or take back."""
    await stage.http(who, "DELETE", f"/v1/friends/{stage.accounts[other]}", refused=refused)


@says("{who} knows {other:name} as {state:name}")
async def knows(stage: Stage, who: str, other: str, state: str, refused: Refused) -> None:
    """`friends`, `requested`, or `nobody`, by the events that came."""
    del refused
    device, account = stage.devices[who], stage.accounts[other]

    def found() -> str:
        return device.held.own.friends.get(account, ("nobody", ""))[0]

    await device.until(lambda: found() == state, f"{other} as {state}")


@says("{who} calls itself {text}")
async def calls_itself(stage: Stage, who: str, text: str, refused: Refused) -> None:
    """Change the display name."""
    await stage.http(who, "PATCH", "/v1/me", {"display_name": text}, refused=refused)


@says("{who} takes direct messages from {whom:name}")
async def takes_from(stage: Stage, who: str, whom: str, refused: Refused) -> None:
    """`everyone` or `friends`."""
    await stage.http(who, "PATCH", "/v1/me/settings", {"direct_from": whom}, refused=refused)
